// The promises of the merge, over generated trees of keys written in several styles.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify, parse } from 'yaml';
import { mergeConfig, type ConfigFiles, type MergedConfig } from '../../src/decide/merge-config.js';

type Tree = { [key: string]: unknown };
type Change = { readonly path: readonly string[]; readonly value: unknown };

const key = fc.constantFrom('a', 'b', 'c', 'port', 'host name', '1', 'ü', 'on', 'x.y', '#k');
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('', 'text', 'yes', '1.10', '# no comment', 'a: b', 'two\nlines\n', ' led', '${X}', '[', '- a', '~'), fc.double({ noNaN: true, noDefaultInfinity: true }));
const { tree } = fc.letrec<{ tree: Tree; value: unknown }>((tie) => ({
  tree: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small', maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 3 }), tie('tree')),
}));
const change: fc.Arbitrary<Change> = fc.record({ path: fc.array(key, { minLength: 1, maxLength: 3 }), value: fc.oneof(fc.constant(undefined), scalar, fc.array(scalar, { maxLength: 2 }), tree) });

/** A style of writing: the same in all properties, so that YAML and JSON keep the same promises. */
const styles: readonly (readonly [string, (value: Tree) => string])[] = [
  ['a.json', (value) => `${JSON.stringify(value, null, 2)}\n`], ['b.json', (value) => JSON.stringify(value, null, '\t')], ['c.json', (value) => JSON.stringify(value)],
  ['a.yaml', (value) => stringify(value)], ['b.yaml', (value) => stringify(value, { indent: 4, indentSeq: false, lineWidth: 0 })],
  ['c.yaml', (value) => stringify(value, { defaultStringType: 'QUOTE_SINGLE' }).replaceAll('\n', '\r\n')], ['d.yml', (value) => stringify(value, { collectionStyle: 'flow' })],
];
const style = fc.constantFrom(...styles);

function applyChanges(from: Tree, changes: readonly Change[]): Tree {
  const result = structuredClone(from);
  for (const { path, value } of changes) {
    let at: Tree = result;
    for (const part of path.slice(0, -1)) {
      if (typeof at[part] !== 'object' || at[part] === null || Array.isArray(at[part])) at[part] = {};
      at = at[part] as Tree;
    }
    const last = path.at(-1) ?? 'a';
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return result;
}

const side = (path: string, text: string): ConfigFiles => new Map([[path, { content: Buffer.from(text), mode: 0o644 }]]);
const textOf = (merged: MergedConfig, path: string): string => merged.files.get(path)?.content.toString() ?? '';
const read = (path: string, text: string): unknown => (path.endsWith('.json') ? JSON.parse(text) : parse(text));
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
const alike = (a: unknown, b: unknown): boolean => JSON.stringify(sortKeys(a)) === JSON.stringify(sortKeys(b));
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  return isTree(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sortKeys(inner)]) : value;
}

/** An independent statement of the rules: every value the device changed must be found in the result. */
function findLostEdits(base: unknown, ours: unknown, merged: unknown, path: readonly string[] = []): string[] {
  if (isTree(ours) && isTree(merged)) {
    const names = new Set([...Object.keys(ours), ...(isTree(base) ? Object.keys(base) : [])]);
    return [...names].flatMap((name) => {
      const was = isTree(base) ? base[name] : undefined;
      if (name in ours) return alike(was, ours[name]) && isTree(base) && name in base ? [] : name in merged ? findLostEdits(was, ours[name], merged[name], [...path, name]) : [[...path, name].join('/')];
      return name in merged ? [`${[...path, name].join('/')} came back`] : [];
    });
  }
  return alike(ours, merged) || alike(base, ours) ? [] : [path.join('/')];
}

const RUNS = { numRuns: 400 };

describe('the checker of lost edits', () => {
  it.each<[unknown, unknown, unknown, string[]]>([
    [{ a: 1 }, { a: 2 }, { a: 1 }, ['a']], [{ a: 1 }, { a: 1, b: 2 }, { a: 1 }, ['b']], [{ a: 1 }, {}, { a: 1 }, ['a came back']],
    [{ a: { b: [1] } }, { a: { b: [1, 2] } }, { a: { b: [1] } }, ['a/b']], [{ a: 1 }, { a: { b: 1 } }, { a: 1 }, ['a']], [{ a: 1 }, { a: 1 }, { a: 5 }, []],
  ])('%j edited to %j, merged to %j', (base, ours, merged, lost) => {
    expect(findLostEdits(base, ours, merged)).toEqual(lost);
  });
});

