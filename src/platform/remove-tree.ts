// Removes a file or a whole tree: links are unlinked and never followed, read-only folders are made writable first,
// names that are not UTF-8 are removed like any other.
import { constants } from 'node:fs';
import { errnoOf } from '../domain/errors.js';
import type { CallPath, SystemCalls } from './system-calls.js';

type RemovalCalls = Pick<SystemCalls, 'lstat' | 'readdir' | 'unlink' | 'rmdir' | 'chmod'>;

const OWNER_ALL = 0o700;
const SLASH = Buffer.from('/');

export function removeTree(calls: RemovalCalls, path: CallPath): void {
  try {
    const { mode } = calls.lstat(path);
    if ((mode & constants.S_IFMT) !== constants.S_IFDIR) {
      calls.unlink(path);
      return;
    }
    if ((mode & OWNER_ALL) !== OWNER_ALL) calls.chmod(path, (mode & 0o7777) | OWNER_ALL);
    for (const name of calls.readdir(path)) removeTree(calls, Buffer.concat([Buffer.from(path), SLASH, name]));
    calls.rmdir(path);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw thrown; // already gone is what was asked for
  }
}
