// The five plain operations, in engine/ and in recovery/, against one table; each is done twice and must end the same.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RescueOperation } from '../../src/domain/plan.js';
import { undoOperation } from '../../src/engine/undo-operation.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { nodeRescueCalls } from '../../src/recovery/rescue-calls.js';
import { applyOperation } from '../../src/recovery/rescue-operations.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let dir = '';
const at = (name: string): string => join(dir, name);
beforeEach(() => { dir = makeTempFolder('undo'); });
afterEach(() => removeTempFolder(dir));

type Make = Readonly<Record<string, 'file' | 'folder' | `-> ${string}`>>;
function make(things: Make): void {
  for (const [name, what] of Object.entries(things)) {
    if (what === 'file') writeFileSync(at(name), `content of ${name}`);
    else if (what === 'folder') {
      mkdirSync(at(name));
      writeFileSync(join(at(name), 'in'), `content of ${name}`);
    } else symlinkSync(what.slice(3), at(name));
  }
}
function found(): Record<string, string> {
  return Object.fromEntries(readdirSync(dir, { withFileTypes: true }).map((entry): [string, string] => {
    const path = at(entry.name);
    if (entry.isSymbolicLink()) return [entry.name, `-> ${readlinkSync(path)}`];
    return [entry.name, entry.isDirectory() ? `folder, ${existsSync(join(path, 'in')) ? readFileSync(join(path, 'in'), 'utf8') : 'empty'}` : readFileSync(path, 'utf8')];
  }).sort());
}

const table: readonly (readonly [string, Make, () => RescueOperation, Record<string, string> | 'refused'])[] = [
  ['link: makes one', {}, () => ({ op: 'link', path: at('l'), target: 't' }), { l: '-> t' }],
  ['link: replaces one', { l: '-> other' }, () => ({ op: 'link', path: at('l'), target: 't' }), { l: '-> t' }],
  ['link: clears what a killed durable write left', { '.l.tmp-12-3': '-> other', '.l2.tmp-1-1': 'file', '.l.tmp-x': 'file' }, () => ({ op: 'link', path: at('l'), target: 't' }), { '.l.tmp-x': 'content of .l.tmp-x', '.l2.tmp-1-1': 'content of .l2.tmp-1-1', 'l': '-> t' }],
  ['link: never replaces a folder', { l: 'folder' }, () => ({ op: 'link', path: at('l'), target: 't' }), 'refused'],
  ['link: never replaces a file', { l: 'file' }, () => ({ op: 'link', path: at('l'), target: 't' }), 'refused'],
  ['rename: moves', { a: 'folder' }, () => ({ op: 'rename', from: at('a'), to: at('b') }), { b: 'folder, content of a' }],
  ['rename: nothing to move', { b: 'file' }, () => ({ op: 'rename', from: at('a'), to: at('b') }), { b: 'content of b' }],
  ['rename: replaces a file', { a: 'file', b: 'file' }, () => ({ op: 'rename', from: at('a'), to: at('b') }), { b: 'content of a' }],
  ['rename: never replaces a folder', { a: 'folder', b: 'folder' }, () => ({ op: 'rename', from: at('a'), to: at('b') }), 'refused'],
  ['remove: a folder', { a: 'folder' }, () => ({ op: 'remove', path: at('a') }), {}],
  ['remove: a link, not what it points to', { a: '-> b', b: 'folder' }, () => ({ op: 'remove', path: at('a') }), { b: 'folder, content of b' }],
  ['remove: below a folder that is gone', {}, () => ({ op: 'remove', path: at('gone/a') }), {}],
  ['restore: puts back', { a: 'folder', aside: 'folder' }, () => ({ op: 'restore', path: at('a'), from: at('aside') }), { a: 'folder, content of aside' }],
  ['restore: nothing set aside, so what is there stays', { a: 'folder' }, () => ({ op: 'restore', path: at('a'), from: at('aside') }), { a: 'folder, content of a' }],
  ['restore-adopted: after the exchange', { a: '-> x', aside: 'folder' }, () => ({ op: 'restore-adopted', path: at('a'), from: at('aside') }), { a: 'folder, content of aside' }],
  ['restore-adopted: between two renames', { aside: 'folder' }, () => ({ op: 'restore-adopted', path: at('a'), from: at('aside') }), { a: 'folder, content of aside' }],
  ['restore-adopted: before the exchange', { a: 'folder', aside: '-> x' }, () => ({ op: 'restore-adopted', path: at('a'), from: at('aside') }), { a: 'folder, content of a', aside: '-> x' }],
];

const fs = createFilesystem();
describe.each<[string, (operation: RescueOperation) => void]>([
  ['engine', (operation) => undoOperation(fs, operation)],
  ['recovery', (operation) => applyOperation(nodeRescueCalls, operation)],
])('%s', (_, apply) => {
  it.each(table)('%s', (_, things, operation, expected) => {
    make(things);
    const before = found();
    if (expected === 'refused') {
      expect(() => apply(operation())).toThrow();
      expect(found()).toEqual(before);
      return;
    }
    apply(operation());
    expect(found()).toEqual(expected);
    apply(operation());
    expect(found()).toEqual(expected);
  });

  it('rename: two names of one file', () => {
    make({ a: 'file' });
    linkSync(at('a'), at('b'));
    apply({ op: 'rename', from: at('a'), to: at('b') });
    expect(found()).toEqual({ b: 'content of a' });
  });

  it('remove: read-only folders and names that are not UTF-8', () => {
    make({ a: 'folder' });
    writeFileSync(Buffer.concat([Buffer.from(`${at('a')}/`), Buffer.from([0xff])]), '');
    chmodSync(at('a'), 0o500);
    apply({ op: 'remove', path: at('a') });
    expect(found()).toEqual({});
  });
});
