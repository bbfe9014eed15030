// Whether a new version costs clearly more than the one before: tables, and properties that no noise may break.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegressionSettings } from '../../src/domain/device-rules.js';
import type { UsageSample } from '../../src/domain/service-usage.js';
import { judgeRegression } from '../../src/health/judge-regression.js';

const RULES: RegressionSettings = { rssPercent: 100, cpuPercent: 100, restarts: 2, interval: 60 };
const START = Date.UTC(2026, 10, 26, 10);
const MB = 1e6;

/** One look every so many seconds; a list of one number stays at it. */
function looks(count: number, everyS: number, from: number, of: { rss?: readonly number[]; cpu?: readonly number[]; wait?: readonly number[]; restarts?: readonly number[] }): UsageSample[] {
  const pick = <T>(values: readonly T[] | undefined, index: number, otherwise: T): T => values?.[Math.min(index, values.length - 1)] ?? otherwise;
  return Array.from({ length: count }, (_, index) => {
    const cpu = pick(of.cpu, index, 0.01);
    return { at: from + index * everyS * 1000, rss: pick(of.rss, index, 52) * MB, cpu: index === 0 ? null : cpu, wanted: index === 0 ? null : cpu + pick(of.wait, index, 0), restarts: pick(of.restarts, index, 0) };
  });
}

const hour = (of: Parameters<typeof looks>[3] = {}): UsageSample[] => looks(60, 60, START - 3_600_000, of);
const probation = (of: Parameters<typeof looks>[3] = {}): UsageSample[] => looks(13, 5, START, of);
const judge = (before: readonly UsageSample[], after: readonly UsageSample[], rules: Partial<RegressionSettings> = {}): ReturnType<typeof judgeRegression> =>
  judgeRegression({ rules: { ...RULES, ...rules }, service: 'web', before, after });

const LEAK = Array.from({ length: 13 }, (_, index) => 52 + index * 16);

it.each<[string, Parameters<typeof looks>[3], Parameters<typeof looks>[3], Partial<RegressionSettings>, string]>([
  ['the same', {}, {}, {}, 'passed'],
  ['a leak', {}, { rss: LEAK }, {}, 'failed'],
  ['a leak, not compared', {}, { rss: LEAK }, { rssPercent: 0 }, 'passed'],
  ['more memory, but not twice as much', {}, { rss: [103] }, {}, 'passed'],
  ['more memory than allowed, once and for all', {}, { rss: [120] }, {}, 'failed'],
  ['5 MB to 9 MB, nearly twice', { rss: [5] }, { rss: [9] }, { rssPercent: 50 }, 'passed'],
  ['5 MB to 30 MB: six times, and still little', { rss: [5] }, { rss: [30] }, {}, 'passed'],
  ['a peak while it starts', {}, { rss: [52, 300, 300, 300, 60] }, {}, 'passed'],
  ['a peak now and then', {}, { rss: [52, 52, 52, 52, 300, 52, 52, 300, 52, 52, 52, 52] }, {}, 'passed'],
  ['memory that nobody told before', { rss: [0] }, { rss: [500] }, {}, 'passed'],
  ['less than before', { rss: [500], cpu: [0.9] }, { rss: [50], cpu: [0.01] }, {}, 'passed'],
  ['a spin', {}, { cpu: [0.98] }, {}, 'failed'],
  ['a spin, not compared', {}, { cpu: [0.98] }, { cpuPercent: 0 }, 'passed'],
  ['busy while it starts', {}, { cpu: [0.9, 0.9, 0.9, 0.9, 0.02] }, {}, 'passed'],
  ['a spin on a busy device, which gets little and waits for the rest', {}, { cpu: [0.06], wait: [0.9] }, {}, 'failed'],
  ['a busy device that lets everybody wait, though it wants no more', { cpu: [0.05] }, { cpu: [0.06], wait: [0.9] }, {}, 'passed'],
  ['hardly anything, and long waits', {}, { cpu: [0.03], wait: [0.9] }, {}, 'passed'],
  ['as long waits as in the hour before', { wait: [0.8] }, { cpu: [0.06], wait: [0.8] }, {}, 'passed'],
  ['ten times nearly nothing', { cpu: [0.005] }, { cpu: [0.05] }, {}, 'passed'],
  ['as busy as before', { cpu: [0.8] }, { cpu: [0.95] }, {}, 'passed'],
  ['two restarts', {}, { restarts: [0, 0, 1, 1, 2] }, {}, 'failed'],
  ['one restart', {}, { restarts: [0, 0, 1] }, {}, 'passed'],
  ['as many restarts as in the hour before', { restarts: [0, 1, 2] }, { restarts: [0, 0, 2] }, {}, 'passed'],
  ['a count set back by a person\'s start is no restart', { restarts: [5, 5, 0] }, { restarts: [0, 1, 2] }, {}, 'failed'],
  ['restarts, not compared', {}, { restarts: [9] }, { restarts: 0 }, 'passed'],
])('%s', (_name, before, after, rules, verdict) => {
  expect(judge(hour(before), probation(after), rules).verdict).toBe(verdict);
});

