// Stands where the writer stands when a payload is only looked at: hashes, writes nothing.
import { createHash, type Hash } from 'node:crypto';
import type { TreeEntry } from '../domain/tree.js';
import { linkEntry } from './tree-links.js';
import type { EntryWriter } from './tree-writer.js';

const VERSION_PATH = 'VERSION';
const MAX_VERSION_BYTES = 1024;

export class ListWriter implements EntryWriter {
  #version: Buffer = Buffer.alloc(0);
  #open: { readonly path: string; readonly executable: boolean; readonly size: number; readonly hash: Hash } | undefined;

  makeDirectory(): void { /* directories are no entries of a tree */ }

  beginFile(path: string, executable: boolean, size: number): void {
    this.#open = { path, executable, size, hash: createHash('sha256') };
  }

  write(bytes: Uint8Array): void {
    this.#open?.hash.update(bytes);
    if (this.#open?.path === VERSION_PATH && this.#version.length < MAX_VERSION_BYTES) this.#version = Buffer.concat([this.#version, bytes]);
  }

  /** What VERSION holds, trimmed; null without one or with more than a version. */
  get versionText(): string | null {
    const text = this.#version.toString('utf8').trim();
    return text === '' || this.#version.length >= MAX_VERSION_BYTES ? null : text;
  }

  endFile(): TreeEntry {
    if (this.#open === undefined) throw new Error('no file is being listed');
    const { path, executable, size, hash } = this.#open;
    this.#open = undefined;
    return { path, mode: executable ? '0755' : '0644', size, sha256: hash.digest('hex') };
  }

  copyFile(path: string, of: TreeEntry): TreeEntry { return { ...of, path }; }

  makeLink(path: string, target: string): TreeEntry { return linkEntry(path, target); }
}
