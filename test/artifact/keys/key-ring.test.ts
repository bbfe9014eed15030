// Who may change which keys count, told as what a publisher, a thief and a sleeping device would do.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainKeys } from '../../../src/artifact/keys/explain-keys.js';
import { admitStatement, buildKeyRing, MAX_SERIAL_STEP, pinnedRing, usableKeys, type KeyRing } from '../../../src/artifact/keys/key-ring.js';
import { parseKeyStatement } from '../../../src/artifact/keys/key-statement.js';
import { codeOf } from '../../support/code-of.js';
import { KEY_REPO, makeKeyNamed, makeTestStatement, type StatementParts } from '../../support/key-statement.js';

const main = makeKeyNamed('main', '1');
const second = makeKeyNamed('second', '2');
const third = makeKeyNamed('third', '3');
const spare = makeKeyNamed('spare', '4');
const thief = makeKeyNamed('thief', '5');
const stranger = makeKeyNamed('stranger', '6');
const NOW = new Date('2026-11-21T09:30:00Z');
const pinned = [main, { ...spare, purpose: 'spare' as const }];
const ring = pinnedRing(KEY_REPO, pinned);
const after = (...all: StatementParts[]): KeyRing => all.reduce((at, parts) => admitStatement(at, makeTestStatement(parts), NOW).ring, ring);
const names = (of: KeyRing): string[] => usableKeys(of, NOW).map(({ name }) => name);

const ROTATION: StatementParts = { keys: [second], revoked: [main], by: [main, second] };
const THEFT: StatementParts = { keys: [thief], by: [main, thief] };

describe('accepted', () => {
  it.each<[string, StatementParts[], string[]]>([
    ['nothing yet: the pinned release key', [], ['main']],
    ['a second key beside the first', [{ keys: [second], by: [main, second] }], ['main', 'second']],
    ['a rotation', [ROTATION], ['second']],
    ['a rotation after a rotation', [ROTATION, { serial: 2, keys: [third], revoked: [second], by: [second, third] }], ['third']],
    ['a key that a later statement does not name again', [{ keys: [second], by: [main, second] }, { serial: 2, keys: [third], by: [main, third] }], ['main', 'third']],
    ['the spare takes over', [{ keys: [spare], revoked: [main], by: [spare] }], ['spare']],
    ['the spare puts a thief out, who had got in before', [THEFT, { serial: 2, keys: [second], revoked: [main], by: [spare, second] }], ['second']],
    ['a revocation alone, where another key is left', [{ keys: [second], by: [main, second] }, { serial: 2, keys: [second], revoked: [main], by: [second] }], ['second']],
    ['signed by more keys than needed, also by strangers', [{ ...ROTATION, by: [stranger, main, second, spare] }], ['second']],
  ])('%s', (_, statements, expected) => { expect(names(after(...statements))).toEqual(expected); });

  it('by a device that slept through one change: an older key has signed the later one too', () => {
    const later = makeTestStatement({ serial: 2, keys: [third], revoked: [main, second], by: [second, third, main] });
    expect(names(admitStatement(ring, later, NOW).ring)).toEqual(['third']);
  });
});

describe('refused', () => {
  it.each<[string, KeyRing, StatementParts, string]>([
    ['no signature', ring, { ...ROTATION, by: [] }, 'key-statement'],
    ['the new key alone', ring, { ...ROTATION, by: [second] }, 'key-statement'],
    ['the old key alone', ring, { ...ROTATION, by: [main] }, 'key-statement'],
    ['strangers', ring, { ...ROTATION, by: [stranger, second] }, 'key-statement'],
    ['a signature over another text', ring, { ...ROTATION, change: (s) => ({ ...s, created: '2026-11-02T00:00:00Z' }), comment: 'repo:acme/monitoring tag:v1.2.0' }, 'key-statement'],
    ['a comment of another serial', ring, { ...ROTATION, comment: 'repo:acme/monitoring keys:2' }, 'key-statement'],
    ['another repository', ring, { ...ROTATION, change: (s) => ({ ...s, repo: 'acme/other' }) }, 'key-statement'],
    ['the same serial again', after(ROTATION), { keys: [third], by: [second, third] }, 'key-statement'],
    ['a lower serial', after({ ...ROTATION, serial: 5 }), { serial: 4, keys: [third], by: [second, third] }, 'key-statement'],
    ['a serial that would use them up', ring, { ...ROTATION, serial: MAX_SERIAL_STEP + 1 }, 'key-statement'],
    ['by a revoked key', after(ROTATION), { serial: 2, keys: [thief], by: [main, thief] }, 'key-statement'],
    ['a revoked key brought back', after(ROTATION), { serial: 2, keys: [main], by: [second, main] }, 'key-statement'],
    ['the spare revoked by a release key', ring, { ...THEFT, revoked: [spare] }, 'key-statement'],
    ['no key left', ring, { revoked: [main, spare], by: [spare] }, 'key-statement'],
    ['the spare named without its signature', ring, { keys: [spare], by: [main] }, 'key-statement'],
    ['a key that is named and revoked', ring, { keys: [second], revoked: [second], by: [main, second] }, 'key-statement'],
    ['an unknown word', ring, { ...ROTATION, change: (s) => ({ ...s, spare: [] }) }, 'key-statement'],
    ['an unknown format', ring, { ...ROTATION, change: (s) => ({ ...s, format: 2 }) }, 'key-statement'],
    ['a key that is none', ring, { ...ROTATION, change: (s) => ({ ...s, keys: [{ name: 'x', key: 'RWQ', not_before: null, not_after: null }] }) }, 'key-statement'],
    ['a key that ends before it begins', ring, { ...ROTATION, change: (s) => ({ ...s, keys: s.keys.map((key) => ({ ...key, not_before: '2027-01-01T00:00:00Z', not_after: '2026-01-01T00:00:00Z' })) }) }, 'key-statement'],
  ])('%s', (_, at, parts, code) => { expect(codeOf(() => admitStatement(at, makeTestStatement(parts), NOW))).toBe(code); });

  it('a text changed after signing', () => {
    const { text, ...rest } = makeTestStatement(ROTATION);
    expect(codeOf(() => admitStatement(ring, { ...rest, text: text.replace('stolen', 'st0len') }, NOW))).toBe('signature-invalid');
  });
  it('by a key outside its time', () => {
    const expired = pinnedRing(KEY_REPO, [{ ...main, notAfter: '2026-11-01T00:00:00.000Z' }, second]);
    expect(codeOf(() => admitStatement(expired, makeTestStatement({ keys: [third], by: [main, third] }), NOW))).toBe('key-statement');
  });
  it('any text with a coded error', () => fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => codeOf(() => parseKeyStatement(text)) === 'key-statement')));
});

