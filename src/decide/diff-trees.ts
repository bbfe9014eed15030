// What differs between two trees, by path, content and mode. Pure; it reads no file.
import { comparePaths, type Tree, type TreeEntry } from '../domain/tree.js';

export interface ChangedEntry { readonly from: TreeEntry; readonly to: TreeEntry }

export interface TreeDiff {
  /** All sorted by path, as trees are. */
  readonly added: readonly TreeEntry[];
  readonly removed: readonly TreeEntry[];
  /** Content, kind or mode differs: either way the file must be written anew, because a link would share the mode. */
  readonly changed: readonly ChangedEntry[];
  readonly same: readonly TreeEntry[];
  /** Bytes of added and changed files: what staging has to write. */
  readonly bytesChanged: number;
}

export function diffTrees(from: Tree, to: Tree): TreeDiff {
  const before = new Map(from.map((entry) => [entry.path, entry]));
  const after = new Set(to.map((entry) => entry.path));
  const added: TreeEntry[] = [];
  const changed: ChangedEntry[] = [];
  const same: TreeEntry[] = [];
  let bytesChanged = 0;
  for (const entry of to) {
    const old = before.get(entry.path);
    if (old !== undefined && sameEntry(old, entry)) {
      same.push(entry);
      continue;
    }
    if (old === undefined) added.push(entry);
    else changed.push({ from: old, to: entry });
    bytesChanged += entry.size;
  }
  const removed = from.filter((entry) => !after.has(entry.path));
  const byPath = (a: TreeEntry, b: TreeEntry): number => comparePaths(a.path, b.path);
  return {
    added: added.sort(byPath), removed: removed.sort(byPath), same: same.sort(byPath),
    changed: changed.sort((a, b) => byPath(a.to, b.to)), bytesChanged,
  };
}

/** True when no file, link or mode differs. */
export function isSameTree(diff: TreeDiff): boolean {
  return diff.added.length + diff.removed.length + diff.changed.length === 0;
}

function sameEntry(a: TreeEntry, b: TreeEntry): boolean {
  return a.sha256 === b.sha256 && a.mode === b.mode && a.size === b.size;
}
