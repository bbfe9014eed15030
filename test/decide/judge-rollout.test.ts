import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithdrawn, judgeRollout, type RolloutRequest } from '../../src/decide/judge-rollout.js';
import { bucketOf } from '../../src/decide/rollout-bucket.js';
import type { RolloutStatement } from '../../src/domain/rollout.js';
import { percentAt, reachedAt } from '../../src/domain/rollout-share.js';
import { ROLLOUT, rolloutOf } from '../support/rollout.js';

const NOW = new Date('2026-11-21T00:00:00Z');
const DAY_S = 86_400;
const idIn = (from: number, to: number, salt = ROLLOUT.salt): string => {
  for (let n = 0; ; n += 1) { const bucket = bucketOf(`d${n}`, salt); if (bucket >= from && bucket < to) return `d${n}`; }
};
const EARLY = idIn(0, 500);
const LATE = idIn(9000, 9500);
const ask = (statement: RolloutStatement | null, more: Partial<RolloutRequest> = {}): RolloutRequest =>
  ({ statement, problem: null, version: '1.3.0', device: { id: LATE, group: null }, now: NOW, byPerson: false, ...more });

describe('judgeRollout', () => {
  it.each<[string, RolloutRequest, 'pass' | 'wait' | 'refuse', RegExp, (string | null)?]>([
    ['no statement', ask(null), 'pass', /everybody/u],
    ['one that cannot be believed and none before', ask(null, { problem: 'forged' }), 'wait', /forged/u, null],
    ['one that cannot be believed, an earlier one in force', ask(rolloutOf(), { problem: 'forged' }), 'wait', /rollout 3/u, null],
    ['another version', ask(rolloutOf(), { version: '1.2.9' }), 'pass', /about 1\.3\.0 only/u],
    ['the same number with another build', ask(rolloutOf(), { version: '1.3.0+b' }), 'pass', /only/u],
    ['a bucket that is in', ask(rolloutOf(), { device: { id: EARLY, group: null } }), 'pass', /at 10 %/u],
    ['a bucket that is not', ask(rolloutOf()), 'wait', /until the publisher raises/u, null],
    ['0 %', ask(rolloutOf({ percent: 0 }), { device: { id: EARLY, group: null } }), 'wait', /at 0 %/u, null],
    ['100 %', ask(rolloutOf({ percent: 100 })), 'pass', /at 100 %/u],
    ['before its start', ask(rolloutOf({ start: '2026-11-22T00:00:00Z', percent: 100 })), 'wait', /begins/u, '2026-11-22T00:00:00Z'],
    ['a step a day, its turn known', ask(rolloutOf({ add_percent: 20, every_s: DAY_S })), 'wait', /at 30 %/u, '2026-11-25T00:00:00.000Z'],
    ['a step a day that ends before its turn', ask(rolloutOf({ add_percent: 20, every_s: DAY_S, expires: '2026-11-22T00:00:00Z' })), 'wait', /at 30 %/u, '2026-11-22T00:00:00Z'],
    ['its group is named', ask(rolloutOf({ percent: 0, groups: ['lab'] }), { device: { id: LATE, group: 'lab' } }), 'pass', /group lab/u],
    ['another group is named', ask(rolloutOf({ percent: 0, groups: ['lab'] }), { device: { id: LATE, group: 'shop' } }), 'wait', /at 0 %/u, null],
    ['its group is left out', ask(rolloutOf({ percent: 100, exclude: ['shop'] }), { device: { id: EARLY, group: 'shop' } }), 'wait', /group shop/u, null],
    ['it is left out itself', ask(rolloutOf({ percent: 100, exclude: [EARLY] }), { device: { id: EARLY, group: null } }), 'wait', /leaves out this device/u, null],
    ['left out wins over named', ask(rolloutOf({ groups: ['lab'], exclude: ['lab'] }), { device: { id: EARLY, group: 'lab' } }), 'wait', /leaves out/u, null],
    ['paused', ask(rolloutOf({ percent: 100, groups: ['lab'], paused: true }), { device: { id: EARLY, group: 'lab' } }), 'wait', /paused/u, null],
    ['withdrawn', ask(rolloutOf({ percent: 100, withdrawn: ['1.3.0'] })), 'refuse', /withdrawn 1\.3\.0/u],
    ['an earlier one withdrawn', ask(rolloutOf({ withdrawn: ['1.2.5'] }), { version: '1.2.5' }), 'refuse', /withdrawn 1\.2\.5/u],
    ['expired', ask(rolloutOf({ percent: 0, paused: true, withdrawn: ['1.3.0'], expires: '2026-11-21T00:00:00Z' })), 'pass', /expired/u],
    ['a person asks', ask(rolloutOf({ percent: 0, paused: true, withdrawn: ['1.3.0'] }), { byPerson: true }), 'pass', /person/u],
  ])('%s', (_name, request, verdict, detail, until) => {
    const ruling = judgeRollout(request);
    expect(ruling).toMatchObject({ rule: 'rollout', verdict });
    expect(ruling.detail).toMatch(detail);
    if (ruling.verdict === 'wait') expect(ruling.waiting).toMatchObject({ reason: 'rollout', until });
  });

  const statements = fc.record({
    percent: fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100), add_percent: fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100), every_s: fc.integer({ min: 1, max: 30 * DAY_S }),
    salt: fc.stringMatching(/^[a-z0-9]{1,16}$/u), groups: fc.constant([]), exclude: fc.constant([]),
  }).map((parts) => rolloutOf(parts));
  const ids = fc.stringMatching(/^[0-9a-f]{32}$/u);
  const at = (ms: number): Date => new Date(Date.parse(ROLLOUT.start) + ms);
  const passes = (statement: RolloutStatement, id: string, now: Date): boolean => judgeRollout(ask(statement, { device: { id, group: null }, now })).verdict === 'pass';

  it('only adds devices: later, and raised, whoever was in stays in', () => {
    fc.assert(fc.property(statements, ids, fc.nat(90 * DAY_S * 1000), fc.nat(90 * DAY_S * 1000), fc.nat(10_000), (statement, id, first, more, raise) => {
      fc.pre(passes(statement, id, at(first)));
      expect(passes(statement, id, at(first + more))).toBe(true);
      expect(passes({ ...statement, percent: Math.min(100, statement.percent + raise / 100) }, id, at(first))).toBe(true);
    }));
  });

  it('says the very moment of its turn', () => {
    fc.assert(fc.property(statements, ids, fc.nat(30 * DAY_S * 1000), (statement, id, ms) => {
      const ruling = judgeRollout(ask(statement, { device: { id, group: null }, now: at(ms) }));
      fc.pre(ruling.verdict === 'wait' && ruling.waiting.until !== null && Date.parse(ruling.waiting.until) < 8e15);
      const until = Date.parse(ruling.verdict === 'wait' ? ruling.waiting.until ?? '' : '');
      expect(until).toBeGreaterThan(at(ms).getTime());
      expect(passes(statement, id, new Date(until))).toBe(true);
      expect(passes(statement, id, new Date(until - 1))).toBe(false);
    }));
  });

  it('adds in hundredths without losing any', () => {
    const statement = rolloutOf({ percent: 0.1, add_percent: 0.2, every_s: 1 });
    expect([0, 1, 2, 5000].map((s) => percentAt(statement, at(s * 1000)))).toEqual([0.1, 0.3, 0.5, 100]);
    expect(percentAt(statement, at(-1))).toBe(0);
    expect(reachedAt(rolloutOf({ add_percent: 0.01, every_s: 3_155_760_000 }), 9999)).toBeNull();
  });

  it('knows what is withdrawn, while it counts', () => {
    const statement = rolloutOf({ withdrawn: ['1.2.5', '1.3.0'], expires: '2026-12-01T00:00:00Z' });
    expect(isWithdrawn(statement, '1.2.5', NOW)).toBe(true);
    expect(isWithdrawn(statement, '1.2.6', NOW)).toBe(false);
    expect(isWithdrawn(statement, '1.2.5', new Date('2026-12-01T00:00:00Z'))).toBe(false);
    expect(isWithdrawn(null, '1.2.5', NOW)).toBe(false);
  });
});