describe('kept on the device', () => {
  it('a change stays when the key that vouched for it has expired since', () => {
    const keys = [{ ...main, notAfter: '2026-11-20T00:00:00.000Z' }];
    const kept = [makeTestStatement({ ...ROTATION, revoked: [], at: '2026-11-10T00:00:00.000Z' })];
    expect(names(buildKeyRing(KEY_REPO, keys, kept))).toEqual(['second']);
  });
  it('never widens what the settings vouch for: another pinned key, and nothing of it counts', () => {
    const kept = [makeTestStatement(ROTATION), makeTestStatement({ serial: 2, keys: [third], by: [second, third] })];
    expect(names(buildKeyRing(KEY_REPO, [stranger], kept))).toEqual(['stranger']);
    expect(names(buildKeyRing(KEY_REPO, [second], kept))).toEqual(['second', 'third']);
  });
  it('whoever writes into the store gains no key', () => {
    const forged = makeTestStatement({ keys: [thief], by: [thief] });
    expect(names(buildKeyRing(KEY_REPO, pinned, [forged]))).toEqual(['main']);
  });
  it('is explained: what is trusted, what is not, and why', () => {
    const report = explainKeys(KEY_REPO, { require: 'signature', keys: [...pinned, { ...third, notBefore: '2027-01-01T00:00:00.000Z' }] }, [makeTestStatement(ROTATION), makeTestStatement({ serial: 2, keys: [thief], by: [thief] })], NOW);
    expect(report.serial).toBe(1);
    expect(report.keys.map(({ name, status, from }) => [name, status, from])).toEqual([['main', 'revoked', 'settings'], ['spare', 'spare', 'settings'], ['third', 'not-yet', 'settings'], ['second', 'trusted', 'statement 1']]);
    expect(report.keys[0]?.why).toBe('revoked by statement 1 (vouched for by main): stolen');
    expect(report.statements.map(({ serial, vouched_by: by, note }) => [serial, by, note === null])).toEqual([[1, ['main'], true], [2, [], false]]);
  });
});

it('no sequence of statements trusts a key that no trusted key vouched for, nor takes a revoked one back', () => {
  const all = [main, second, third, spare, thief];
  const some = fc.subarray(all);
  const step = fc.record({ serial: fc.integer({ min: 1, max: 6 }), keys: some, revoked: some, by: some });
  fc.assert(fc.property(fc.array(step, { maxLength: 5 }), (steps) => {
    const kept: ReturnType<typeof makeTestStatement>[] = [];
    const gone = new Set<string>();
    const vouched = new Set<string>([main.publicKey]);
    let at = ring;
    for (const parts of steps) {
      const statement = makeTestStatement(parts);
      const trusted = usableKeys(at, NOW, ['release', 'spare']);
      if (codeOf(() => admitStatement(at, statement, NOW)) !== 'accepted') continue;
      expect(parts.by.some((key) => trusted.some(({ publicKey }) => publicKey === key.publicKey))).toBe(true);
      at = admitStatement(at, statement, NOW).ring;
      kept.push(statement);
      for (const { publicKey } of parts.revoked) gone.add(publicKey);
      for (const { publicKey } of parts.keys) vouched.add(publicKey);
    }
    const trusted = usableKeys(at, NOW).map(({ publicKey }) => publicKey);
    expect(trusted.every((key) => vouched.has(key) && !gone.has(key))).toBe(true);
    expect(usableKeys(buildKeyRing(KEY_REPO, pinned, kept), NOW).map(({ publicKey }) => publicKey)).toEqual(trusted);
  }), { numRuns: 150 });
});
