import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffTrees, isSameTree } from '../../src/decide/diff-trees.js';
import { sortTree, type TreeEntry, type TreeMode } from '../../src/domain/tree.js';

const entry = (path: string, sha256 = 'a', size = 1, mode: TreeMode = '0644'): TreeEntry => ({ path, mode, size, sha256 });

describe('diffTrees', () => {
  it('tells added, removed, changed and same apart', () => {
    const diff = diffTrees([entry('a'), entry('b'), entry('c'), entry('d')], [entry('a'), entry('c', 'z', 7), entry('d', 'a', 1, '0755'), entry('e', 'e', 5)]);
    expect(diff.same.map(({ path }) => path)).toEqual(['a']);
    expect(diff.removed.map(({ path }) => path)).toEqual(['b']);
    expect(diff.changed.map(({ from, to }) => [from.path, from.sha256, to.sha256, to.mode])).toEqual([['c', 'a', 'z', '0644'], ['d', 'a', 'a', '0755']]);
    expect(diff.added.map(({ path }) => path)).toEqual(['e']);
    expect(diff.bytesChanged).toBe(13);
    expect(isSameTree(diff)).toBe(false);
  });
  it('rebuilds the one tree from the other', () => {
    const tree = fc.uniqueArray(fc.record({ path: fc.string({ minLength: 1, maxLength: 3 }), mode: fc.constantFrom<TreeMode>('0644', '0755', 'link'), size: fc.nat(9), sha256: fc.constantFrom('a', 'b') }), { selector: ({ path }) => path }).map(sortTree);
    fc.assert(fc.property(tree, tree, (from, to) => {
      const diff = diffTrees(from, to);
      expect(sortTree([...diff.same, ...diff.added, ...diff.changed.map((change) => change.to)])).toEqual(to);
      expect(sortTree([...diff.same, ...diff.removed, ...diff.changed.map((change) => change.from)])).toEqual(from);
      expect(isSameTree(diffTrees(from, from))).toBe(true);
    }));
  });
});
