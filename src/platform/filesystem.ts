// The Filesystem port over SystemCalls: every effect goes through `calls`, so that a test may end the process at any of them.
// Never follows a link when it removes, never writes through an existing file when it copies.
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../domain/errors.js';
import { temporaryName } from '../domain/temporary-names.js';
import type { Filesystem, WritableFile } from '../domain/ports.js';
import { nodeSystemCalls } from './node-system-calls.js';
import { callError, createReader, isMissing } from './file-reader.js';
import { removeTree } from './remove-tree.js';
import type { CallStat, SystemCalls } from './system-calls.js';

const MAX_TEMPORARY_TRIES = 10_000;
const DEFAULT_FILE_MODE = 0o644;
const DEFAULT_DIRECTORY_MODE = 0o755;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NONBLOCK, S_IFMT, S_IFDIR, S_IFLNK } = constants;
const OPEN_FLAGS = {
  exclusive: O_WRONLY | O_CREAT | O_EXCL,
  truncate: O_WRONLY | O_CREAT | O_TRUNC,
  append: O_WRONLY | O_CREAT | O_APPEND,
} as const;

export function createFilesystem(calls: SystemCalls = nodeSystemCalls()): Filesystem {
  const looking = createReader(calls);
  const nextTemporary = temporaryNames(calls);

  const sync = (path: string): void => {
    const fd = calls.open(path, O_RDONLY | O_NONBLOCK);
    try { calls.fsync(fd); } finally { calls.close(fd); }
  };
  const copyOwner = (from: string, to: string): void => giveOwner(calls, to, calls.lstat(from));
  const remove = (path: string): void => removeTree(calls, withoutTrailingSlash(path));
  /** A temp beside `path`, filled and renamed over it; gone again when anything fails. */
  const replace = (path: string, fill: (temporary: string) => void): void => {
    const temporary = nextTemporary(path);
    try {
      fill(temporary);
      calls.rename(temporary, path);
    } catch (thrown) {
      try { remove(temporary); } catch { /* the first error is the one that counts; the name says it is rubbish */ }
      throw thrown;
    }
    sync(dirname(path));
  };

  return {
    ...looking,
    makeDirectory: (path, mode = DEFAULT_DIRECTORY_MODE) => makeDirectories(calls, looking.stat, path, mode),
    createDirectory: (path, mode) => calls.mkdir(path, mode),
    open: (path, how, mode = DEFAULT_FILE_MODE) => writableFile(calls, calls.openWrite(path, OPEN_FLAGS[how], mode)),
    symlink: (target, path) => calls.symlink(target, path),
    hardLink: (from, to) => calls.link(from, to),
    rename: (from, to) => calls.rename(from, to),
    exchange: (a, b) => calls.exchange(a, b),
    unlink: (path) => calls.unlink(path),
    removeEmptyDirectory: (path) => calls.rmdir(path),
    chmod: (path, mode) => calls.chmod(path, mode),
    truncate: (path, length) => calls.truncate(path, length),
    copyOwner,
    sync,
    syncFilesystem: (path) => calls.syncFilesystem(path),
    copyFile: (from, to, mode) => {
      // Unlinked first: writing into an existing file would write into every hard link of it.
      if (looking.stat(to) !== undefined) calls.unlink(to);
      calls.copyFile(from, to);
      copyOwner(from, to);
      if ((calls.lstat(to).mode & 0o7777) !== mode) calls.chmod(to, mode);
    },
    writeDurably: (path, content, mode) => {
      const before = looking.stat(path)?.kind === 'file' ? calls.lstat(path) : undefined;
      const wanted = mode ?? (before === undefined ? DEFAULT_FILE_MODE : before.mode & 0o7777);
      replace(path, (temporary) => writeFile(calls, temporary, content, wanted, before));
    },
    linkDurably: (target, path) => replace(path, (temporary) => calls.symlink(target, temporary)),
    remove,
  };
}

function writeFile(calls: SystemCalls, path: string, content: string | Uint8Array, mode: number, owner: CallStat | undefined): void {
  // Opened with the final mode at once: a secret is never readable by others, not even for a moment.
  const file = writableFile(calls, calls.openWrite(path, OPEN_FLAGS.exclusive, mode & 0o777));
  try {
    file.write(typeof content === 'string' ? Buffer.from(content) : content);
    if (owner !== undefined) giveOwner(calls, path, owner);
    if ((calls.lstat(path).mode & 0o7777) !== mode) calls.chmod(path, mode); // the umask took bits away
    file.sync();
  } finally {
    file.close();
  }
}

function writableFile(calls: SystemCalls, fd: number): WritableFile {
  let open = true;
  return {
    write: (bytes) => {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(calls.write(fd, rest));
    },
    sync: () => calls.fsync(fd),
    close: () => {
      if (!open) return;
      open = false; // a second close could hit somebody else's descriptor
      calls.close(fd);
    },
  };
}

function giveOwner(calls: SystemCalls, path: string, owner: CallStat): void {
  const now = calls.lstat(path);
  if (now.uid === owner.uid && now.gid === owner.gid) return;
  try {
    calls.lchown(path, owner.uid, owner.gid);
  } catch (thrown) {
    // Not root: the app and holdline run as the same user or share a group, as the install notes say.
    if (errnoOf(thrown) !== 'EPERM') throw thrown;
  }
}

function makeDirectories(calls: SystemCalls, stat: Filesystem['stat'], path: string, mode: number): void {
  if (isDirectory(calls, path)) return;
  const parent = dirname(path);
  if (parent !== path && stat(parent) === undefined) makeDirectories(calls, stat, parent, mode);
  try {
    calls.mkdir(path, mode);
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST' && isDirectory(calls, path)) return; // somebody was faster
    throw thrown;
  }
}

/** A link to a directory counts. */
function isDirectory(calls: SystemCalls, path: string): boolean {
  try {
    const type = calls.lstat(path).mode & S_IFMT;
    return type === S_IFDIR || (type === S_IFLNK && (calls.lstat(calls.realpath(path)).mode & S_IFMT) === S_IFDIR);
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}

/** Names beside `path` that nothing has yet; a leftover of an earlier process with our pid is stepped over. */
function temporaryNames(calls: SystemCalls): (path: string) => string {
  let count = 0;
  return (path) => {
    for (let tries = 0; tries < MAX_TEMPORARY_TRIES; tries += 1) {
      count += 1;
      const candidate = join(dirname(path), temporaryName(basename(path), process.pid, count));
      try {
        calls.lstat(candidate);
      } catch (thrown) {
        if (isMissing(thrown)) return candidate;
        throw thrown;
      }
    }
    throw callError('EEXIST', 'too many leftover temporary files', path);
  };
}

/** `link/` would name what the link points to. */
function withoutTrailingSlash(path: string): string {
  const bare = path.replace(/\/+$/, '');
  if (bare === '') throw callError('EINVAL', 'refusing to remove this', path);
  return bare;
}
