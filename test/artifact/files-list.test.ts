import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFilesList, parseFilesList } from '../../src/artifact/files-list.js';
import { sortTree, treeDigest, type Tree, type TreeEntry } from '../../src/domain/tree.js';
import { codeOf } from '../support/code-of.js';

const limits = { payloadBytes: 1e9, unpackedBytes: 1000, entries: 5, depth: 64, ratio: 200 };
const entry = (path: string, changes: Partial<TreeEntry> = {}): TreeEntry => ({ path, mode: '0644', size: 3, sha256: 'ab'.repeat(32), ...changes });
const tree: Tree = sortTree([entry('src/a.js'), entry('src/Ünï code.js', { mode: '0755' }), entry('bin/x', { mode: 'link' }), entry('VERSION')]);
const pack = (value: unknown): Buffer => gzipSync(typeof value === 'string' ? value : JSON.stringify(value));
const packTree = (entries: readonly unknown[]): Buffer => pack({ format: 1, entries });

describe('files list', () => {
  it('is read as it was written', () => {
    expect(parseFilesList(pack(formatFilesList(tree)), treeDigest(tree), limits)).toEqual(tree);
    expect(parseFilesList(pack(formatFilesList([])), treeDigest([]), limits)).toEqual([]);
  });

  it('must be the tree of the manifest', () => {
    expect(codeOf(() => parseFilesList(pack(formatFilesList(tree.slice(1))), treeDigest(tree), limits))).toBe('tree-digest');
  });

  it.each<[string, Buffer, string?]>([
    ['not gzip', Buffer.from('{}')], ['empty', Buffer.alloc(0)], ['cut', pack(formatFilesList(tree)).subarray(0, 40)], ['not JSON', pack('{')], ['another format', pack({ format: 2, entries: [] })], ['no entries', pack({ format: 1 })],
    ['null', pack('null')], ['a null entry', packTree([null])], ['out of order', packTree([...tree].reverse())], ['one twice', packTree([entry('a'), entry('a')])],
    ['an absolute path', packTree([entry('/etc/passwd')])], ['..', packTree([entry('a/../../b')])], ['an empty part', packTree([entry('a//b')])], ['a backslash', packTree([entry('a\\b')])],
    ['a line break in a path', packTree([entry('a\nb')])], ['a long part', packTree([entry('x'.repeat(256))])], ['no path', packTree([{ ...entry('a'), path: 1 }])],
    ['an odd mode', packTree([{ ...entry('a'), mode: '4755' }])], ['a mode out of thin air', packTree([{ ...entry('a'), mode: 'toString' }])], ['a negative size', packTree([entry('a', { size: -1 })])], ['a short digest', packTree([entry('a', { sha256: 'x' })])],
    ['too many entries', packTree(['a', 'b', 'c', 'd', 'e', 'f'].map((path) => entry(path))), 'artifact-too-large'], ['too many bytes', packTree([entry('a', { size: 1001 })]), 'artifact-too-large'],
    ['a bomb', gzipSync(Buffer.alloc(200 * 1024 * 1024))],
  ])('refuses %s', (_, content, code = 'manifest-invalid') => {
    expect(codeOf(() => parseFilesList(content, treeDigest(tree), limits))).toBe(code);
  });

  it('accepts no other bytes that mean another tree', () => {
    const text = formatFilesList(tree);
    fc.assert(fc.property(fc.nat({ max: text.length - 1 }), fc.string({ maxLength: 2 }), (at, by) => {
      const changed = pack(text.slice(0, at) + by + text.slice(at + 1));
      const code = codeOf(() => expect(parseFilesList(changed, treeDigest(tree), limits)).toEqual(tree));
      expect(code).toMatch(/^(accepted|manifest-invalid|tree-digest|artifact-too-large)$/);
    }), { numRuns: 300 });
  });
});
