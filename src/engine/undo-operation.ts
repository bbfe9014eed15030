// Carries out one plain undo operation through the Filesystem port. Each looks before it acts, so that a second run, also
// on a disk that takes no more writes, changes nothing; the folders concerned are on disk before it returns.
import { dirname } from 'node:path';
import { errnoOf, HoldlineError } from '../domain/errors.js';
import type { RescueOperation } from '../domain/plan.js';
import type { Filesystem } from '../domain/ports.js';
import { removeTemporaries } from '../steps/remove-temporaries.js';

export function undoOperation(fs: Filesystem, operation: RescueOperation): void {
  switch (operation.op) {
    case 'link': return link(fs, operation.path, operation.target);
    case 'rename': return rename(fs, operation.from, operation.to);
    case 'remove':
      if (fs.stat(operation.path) !== undefined) fs.remove(operation.path);
      removeTemporaries(fs, operation.path);
      return syncFolders(fs, operation.path);
    case 'unlink':
      if (fs.stat(operation.path)?.kind === 'link' && fs.readLink(operation.path) === operation.target) fs.unlink(operation.path);
      return syncFolders(fs, operation.path);
    case 'restore': return restore(fs, operation.path, operation.from);
    case 'restore-adopted': {
      const kind = fs.stat(operation.path)?.kind;
      // Something other than a link is the user's own folder: the exchange has not happened, or is undone already.
      if (kind === 'link' || kind === undefined) return restore(fs, operation.path, operation.from);
      return syncFolders(fs, operation.path, operation.from);
    }
  }
}

function link(fs: Filesystem, path: string, target: string): void {
  const now = fs.stat(path);
  if (now !== undefined && now.kind !== 'link') throw inTheWay(path, `a ${now.kind}`, 'a link');
  removeTemporaries(fs, path);
  if (now === undefined || fs.readLink(path) !== target) return fs.linkDurably(target, path);
  syncFolders(fs, path);
}

function rename(fs: Filesystem, from: string, to: string): void {
  const moved = fs.stat(from);
  if (moved !== undefined) {
    const there = fs.stat(to);
    if (there?.kind === 'directory') throw inTheWay(to, 'a directory', 'free');
    fs.rename(from, to);
    // Two names of one file: rename(2) then does nothing at all.
    if (there !== undefined && there.inode === moved.inode && there.device === moved.device) fs.remove(from);
  }
  syncFolders(fs, from, to);
}

function restore(fs: Filesystem, path: string, from: string): void {
  if (fs.stat(from) !== undefined) {
    if (fs.stat(path) !== undefined) fs.remove(path);
    fs.rename(from, path);
  }
  syncFolders(fs, path, from);
}

/** The folders that hold these names, where they still exist. */
function syncFolders(fs: Filesystem, ...paths: readonly string[]): void {
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    try {
      fs.sync(folder);
    } catch (thrown) {
      if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')) throw thrown;
    }
  }
}

function inTheWay(path: string, found: string, expected: string): HoldlineError {
  return new HoldlineError('recovery-failed', `cannot undo: ${path} is ${found}, not ${expected}`, {
    hint: 'Something else changed this path during the update. Move it away, then run `holdline recover --again`.', context: { path },
  });
}
