// Decides, key by key, what becomes of the device's document. It changes no text: see edit-document.
import { meaningOf, meaningOfMap, type Entry, type Mapping } from './config-document.js';

/** What happens to one entry of the device's mapping. */
export type Change =
  | { readonly kind: 'keep' }
  | { readonly kind: 'replace'; readonly by: Entry; readonly base: Entry | undefined }
  | { readonly kind: 'delete'; readonly base: Entry }
  | { readonly kind: 'inside'; readonly map: MapChange; readonly base: Entry | undefined };

export interface Addition {
  readonly entry: Entry;
  /** The key it follows; null where nothing the release puts before it is there. */
  readonly after: string | null;
}

export interface MapChange {
  readonly ours: Mapping;
  readonly theirs: Mapping;
  readonly changes: ReadonlyMap<string, Change>;
  readonly additions: readonly Addition[];
  /** What the merged mapping must mean: the edited text is held against it. */
  readonly meaning: string;
  readonly size: number;
}

export interface MergedDocuments {
  readonly root: MapChange;
  /** Key paths where both sides changed; the device's value stays. */
  readonly conflicts: readonly string[];
}

export function mergeDocuments(base: Mapping | null, ours: Mapping, theirs: Mapping): MergedDocuments {
  const conflicts: string[] = [];
  return { root: mergeMaps(base, ours, theirs, '', conflicts), conflicts };
}

function mergeMaps(base: Mapping | null, ours: Mapping, theirs: Mapping, path: string, conflicts: string[]): MapChange {
  const changes = new Map<string, Change>();
  const meanings: [string, string][] = [];
  for (const [key, our] of ours.entries) {
    const change = decide(base?.entries.get(key), our, theirs.entries.get(key), joinPath(path, key), conflicts);
    changes.set(key, change);
    if (change.kind !== 'delete') meanings.push([key, meaningAfter(change, our)]);
  }
  const additions: Addition[] = [];
  let after: string | null = null;
  for (const [key, their] of theirs.entries) {
    const was = base?.entries.get(key);
    if (!ours.entries.has(key)) {
      // Deleted here: it stays deleted, and is a conflict when the release has changed it since.
      if (was !== undefined) {
        if (meaningOf(was.value) !== meaningOf(their.value)) conflicts.push(joinPath(path, key));
        continue;
      }
      additions.push({ entry: their, after });
      meanings.push([key, meaningOf(their.value)]);
    }
    after = key;
  }
  return { ours, theirs, changes, additions, meaning: meaningOfMap(meanings), size: meanings.length };
}

function decide(base: Entry | undefined, our: Entry, their: Entry | undefined, path: string, conflicts: string[]): Change {
  if (their === undefined) {
    if (base === undefined) return { kind: 'keep' };
    if (base.value.spelling === our.value.spelling) return { kind: 'delete', base };
    conflicts.push(path);
    return { kind: 'keep' };
  }
  if (our.value.kind === 'map' && their.value.kind === 'map') {
    const map = mergeMaps(base?.value.kind === 'map' ? base.value : null, our.value, their.value, path, conflicts);
    // An empty mapping has no style of its own: filled by the release alone, it is written as the release writes it.
    const isFilled = our.value.entries.size === 0 && map.additions.length > 0 && map.additions.length === their.value.entries.size;
    return isFilled ? { kind: 'replace', by: their, base } : { kind: 'inside', map, base };
  }
  const same = meaningOf(their.value);
  if (meaningOf(our.value) === same) return { kind: 'keep' };
  if (base !== undefined && base.value.spelling === our.value.spelling) return { kind: 'replace', by: their, base };
  if (base === undefined || meaningOf(base.value) !== same) conflicts.push(path);
  return { kind: 'keep' };
}

function meaningAfter(change: Change, our: Entry): string {
  if (change.kind === 'replace') return meaningOf(change.by.value);
  return change.kind === 'inside' ? change.map.meaning : meaningOf(our.value);
}

/** `server.port`; a key that is not a plain word is quoted. */
function joinPath(path: string, key: string): string {
  const word = /^[\p{L}\p{N}_-]+$/u.test(key) ? key : JSON.stringify(key);
  return path === '' ? word : `${path}.${word}`;
}
