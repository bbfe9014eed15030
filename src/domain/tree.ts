// A tree as data: its files and its digest. Directories are implied by paths; owners and times do not count.
import { createHash } from 'node:crypto';

/** `0644` or `0755` for files (only the executable bit is kept), `link` for a relative symbolic link. */
export type TreeMode = '0644' | '0755' | 'link';

export interface TreeEntry {
  /** Relative, `/` between parts, no `.` or `..`, unicode as in the archive. */
  readonly path: string;
  readonly mode: TreeMode;
  /** Bytes; of a link, of its target text. */
  readonly size: number;
  /** Lower-case hex sha256 of the content; of a link, of its target text. */
  readonly sha256: string;
}

/** Sorted by path in byte order, as the digest and the files asset need it. */
export type Tree = readonly TreeEntry[];

/** Byte order of UTF-8, the same on every machine and locale. */
export function comparePaths(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function sortTree(entries: Iterable<TreeEntry>): Tree {
  return [...entries].sort((a, b) => comparePaths(a.path, b.path));
}

/** The line the digest covers. A newline in a path is refused at extraction, so a line is one entry. */
export function treeLine(entry: TreeEntry): string {
  return `${entry.mode} ${entry.size} ${entry.sha256} ${entry.path}\n`;
}

/** Lower-case hex sha256 over the sorted lines. */
export function treeDigest(tree: Tree): string {
  const hash = createHash('sha256');
  for (const entry of tree) hash.update(treeLine(entry));
  return hash.digest('hex');
}

/** `1.2.0-3f2a9c1b77de`: the name of a version directory. */
export function versionDirectoryName(version: string, digest: string): string {
  return `${version}-${digest.slice(0, 12)}`;
}
