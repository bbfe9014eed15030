// The undo operations of domain/plan, on plain system calls. Each looks first and changes only what is not yet as it
// should be; the folders concerned are on disk before it returns. Links are never followed.
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { RescueOperation } from '../domain/plan.js';
import { errnoOf, isMissing, type CallPath, type CallStat, type RescueCalls } from './rescue-calls.js';

const { O_RDONLY, O_NONBLOCK, S_IFMT, S_IFDIR, S_IFLNK } = constants;

export function applyOperation(calls: RescueCalls, operation: RescueOperation): void {
  switch (operation.op) {
    case 'link': return makeLink(calls, operation.path, operation.target);
    case 'rename': return move(calls, operation.from, operation.to);
    case 'remove':
      removeAll(calls, operation.path);
      removeTemporaries(calls, operation.path);
      return syncFolders(calls, [operation.path]);
    case 'unlink': {
      const there = look(calls, operation.path);
      if (there !== undefined && isLink(there) && calls.readlink(operation.path) === operation.target) calls.unlink(operation.path);
      return syncFolders(calls, [operation.path]);
    }
    case 'restore': return putBack(calls, operation.path, operation.from);
    case 'restore-adopted': {
      const there = look(calls, operation.path);
      if (there === undefined || isLink(there)) return putBack(calls, operation.path, operation.from);
      return syncFolders(calls, [operation.path, operation.from]);
    }
  }
}

export function look(calls: RescueCalls, path: CallPath): CallStat | undefined {
  try {
    return calls.lstat(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

export const isDirectory = (stat: CallStat): boolean => (stat.mode & S_IFMT) === S_IFDIR;
const isLink = (stat: CallStat): boolean => (stat.mode & S_IFMT) === S_IFLNK;

export function syncPath(calls: RescueCalls, path: string): void {
  const fd = calls.open(path, O_RDONLY | O_NONBLOCK);
  try { calls.fsync(fd); } finally { calls.close(fd); }
}

export function removeAll(calls: RescueCalls, path: CallPath): void {
  const stat = look(calls, path);
  if (stat === undefined) return;
  if (!isDirectory(stat)) return ignoreMissing(() => calls.unlink(path));
  if ((stat.mode & 0o700) !== 0o700) calls.chmod(path, (stat.mode & 0o7777) | 0o700);
  ignoreMissing(() => {
    for (const name of calls.readdir(path)) removeAll(calls, Buffer.concat([Buffer.from(path), Buffer.from('/'), name]));
    calls.rmdir(path);
  });
}

function makeLink(calls: RescueCalls, path: string, target: string): void {
  const there = look(calls, path);
  if (there !== undefined && !isLink(there)) throw new Error(`${path} is not a link any more`);
  removeTemporaries(calls, path);
  if (there === undefined || calls.readlink(path) !== target) {
    const temporary = join(dirname(path), `.${stemOf(path)}.tmp-${process.pid}-0`);
    calls.symlink(target, temporary);
    calls.rename(temporary, path);
  }
  syncFolders(calls, [path]);
}

function move(calls: RescueCalls, from: string, to: string): void {
  const moved = look(calls, from);
  if (moved !== undefined) {
    const there = look(calls, to);
    if (there !== undefined && isDirectory(there)) throw new Error(`${to} is in the way`);
    calls.rename(from, to);
    // Two names of one file: rename(2) leaves both.
    if (there !== undefined && there.ino === moved.ino && there.dev === moved.dev) removeAll(calls, from);
  }
  syncFolders(calls, [from, to]);
}

function putBack(calls: RescueCalls, path: string, from: string): void {
  if (look(calls, from) !== undefined) {
    removeAll(calls, path);
    calls.rename(from, path);
  }
  syncFolders(calls, [path, from]);
}

/** What a durable write or link of this path (platform/filesystem) left when it was killed before its rename. */
function removeTemporaries(calls: RescueCalls, path: string): void {
  const start = `.${stemOf(path)}.tmp-`;
  ignoreMissing(() => {
    for (const name of calls.readdir(dirname(path)).map((bytes) => bytes.toString('utf8'))) {
      if (name.startsWith(start) && /^\d+-\d+$/.test(name.slice(start.length))) removeAll(calls, join(dirname(path), name));
    }
  });
}

/** As domain/temporary-names shortens it. */
function stemOf(path: string): string {
  const characters = [...basename(path)];
  while (Buffer.byteLength(characters.join('')) > 200) characters.pop();
  return characters.join('');
}

function syncFolders(calls: RescueCalls, paths: readonly string[]): void {
  for (const folder of new Set(paths.map((path) => dirname(path)))) ignoreMissing(() => syncPath(calls, folder));
}

function ignoreMissing(action: () => void): void {
  try {
    action();
  } catch (thrown) {
    if (!isMissing(thrown) || errnoOf(thrown) === undefined) throw thrown;
  }
}
