// Lists a folder depth first, each folder before its content, in byte order. Follows no link.
import { join } from 'node:path';
import type { FileStat, Filesystem } from '../domain/ports.js';

export interface Walked {
  /** Relative to the root, `/` between parts. */
  readonly path: string;
  readonly full: string;
  readonly stat: FileStat;
}

/** Nothing when the root is missing; the root itself is not listed. `enter` may refuse a folder's content. */
export function* walkTree(fs: Filesystem, root: string, enter: (path: string) => boolean = () => true): Generator<Walked> {
  if (fs.stat(root)?.kind !== 'directory') return;
  const waiting: string[] = fs.list(root).reverse();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const full = join(root, path);
    const stat = fs.stat(full);
    if (stat === undefined) continue; // gone since it was listed: the app is running
    yield { path, full, stat };
    if (stat.kind !== 'directory' || !enter(path)) continue;
    const parent = path;
    waiting.push(...fs.list(full).reverse().map((name) => `${parent}/${name}`));
  }
}

/** The same below one path of the root, that path included: a file, a link or a folder. */
export function* walkPath(fs: Filesystem, root: string, path: string): Generator<Walked> {
  const full = join(root, path);
  const stat = fs.stat(full);
  if (stat === undefined) return;
  yield { path, full, stat };
  for (const below of walkTree(fs, full)) yield { ...below, path: `${path}/${below.path}` };
}
