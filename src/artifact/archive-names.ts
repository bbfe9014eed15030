// Which names may stand in a tree, and that no two of them can mean the same file anywhere. Pure.
// The publisher's side applies the same rules, so that nothing unpublishable is published.
import { forbiddenEntry, overLimit } from './archive-errors.js';

export type NameKind = 'file' | 'directory' | 'link';

const MAX_PART_BYTES = 255;
const MAX_PATH_BYTES = 4096;

/** The path without leading `./` and trailing `/`; '' for the root itself. Throws for every name that could leave the tree or mislead. */
export function checkArchivePath(raw: string, maxDepth: number): string {
  if (/\p{Cc}/u.test(raw)) throw forbiddenEntry(raw, 'has a control character in its name');
  if (raw.includes('\uFFFD')) throw forbiddenEntry(raw, 'has a name that is not valid UTF-8');
  if (raw.includes('\\')) throw forbiddenEntry(raw, 'has a backslash in its name');
  if (raw.startsWith('/')) throw forbiddenEntry(raw, 'is an absolute path');
  if (/^[A-Za-z]:/.test(raw)) throw forbiddenEntry(raw, 'begins with a drive letter');
  if (raw === '') throw forbiddenEntry(raw, 'is an empty name');
  const path = raw.replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
  if (path === '' || path === '.') return '';
  const parts = path.split('/');
  for (const part of parts) {
    if (part === '..') throw forbiddenEntry(raw, 'leads out of the tree');
    if (part === '' || part === '.') throw forbiddenEntry(raw, 'has an empty part in its name');
    if (Buffer.byteLength(part) > MAX_PART_BYTES) throw overLimit(`a name is longer than ${MAX_PART_BYTES} bytes`);
  }
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw overLimit(`a path is longer than ${MAX_PATH_BYTES} bytes`);
  if (parts.length > maxDepth) throw overLimit(`a path has ${parts.length} levels, more than ${maxDepth}`);
  return path;
}

/** Equal for names that some filesystem takes for one: other case, other unicode composition. */
export function foldName(path: string): string {
  if (/^[\x20-\x7e]*$/.test(path)) return path.toLowerCase();
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

export const parentOf = (path: string): string => {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
};

/** Every name of one tree. Refuses duplicates, twins, and anything placed below a file or a link. */
export class NameRegistry {
  readonly #kinds = new Map<string, NameKind | 'implied'>();
  readonly #folded = new Map<string, string>();

  /** Entries and the directories they imply. */
  get count(): number { return this.#kinds.size; }

  kindOf(path: string): NameKind | undefined {
    const kind = this.#kinds.get(path);
    return kind === 'implied' ? 'directory' : kind;
  }

  add(path: string, kind: NameKind): void {
    this.#addParents(path, parentOf(path));
    const before = this.#kinds.get(path);
    if (before !== undefined && !(before === 'implied' && kind === 'directory')) throw forbiddenEntry(path, 'is in the archive twice');
    this.#put(path, kind);
  }

  /** The folded names right below `prefix` ('' or `folder/`). */
  * foldedChildren(prefix: string): Generator<string> {
    const folded = foldName(prefix);
    for (const key of this.#folded.keys()) {
      if (key.startsWith(folded) && !key.includes('/', folded.length)) yield key.slice(folded.length);
    }
  }

  #addParents(path: string, parent: string): void {
    if (parent === '') return;
    const kind = this.kindOf(parent);
    if (kind === 'directory') return;
    if (kind !== undefined) throw forbiddenEntry(path, `lies below a ${kind}`);
    this.#addParents(path, parentOf(parent));
    this.#put(parent, 'implied');
  }

  #put(path: string, kind: NameKind | 'implied'): void {
    const key = foldName(path);
    const twin = this.#folded.get(key);
    if (twin !== undefined && twin !== path) throw forbiddenEntry(path, `differs from ${JSON.stringify(twin)} only in case or unicode form`);
    this.#folded.set(key, path);
    this.#kinds.set(path, kind);
  }
}
