// A symbolic link as an entry of a tree: its text is its content.
import { createHash } from 'node:crypto';
import type { TreeEntry } from '../domain/tree.js';

export function linkEntryOf(path: string, target: string): TreeEntry {
  return { path, mode: 'link', size: Buffer.byteLength(target), sha256: createHash('sha256').update(target).digest('hex') };
}
