// Puts one file, link or folder of a tree somewhere else. Never writes through what stands there.
import { dirname } from 'node:path';
import { errnoOf } from '../domain/errors.js';
import { CANNOT_LINK } from '../domain/fs-errors.js';
import type { Filesystem, FileStat } from '../domain/ports.js';

export const WRITE_BITS = 0o222;

export interface Entry { readonly full: string; readonly stat: FileStat }

/** A hard link where it can be made, else a copy. Returns the bytes written. */
export function linkOrCopy(fs: Filesystem, entry: Entry, to: string, mode = entry.stat.mode): number {
  clear(fs, to);
  try {
    fs.hardLink(entry.full, to);
    return 0;
  } catch (thrown) {
    if (!CANNOT_LINK.has(errnoOf(thrown) ?? '') || entry.stat.kind !== 'file') throw thrown;
  }
  fs.copyFile(entry.full, to, mode);
  return entry.stat.size;
}

/** A copy of its own: content, mode and owner; links keep their text. Returns the bytes written; other kinds are left out. */
export function copyEntry(fs: Filesystem, entry: Entry, to: string): number {
  const { kind } = entry.stat;
  if (kind === 'directory') {
    makeDirectoryLike(fs, entry, to);
    return 0;
  }
  if (kind === 'other') return 0;
  clear(fs, to);
  if (kind === 'link') {
    fs.symlink(fs.readLink(entry.full), to);
    fs.copyOwner(entry.full, to);
    return 0;
  }
  fs.copyFile(entry.full, to, entry.stat.mode);
  return entry.stat.size;
}

/** A folder with the mode and owner of the one it comes from. */
export function makeDirectoryLike(fs: Filesystem, entry: Entry, to: string): void {
  const there = fs.stat(to);
  if (there !== undefined && there.kind !== 'directory') fs.unlink(to);
  if (there?.kind !== 'directory') fs.makeDirectory(to, entry.stat.mode);
  if (fs.stat(to)?.mode !== entry.stat.mode) fs.chmod(to, entry.stat.mode);
  fs.copyOwner(entry.full, to);
}

/** Room for a file or link at `to`, with the folders above it. */
export function clear(fs: Filesystem, to: string): void {
  if (fs.stat(to) !== undefined) fs.remove(to);
  else fs.makeDirectory(dirname(to));
}
