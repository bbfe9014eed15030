// Writes the entries of a tree into a fresh directory: plain synchronous calls, which on thousands of small files are several times
// faster than streams. A file equal to the current tree's is hard-linked instead of written.
// Must never open a path that exists, and never follow a link: links are made when everything else is there.
import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import type { Filesystem, WritableFile } from '../domain/ports.js';
import type { TreeEntry } from '../domain/tree.js';
import { parentOf } from './archive-names.js';
import { ContentComparison } from './compare-content.js';
import { linkEntry } from './tree-links.js';

export interface Reuse {
  /** Root of the current tree. */
  readonly directory: string;
  /** Only for these paths may a file be shared with the current tree: code, never config or preserved paths. */
  isReusable(path: string): boolean;
}

export interface TreeWriterOptions {
  readonly into: string;
  readonly reuse: Reuse | null;
  /** Files for which it is true are created without write bits. */
  readonly isCode: (path: string) => boolean;
}

interface OpenEntry {
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
  readonly hash: Hash;
  comparison: ContentComparison | undefined;
  file: WritableFile | undefined;
}

const PROBE = '.holdline-mode-probe';
const DIRECTORY_MODE = 0o755;

/** What a payload's entries are handed to; paths are checked and in no other order than the archive's. */
export interface EntryWriter {
  makeDirectory(path: string): void;
  beginFile(path: string, executable: boolean, size: number): void;
  write(bytes: Uint8Array): void;
  endFile(): TreeEntry;
  /** A second name for a file of this tree becomes a file of its own. */
  copyFile(path: string, of: TreeEntry): TreeEntry;
  makeLink(path: string, target: string): TreeEntry;
}

export class TreeWriter implements EntryWriter {
  readonly #made = new Set<string>(['']);
  readonly #reusableFolders = new Map<string, boolean>();
  readonly #umask: number;
  #open: OpenEntry | undefined;
  bytesWritten = 0;
  filesLinked = 0;

  /** `into` must not exist or be empty. */
  constructor(private readonly fs: Filesystem, private readonly options: TreeWriterOptions) {
    fs.makeDirectory(options.into, DIRECTORY_MODE);
    this.#umask = this.#probeUmask();
    this.#restoreMode(options.into, DIRECTORY_MODE);
  }

  makeDirectory(path: string): void {
    if (this.#made.has(path)) return;
    this.makeDirectory(parentOf(path));
    this.fs.createDirectory(this.#onDisk(path), DIRECTORY_MODE);
    this.#restoreMode(this.#onDisk(path), DIRECTORY_MODE);
    this.#made.add(path);
  }

  beginFile(path: string, executable: boolean, size: number): void {
    this.makeDirectory(parentOf(path));
    this.#open = { path, executable, size, hash: createHash('sha256'), comparison: this.#candidate(path, executable, size), file: undefined };
    if (this.#open.comparison === undefined) this.#create(this.#open);
  }

  write(bytes: Uint8Array): void {
    const open = this.#current();
    open.hash.update(bytes);
    if (open.comparison !== undefined) {
      if (open.comparison.matches(bytes)) return;
      this.#diverge(open, open.comparison);
    }
    this.#put(open, bytes);
  }

  endFile(): TreeEntry {
    const open = this.#current();
    if (open.comparison !== undefined) this.#link(open, open.comparison);
    if (open.file !== undefined) this.#finish(open, open.file);
    this.#open = undefined;
    return { path: open.path, mode: open.executable ? '0755' : '0644', size: open.size, sha256: open.hash.digest('hex') };
  }

  copyFile(path: string, of: TreeEntry): TreeEntry {
    const executable = of.mode === '0755';
    this.beginFile(path, executable, of.size);
    for (const bytes of this.fs.readChunks(this.#onDisk(of.path))) this.write(bytes);
    return this.endFile();
  }

  makeLink(path: string, target: string): TreeEntry {
    this.makeDirectory(parentOf(path));
    this.fs.symlink(target, this.#onDisk(path));
    return linkEntry(path, target);
  }

  /** Closes what is open after an error. */
  abandon(): void {
    this.#open?.comparison?.close();
    this.#open?.file?.close();
    this.#open = undefined;
  }

  #onDisk(path: string): string { return join(this.options.into, path); }

  #current(): OpenEntry {
    if (this.#open === undefined) throw new Error('no file is being written');
    return this.#open;
  }

  #create(open: OpenEntry): void {
    open.file = this.fs.open(this.#onDisk(open.path), 'exclusive', this.#modeOf(open));
  }

  #put(open: OpenEntry, bytes: Uint8Array): void {
    open.file?.write(bytes);
    this.bytesWritten += bytes.length;
  }

  #finish(open: OpenEntry, file: WritableFile): void {
    file.close();
    this.#restoreMode(this.#onDisk(open.path), this.#modeOf(open));
  }

  #modeOf(open: OpenEntry): number {
    const mode = open.executable ? 0o755 : 0o644;
    return this.options.isCode(open.path) ? mode & ~0o222 : mode;
  }

  /** From here on the file differs from the current one: write what was equal so far, then go on writing. */
  #diverge(open: OpenEntry, comparison: ContentComparison): void {
    comparison.close();
    open.comparison = undefined;
    this.#create(open);
    for (const bytes of comparison.matchedBytes()) this.#put(open, bytes);
  }

  #link(open: OpenEntry, comparison: ContentComparison): void {
    comparison.close();
    if (!comparison.isComplete()) return this.#diverge(open, comparison);
    this.fs.hardLink(comparison.path, this.#onDisk(open.path));
    this.filesLinked += 1;
  }

  /** The current tree's file at the same path, when it may be shared: a regular file of the same size and executable bit. */
  #candidate(path: string, executable: boolean, size: number): ContentComparison | undefined {
    const { reuse } = this.options;
    if (reuse === null || !reuse.isReusable(path) || !this.#isReusableFolder(reuse.directory, parentOf(path))) return undefined;
    const candidate = join(reuse.directory, path);
    const stat = this.fs.stat(candidate);
    if (stat?.kind !== 'file' || stat.size !== size || ((stat.mode & 0o100) !== 0) !== executable) return undefined;
    return new ContentComparison(this.fs, candidate, size);
  }

  /** Every folder above is a real one: nothing reached through a link is ever shared. */
  #isReusableFolder(root: string, folder: string): boolean {
    if (folder === '') return true;
    const known = this.#reusableFolders.get(folder);
    if (known !== undefined) return known;
    const answer = this.#isReusableFolder(root, parentOf(folder)) && this.fs.stat(join(root, folder))?.kind === 'directory';
    this.#reusableFolders.set(folder, answer);
    return answer;
  }

  /** Modes do not depend on the umask; where it takes nothing away, no chmod is spent on it. */
  #restoreMode(path: string, mode: number): void {
    if ((mode & this.#umask) !== 0) this.fs.chmod(path, mode);
  }

  #probeUmask(): number {
    const probe = join(this.options.into, PROBE);
    this.fs.open(probe, 'exclusive', 0o777).close();
    const mode = this.fs.stat(probe)?.mode ?? 0;
    this.fs.unlink(probe);
    return 0o777 & ~mode;
  }
}
