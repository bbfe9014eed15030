// Takes tar entries, applies every rule of what may stand in a tree, and hands what passes to the writer.
import type { ArchiveLimits } from '../domain/settings.js';
import { HOUSE } from '../domain/layout.js';
import type { TreeEntry } from '../domain/tree.js';
import { forbiddenEntry, invalidArchive, overLimit } from './archive-errors.js';
import { checkArchivePath, foldName, NameRegistry } from './archive-names.js';
import { decideStrip, WrongGuess, type StripRule } from './strip-top.js';
import type { TarEntry, TarSink } from './tar-reader.js';
import { checkLinks, checkLinkTarget } from './tree-links.js';
import type { EntryWriter } from './tree-writer.js';

export interface TreeSinkOptions {
  readonly strip: StripRule;
  readonly managedPaths: readonly string[];
  readonly limits: ArchiveLimits;
  readonly links: 'inside' | 'none';
}

export interface SinkResult { readonly entries: readonly TreeEntry[]; readonly stripped: string | null; readonly count: number }

/** setuid, setgid, sticky. */
const SPECIAL_BITS = 0o7000;
const OWNER_EXECUTES = 0o100;
const UNSUPPORTED: Readonly<Record<string, string>> = { 3: 'a character device', 4: 'a block device', 6: 'a FIFO', S: 'a sparse file', D: 'a GNU directory dump', M: 'a part of a multi-volume archive' };

export class TreeSink implements TarSink {
  readonly #names = new NameRegistry();
  readonly #tops = new Set<string>();
  readonly #files = new Map<string, TreeEntry>();
  readonly #links = new Map<string, string>();
  #strip: boolean | undefined;
  #declaredBytes = 0;
  #writing = false;

  constructor(private readonly writer: EntryWriter, private readonly options: TreeSinkOptions) {}

  entry(entry: TarEntry): void {
    const { limits } = this.options;
    if (entry.type === 'unsupported') throw forbiddenEntry(entry.path, `is ${UNSUPPORTED[entry.typeflag] ?? `of the unknown type ${JSON.stringify(entry.typeflag)}`}`);
    if ((entry.mode & SPECIAL_BITS) !== 0) throw forbiddenEntry(entry.path, 'has a setuid, setgid or sticky bit');
    const raw = checkArchivePath(entry.path, limits.depth);
    if (raw === '') return this.#root(entry);
    this.#names.add(raw, entry.type === 'hardlink' ? 'file' : entry.type);
    if (this.#names.count > limits.entries) throw overLimit(`it has more than ${limits.entries} entries`);
    const path = this.#placed(raw, entry.type);
    if (path === '') return undefined;
    switch (entry.type) {
      case 'directory': return this.writer.makeDirectory(path);
      case 'link': return this.#link(path, entry.linkpath);
      case 'hardlink': return this.#hardLink(path, entry);
      case 'file': {
        this.#declare(entry.size);
        this.writer.beginFile(path, (entry.mode & OWNER_EXECUTES) !== 0, entry.size);
        this.#writing = true;
      }
    }
  }

  body(bytes: Buffer): void { this.writer.write(bytes); }

  entryEnd(): void {
    if (!this.#writing) return;
    this.#writing = false;
    const file = this.writer.endFile();
    this.#files.set(file.path, file);
  }

  /** Everything was seen: the rules over the whole tree, then its links. */
  finish(): SinkResult {
    const { strip, managedPaths } = this.options;
    const [top] = this.#tops;
    if (top === undefined) throw invalidArchive('it is empty');
    const prefix = this.#strip === true ? `${top}/` : '';
    const stands = (path: string): boolean => this.#names.kindOf(path) !== undefined;
    if (strip.isGuess) {
      const decision = decideStrip(this.#tops, this.#names.kindOf(top) === 'directory', managedPaths.some(stands));
      if (decision !== this.#strip) throw new WrongGuess(decision);
    }
    if (!managedPaths.some((path) => stands(prefix + path))) {
      throw invalidArchive(`it holds none of the managed paths (${managedPaths.join(', ')})`);
    }
    this.#checkTops(prefix);
    checkLinks(this.#links);
    const links = [...this.#links].map(([path, target]) => this.writer.makeLink(path, target));
    return { entries: [...this.#files.values(), ...links], stripped: this.#strip === true ? top : null, count: this.#names.count };
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory') throw forbiddenEntry(entry.path, `takes the place of the tree itself`);
  }

  /** The path in the tree; '' for the stripped folder itself. */
  #placed(raw: string, type: TarEntry['type']): string {
    const slash = raw.indexOf('/');
    const top = slash === -1 ? raw : raw.slice(0, slash);
    const isFile = slash === -1 && type !== 'directory';
    this.#tops.add(top);
    this.#strip ??= this.options.strip.guess(top, isFile);
    if (!this.#strip) return raw;
    if (this.#tops.size > 1 || isFile) {
      if (this.options.strip.isGuess) throw new WrongGuess(false);
      throw invalidArchive('not everything lies in its one top folder');
    }
    return slash === -1 ? '' : raw.slice(slash + 1);
  }

  #declare(size: number): void {
    this.#declaredBytes += size;
    if (this.#declaredBytes > this.options.limits.unpackedBytes) throw overLimit(`it unpacks to more than ${this.options.limits.unpackedBytes} bytes`);
  }

  #link(path: string, target: string): void {
    if (this.options.links === 'none') throw forbiddenEntry(path, 'is a link, and archive.links is none');
    checkLinkTarget(path, target);
    this.#links.set(path, target);
  }

  #hardLink(path: string, entry: TarEntry): void {
    if (this.options.links === 'none') throw forbiddenEntry(path, 'is a hard link, and archive.links is none');
    const raw = checkArchivePath(entry.linkpath, this.options.limits.depth);
    const target = this.#strip === true ? raw.slice(raw.indexOf('/') + 1) : raw;
    const file = this.#names.kindOf(raw) === 'file' ? this.#files.get(target) : undefined;
    if (file === undefined) throw forbiddenEntry(path, `is a hard link to ${JSON.stringify(entry.linkpath)}, which is no earlier file of the archive`);
    this.#declare(file.size);
    this.#files.set(path, this.writer.copyFile(path, file));
  }

  /** Names with a meaning on the device must be what they mean there. */
  #checkTops(prefix: string): void {
    for (const folded of this.#names.foldedChildren(prefix)) {
      if (folded === foldName(HOUSE)) throw forbiddenEntry(prefix + HOUSE, 'would take the place of holdline\'s own folder');
    }
    for (const path of this.options.managedPaths) {
      if (this.#links.has(path)) throw forbiddenEntry(path, 'is a managed path, but a link in the archive');
    }
  }
}