describe('mergeConfig', () => {
  it('loses no edit, needs no whole-file fallback, and is idempotent', () => {
    let asWhole = 0;
    let runs = 0;
    fc.assert(fc.property(tree, fc.array(change, { maxLength: 3 }), fc.array(change, { maxLength: 3 }), style, style, (base, mine, its, [path, write], [otherPath, writeOther]) => {
      const theirWrite = otherPath.endsWith('json') === path.endsWith('json') ? writeOther : write;
      const [ours, theirs] = [applyChanges(base, mine), applyChanges(base, its)];
      const sides = { base: side(path, theirWrite(base)), ours: side(path, write(ours)), theirs: side(path, theirWrite(theirs)) };
      const merged = mergeConfig(sides);
      const text = textOf(merged, path);
      expect(findLostEdits(base, ours, read(path, text))).toEqual([]);
      runs += 1;
      if (merged.conflicts.some((conflict) => conflict.key === null)) asWhole += 1;
      const again = mergeConfig({ ...sides, ours: merged.files });
      expect(textOf(again, path)).toBe(text);
      const settled = mergeConfig({ base: sides.theirs, ours: merged.files, theirs: sides.theirs });
      expect([textOf(settled, path), settled.conflicts]).toEqual([text, []]);
    }), RUNS);
    expect(asWhole / runs).toBeLessThan(0.15);
  });

  it('without an edit the result is the release, byte for byte', () => {
    fc.assert(fc.property(tree, tree, style, (base, theirs, [path, write]) => {
      const merged = mergeConfig({ base: side(path, write(base)), ours: side(path, write(base)), theirs: side(path, write(theirs)) });
      expect([textOf(merged, path), merged.conflicts, merged.newFiles.size]).toEqual([write(theirs), [], 0]);
    }), RUNS);
  });

  it('edits in other keys than the release\'s come without conflict, both there', () => {
    fc.assert(fc.property(tree, scalar, scalar, style, (base, mine, its, [path, write]) => {
      const clean = { keep: 1, ...base };
      const merged = mergeConfig({ base: side(path, write(clean)), ours: side(path, write({ ...clean, mine })), theirs: side(path, write({ ...clean, its })) });
      fc.pre(!merged.conflicts.some((conflict) => conflict.key === null));
      expect(merged.conflicts).toEqual([]);
      expect(alike(read(path, textOf(merged, path)), { ...read(path, write(clean)) as Tree, ...read(path, write({ mine })) as Tree, ...read(path, write({ its })) as Tree })).toBe(true);
    }), RUNS);
  });

  it('merging equal sides changes no byte, whatever they are', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.option(fc.uint8Array()), fc.constantFrom('a.yaml', 'a.json', 'a.txt'), (bytes, before, path) => {
      const same = new Map([[path, { content: Buffer.from(bytes), mode: 0o600 }]]);
      const base = before === null ? null : new Map([[path, { content: Buffer.from(before), mode: 0o600 }]]);
      expect(mergeConfig({ base, ours: same, theirs: same })).toEqual({ files: same, conflicts: [], newFiles: new Map() });
    }), RUNS);
  });

  it('never throws, and keeps the device\'s bytes or something it can explain', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom('a: 1\n', 'b:\n', '  c: 2\n', '  - x\n', '\t', '{', '}', '"', '# n\n', ': ', '&a ', '*a', '---\n', '|\n', '\r\n', '? ', '!t ', '<<: '), { maxLength: 12 }).map((parts) => parts.join('')));
    const path = fc.constantFrom('a.yaml', 'a.json');
    fc.assert(fc.property(text, text, text, path, (base, ours, theirs, name) => {
      const merged = mergeConfig({ base: side(name, base), ours: side(name, ours), theirs: side(name, theirs) });
      if (merged.conflicts.some((conflict) => conflict.key === null)) expect(textOf(merged, name)).toBe(ours);
    }), { numRuns: 3000 });
  });

  it('every comment of the device survives, in block style', () => {
    const line = fc.integer({ min: 0, max: 30 });
    fc.assert(fc.property(tree, fc.array(change, { maxLength: 2 }), fc.array(fc.tuple(line, fc.boolean()), { minLength: 1, maxLength: 4 }), (base, its, comments) => {
      const write = (value: Tree): string => stringify({ first: 1, ...value }, { lineWidth: 0, blockQuote: false });
      const lines = write(base).trimEnd().split('\n');
      comments.forEach(([at, above], index) => {
        const target = at % lines.length;
        const indent = /^ */u.exec(lines[target] ?? '')?.[0] ?? '';
        if (above) lines.splice(target, 0, `${indent}# mine ${index}`);
        else if (!lines[target]?.includes('#')) lines[target] = `${lines[target]}  # mine ${index}`;
      });
      const ours = `${lines.join('\n')}\n`;
      fc.pre(alike(read('a.yaml', ours), read('a.yaml', write(base))));
      const merged = textOf(mergeConfig({ base: side('a.yaml', write(base)), ours: side('a.yaml', ours), theirs: side('a.yaml', write(applyChanges(base, its))) }), 'a.yaml');
      for (const comment of ours.match(/# mine \d/gu) ?? []) expect(merged).toContain(comment);
    }), RUNS);
  });
});
