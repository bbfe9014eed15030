// A second tree that shares the files of a first: for adopting a plain folder and for rolling back. Code is hard-linked; what the device
// writes to is copied, so that the two trees never change together. Links and empty folders are kept; nothing of `from` is changed.
import { join } from 'node:path';
import { errnoOf } from '../domain/errors.js';
import { HOUSE } from '../domain/layout.js';
import type { FileStat, Filesystem } from '../domain/ports.js';
import { checkArchivePath } from './archive-names.js';
import { followLink } from './tree-links.js';

export interface LinkTreeRequest {
  readonly from: string;
  /** Fresh: missing or empty. */
  readonly into: string;
  /** Only these paths below `from` (missing ones are left out); without it everything but `.holdline`. */
  readonly paths?: readonly string[] | undefined;
  /** Paths the device writes to: copied, never shared. */
  isWritable(path: string): boolean;
  /** Leaves out a file, or a directory with all below it. */
  readonly skip?: ((path: string) => boolean) | undefined;
  /** Also copies files that have another name elsewhere already (an adopted folder may be linked to a store or a backup). */
  readonly copyShared?: boolean | undefined;
}

export interface LinkTreeResult {
  readonly bytesWritten: number;
  readonly filesLinked: number;
  /** Sockets, FIFOs and devices: not taken along. */
  readonly others: readonly string[];
  /** Links that lead out of the tree, taken as they are: they may mean something else from their new place. */
  readonly outside: readonly string[];
}

const DIRECTORY_MODE = 0o755;
const LINK_REFUSALS = new Set(['EMLINK', 'EXDEV', 'EPERM', 'EOPNOTSUPP', 'ENOSYS']);
const MAX_DEPTH = 256;

export function linkTree(fs: Filesystem, request: LinkTreeRequest): LinkTreeResult {
  const walk = new LinkWalk(fs, request);
  fs.makeDirectory(request.into, DIRECTORY_MODE);
  for (const path of request.paths ?? fs.list(request.from).filter((name) => name !== HOUSE)) walk.take(path);
  return walk.result();
}

class LinkWalk {
  #bytesWritten = 0;
  #filesLinked = 0;
  readonly #others: string[] = [];
  readonly #links = new Map<string, string>();

  constructor(private readonly fs: Filesystem, private readonly request: LinkTreeRequest) {}

  result(): LinkTreeResult {
    const outside = [...this.#links].filter(([path, target]) => target.startsWith('/') || followLink(path, target, this.#links) !== 'inside').map(([path]) => path);
    return { bytesWritten: this.#bytesWritten, filesLinked: this.#filesLinked, others: this.#others, outside };
  }

  take(path: string): void {
    if (this.request.skip?.(path) === true) return;
    const from = join(this.request.from, path);
    const to = join(this.request.into, path);
    const stat = this.fs.stat(from);
    switch (stat?.kind) {
      case undefined: return;
      case 'directory': return this.#directory(path, from, to);
      case 'file': return this.#file(path, stat, from, to);
      case 'link': {
        const target = this.fs.readLink(from);
        this.#makeParent(path);
        this.fs.symlink(target, to);
        this.#links.set(path, target);
        return;
      }
      case 'other': this.#others.push(path);
    }
  }

  #directory(path: string, from: string, to: string): void {
    checkArchivePath(path, MAX_DEPTH);
    this.fs.makeDirectory(to, DIRECTORY_MODE);
    if (this.fs.stat(to)?.mode !== DIRECTORY_MODE) this.fs.chmod(to, DIRECTORY_MODE);
    for (const name of this.fs.list(from)) this.take(`${path}/${name}`);
  }

  #file(path: string, stat: FileStat, from: string, to: string): void {
    this.#makeParent(path);
    const share = !this.request.isWritable(path) && !(this.request.copyShared === true && stat.links > 1);
    if (share && this.#tryLink(from, to)) return;
    this.fs.copyFile(from, to, stat.mode & 0o777);
    this.#bytesWritten += stat.size;
  }

  #tryLink(from: string, to: string): boolean {
    try {
      this.fs.hardLink(from, to);
      this.#filesLinked += 1;
      return true;
    } catch (thrown) {
      if (!LINK_REFUSALS.has(errnoOf(thrown) ?? '')) throw thrown;
      return false;
    }
  }

  /** For a nested managed path (`app/src`), whose parent is not walked. */
  #makeParent(path: string): void {
    const slash = path.lastIndexOf('/');
    if (slash > 0) this.fs.makeDirectory(join(this.request.into, path.slice(0, slash)), DIRECTORY_MODE);
  }
}
