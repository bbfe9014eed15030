// Copies onto filesystems that know neither modes nor links (a USB stick): what they refuse is kept in the backup's list instead.
import { errnoOf } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import { clear, makeDirectoryLike, type Entry } from './copy-entry.js';

const NOT_KNOWN_HERE: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);
const isNotKnownHere = (thrown: unknown): boolean => NOT_KNOWN_HERE.has(errnoOf(thrown) ?? '');

/** The content and, where the filesystem has such a thing, mode and owner. */
export function copyContent(fs: Filesystem, entry: Entry, to: string): void {
  clear(fs, to);
  try {
    fs.copyFile(entry.full, to, entry.stat.mode);
    return;
  } catch (thrown) {
    if (!isNotKnownHere(thrown)) throw thrown;
  }
  fs.remove(to);
  const file = fs.open(to, 'exclusive');
  try {
    for (const bytes of fs.readChunks(entry.full)) file.write(bytes);
  } finally {
    file.close();
  }
}

export function copyFolder(fs: Filesystem, entry: Entry, to: string): void {
  try {
    makeDirectoryLike(fs, entry, to);
  } catch (thrown) {
    if (!isNotKnownHere(thrown) || fs.stat(to)?.kind !== 'directory') throw thrown;
  }
}

export function copyLink(fs: Filesystem, target: string, to: string): void {
  clear(fs, to);
  try {
    fs.symlink(target, to);
  } catch (thrown) {
    if (!isNotKnownHere(thrown)) throw thrown;
  }
}
