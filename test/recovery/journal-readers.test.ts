// Both readers of a journal, engine/ and recovery/, give the same verdict: on golden files, and on whatever a disk or a bug may make of them.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CRASH_TABLE } from '../../src/engine/crash-table.js';
import { RESCUE_TABLE } from '../../src/recovery/judge-journal.js';
import { engineVerdict, recoveryVerdict, type Verdict } from '../support/journal-verdicts.js';

const FOLDER = join(import.meta.dirname, '../fixtures/journals');
const read = (name: string): Buffer => readFileSync(join(FOLDER, `${name}.journal`));
const expected = JSON.parse(readFileSync(join(FOLDER, 'verdicts.json'), 'utf8')) as Record<string, Verdict>;
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.journal')).map((name) => name.slice(0, -'.journal'.length));
const healthy = names.filter((name) => 'answer' in (expected[name] ?? {}) && !name.startsWith('torn'));

it('has a verdict for each golden file', () => expect(names.sort()).toEqual(Object.keys(expected).sort()));
it('has the same crash table twice', () => expect(RESCUE_TABLE).toEqual(CRASH_TABLE));

describe.each(names)('%s', (name) => {
  it('is read alike', () => {
    expect(engineVerdict(read(name))).toEqual(expected[name]);
    expect(recoveryVerdict(read(name))).toEqual(expected[name]);
  });
});

it.each(healthy)('%s: every prefix of it is a torn journal, never a damaged one', (name) => {
  const bytes = read(name);
  for (let length = 0; length < bytes.length; length += 7) {
    const verdict = engineVerdict(bytes.subarray(0, length));
    expect(recoveryVerdict(bytes.subarray(0, length))).toEqual(verdict);
    expect(verdict).not.toHaveProperty('damagedLine');
  }
});

const journal = fc.constantFrom(...healthy).map((name) => read(name));
const lines = journal.map((bytes) => bytes.toString('utf8').split('\n').slice(0, -1));
const hashed = (json: string | Buffer): string => `${createHash('sha256').update(json).digest('hex')}\t${json}`;
function agree(bytes: Buffer, other: (bytes: Buffer) => Verdict = recoveryVerdict): void {
  expect(other(bytes)).toEqual(engineVerdict(bytes));
}
/** The negative control: a reader that skips every bad line instead of stopping at one in the middle. */
function lenientVerdict(bytes: Buffer): Verdict {
  const good = bytes.toString('latin1').split('\n').filter((line) => hashed(Buffer.from(line.slice(65), 'latin1')).startsWith(line.slice(0, 65)) && line !== '');
  return recoveryVerdict(Buffer.from(good.map((line) => `${line}\n`).join(''), 'latin1'));
}

/** Puts `value` at a place of the record chosen by `path`, one key deeper with each number. */
function replaceAt(record: unknown, path: readonly number[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof record !== 'object' || record === null || Object.keys(record).length === 0) return value;
  const keys = Object.keys(record);
  const key = keys[first % keys.length] ?? '';
  if (Array.isArray(record)) return record.map((item: unknown, index) => (String(index) === key ? replaceAt(item, rest, value) : item));
  return { ...record, [key]: replaceAt((record as Record<string, unknown>)[key], rest, value) };
}
const strange = fc.oneof(fc.jsonValue(), fc.constantFrom('/', '//opt', '/opt/', '/opt/./a', '/opt', '/opt/monitoring', '..', '', 'a/b', '/a\u0000', ['/opt'], -0, 1.5, 2 ** 53, 'switching', 'recovery', null));

const flippedBytes = (other?: (bytes: Buffer) => Verdict): void => fc.assert(fc.property(journal, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), (bytes, flips) => {
  const copy = Buffer.from(bytes);
  for (const [at, value] of flips) copy[at % copy.length] = value;
  agree(copy, other);
}));

describe('both readers agree, and never fail uncoded', () => {
  it('on flipped bytes', () => flippedBytes());
  it('and a reader that guesses is found out', () => expect(() => flippedBytes(lenientVerdict)).toThrow(/Property failed/));
  it('on lines lost, doubled or out of order', () => fc.assert(fc.property(lines, fc.array(fc.nat(), { maxLength: 30 }), (all, order) => {
    agree(Buffer.from(order.map((index) => `${all[index % all.length]}\n`).join('')));
  })));
  it('on one line missing or moved', () => fc.assert(fc.property(lines, fc.nat(), fc.nat(), fc.boolean(), (all, from, to, drop) => {
    const [moved] = all.splice(from % all.length, 1);
    if (!drop && moved !== undefined) all.splice(to % (all.length + 1), 0, moved);
    agree(Buffer.from(all.map((line) => `${line}\n`).join('')));
  })));
  it('on records with a right checksum and a strange content', () => fc.assert(fc.property(lines, fc.nat(), fc.array(fc.nat(), { maxLength: 6 }), strange, (all, which, path, value) => {
    const index = which % all.length;
    const record: unknown = JSON.parse((all[index] ?? '').slice(65));
    all[index] = hashed(JSON.stringify(replaceAt(record, path, value)) ?? 'null');
    agree(Buffer.from(all.map((line) => `${line}\n`).join('')));
  }), { numRuns: 1500 }));
  it('on any bytes at all', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => { agree(Buffer.from(bytes)); })));
});
