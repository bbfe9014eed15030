// Reads a tree back from disk: what really stands there, hashed file by file. Follows no link, changes nothing.
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import { sortTree, type Tree, type TreeEntry } from '../domain/tree.js';
import { linkEntry } from './tree-links.js';

export interface ReadTreeOptions {
  /** Leaves out a file, or a directory with all below it. */
  readonly skip?: ((path: string) => boolean) | undefined;
  /** Told of sockets, FIFOs and devices; without it they are an error, for no shipped tree has them. */
  readonly onOther?: ((path: string) => void) | undefined;
}

export function readTree(fs: Filesystem, directory: string, options: ReadTreeOptions = {}): Tree {
  const entries: TreeEntry[] = [];
  collect(fs, directory, '', options, entries);
  return sortTree(entries);
}

function collect(fs: Filesystem, directory: string, below: string, options: ReadTreeOptions, entries: TreeEntry[]): void {
  for (const name of fs.list(join(directory, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    if (options.skip?.(path) === true) continue;
    const onDisk = join(directory, path);
    const stat = fs.stat(onDisk);
    switch (stat?.kind) {
      case 'directory': collect(fs, directory, path, options, entries); break;
      case 'file': entries.push({ path, mode: (stat.mode & 0o100) === 0 ? '0644' : '0755', size: stat.size, sha256: fs.hash(onDisk) }); break;
      case 'link': entries.push(linkEntry(path, fs.readLink(onDisk))); break;
      case 'other': other(path, options); break;
      case undefined: break; // gone since it was listed: a live folder may change while it is read
    }
  }
}

function other(path: string, options: ReadTreeOptions): void {
  if (options.onOther === undefined) {
    throw new HoldlineError('tree-digest', `cannot read the tree: ${JSON.stringify(path)} is neither file, directory nor link`, {
      hint: 'No release contains sockets, FIFOs or devices: find out what put it there, then remove it.',
    });
  }
  options.onOther(path);
}