it('says what grew, from what to what, in how long, and whether it goes on', () => {
  expect(judge(hour(), probation({ rss: LEAK })).detail).toBe('web: memory grew from 52 MB (median of the hour before) to 244 MB and still rises (seen for 60 s)');
  expect(judge(hour(), probation({ rss: [150], cpu: [1.5], restarts: [3] })).detail).toBe(
    'web: memory grew from 52 MB (median of the hour before) to 150 MB and stays there; processor time grew from 1 % of a core (median of the hour before) to 150 % and stays there; '
    + 'it restarted by itself 3 times, 0 times in the hour before (seen for 60 s)');
});

it.each<[string, UsageSample[], UsageSample[], RegExp]>([
  ['no daemon, or one that has just begun', [], probation({ rss: LEAK }), /not known \(0 looks/u],
  ['two looks are no hour', looks(2, 60, START - 120_000, {}), probation({ rss: LEAK }), /not known \(2 looks/u],
  ['a probation of two rounds', hour(), looks(2, 5, START, { rss: [500] }), /too short/u],
  ['a service that never ran', hour(), [], /too short/u],
])('cannot tell, and says so: %s', (_name, before, after, detail) => {
  const verdict = judge(before, after);
  expect(verdict.verdict).toBe('unknown');
  expect(verdict.detail).toMatch(detail);
});

it('knows only the last hour, also when the clock was set meanwhile', () => {
  const old = looks(60, 60, START - 10 * 3_600_000, { rss: [500] });
  expect(judge([...old, ...hour()], probation({ rss: [150] })).verdict).toBe('failed');
  const ahead = looks(5, 60, START + 86_400_000, { rss: [500] });
  expect(judge([...ahead, ...hour()], probation({ rss: [150] })).verdict).toBe('failed');
});

describe('properties', () => {
  const sample = fc.record({ rss: fc.integer({ min: 1, max: 600 }), cpu: fc.float({ min: 0, max: 2, noNaN: true }), wait: fc.float({ min: 0, max: 2, noNaN: true }), restarts: fc.nat(4) });
  const samples = (least: number): fc.Arbitrary<UsageSample[]> => fc.array(sample, { minLength: least, maxLength: 20 })
    .map((all) => all.map((one, index) => ({ at: START + index * 1000, rss: one.rss * MB, cpu: index === 0 ? null : one.cpu, wanted: index === 0 ? null : one.cpu + one.wait, restarts: one.restarts })));
  it('more of it never turns a revert into a pass', () => {
    fc.assert(fc.property(samples(0), samples(0), fc.array(sample, { minLength: 20, maxLength: 20 }), (before, after, more) => {
      const worse = after.map((one, index) => ({
        at: one.at, rss: one.rss + (more[index]?.rss ?? 0) * MB, cpu: one.cpu === null ? null : one.cpu + (more[index]?.cpu ?? 0),
        wanted: one.wanted === null ? null : one.wanted + (more[index]?.cpu ?? 0) + (more[index]?.wait ?? 0), restarts: one.restarts + (more[index]?.restarts ?? 0),
      }));
      if (judge(before, after).verdict === 'failed') expect(judge(before, worse).verdict).toBe('failed');
    }), { numRuns: 2000 });
  });
  it('a version that uses what the one before did is kept, however noisy both are', () => {
    fc.assert(fc.property(samples(5), (all) => {
      const steady = all.map((one) => ({ ...one, restarts: 0 }));
      expect(judge(steady, steady.map((one) => ({ ...one, rss: Math.min(...steady.map(({ rss }) => rss)), cpu: one.cpu === null ? null : Math.min(...steady.map(({ cpu }) => cpu ?? 9)) }))).verdict).toBe('passed');
    }));
  });
  it('stricter limits never let more through', () => {
    fc.assert(fc.property(samples(3), samples(5), fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 500 }), (before, after, percent, more) => {
      const at = (one: number): string => judge(before, after, { rssPercent: one, cpuPercent: one }).verdict;
      if (at(percent + more) === 'failed') expect(at(percent)).toBe('failed');
    }));
  });
});