describe('bucketOf', () => {
  it('is the same at every look, and dealt anew by another salt', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (id, salt) => {
      const bucket = bucketOf(id, salt);
      expect(bucket).toBe(bucketOf(id, salt));
      expect(Number.isInteger(bucket) && bucket >= 0 && bucket < 10_000).toBe(true);
    }));
    // A device's place must not move between versions of holdline: devices would fall out of a running rollout.
    expect([bucketOf('0123456789abcdef', 'pepper'), bucketOf('0123456789abcdef', 'salt')]).toEqual([1011, 128]);
  });

  it('is uniform, and independent between salts (chi-square)', () => {
    const n = 30_000;
    const cells = Array.from({ length: 100 }, () => 0);
    const pairs = Array.from({ length: 100 }, () => 0);
    for (let device = 0; device < n; device += 1) {
      const [a, b] = [bucketOf(`device ${device}`, 'a'), bucketOf(`device ${device}`, 'b')];
      cells[Math.floor(a / 100)]! += 1;
      pairs[Math.floor(a / 1000) * 10 + Math.floor(b / 1000)]! += 1;
    }
    const chi = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + (count - n / counts.length) ** 2 / (n / counts.length), 0);
    // 99 degrees of freedom: 162 is one in ten thousand. The ids are fixed, so this never flickers.
    expect(chi(cells)).toBeLessThan(162);
    expect(chi(pairs)).toBeLessThan(162);
    // The negative control: dealt by the last character of the id, it would be far from uniform.
    expect(chi(cells.map((_, cell) => (cell < 10 ? n / 10 : 0)))).toBeGreaterThan(1e5);
  });
});
