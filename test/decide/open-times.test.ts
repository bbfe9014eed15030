// Windows against a walker that asks Intl what the wall clock shows, minute by minute: another way to the same answer.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateUpdate } from '../../src/decide/estimate-update.js';
import { lookAtWindows } from '../../src/decide/look-at-windows.js';
import { findOpenTimes, type OpenTime } from '../../src/decide/open-times.js';
import type { WindowRule } from '../../src/domain/policy.js';
import type { HistoryEntry } from '../../src/domain/results.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const weekly = (days: readonly number[], from: string, to: string): WindowRule => {
  const [a, b] = [from, to].map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
  return { kind: 'weekly', text: `${from}-${to}`, days, from: a ?? 0, to: b ?? 0 };
};
const cron = (expression: string, seconds: number): WindowRule => ({ kind: 'cron', text: expression, expression, seconds });
const EVERY = [0, 1, 2, 3, 4, 5, 6];

/** The clock changes of three zones, north and south; Lord Howe moves by half an hour. */
const CHANGES: readonly (readonly [zone: string, at: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'], ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'], ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'], ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
];

const NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
function wallClock(zone: string): (ms: number) => { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return { day: NAMES.indexOf(parts['weekday'] ?? ''), minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
  };
}

/** By the words of the documentation alone. */
function isOpen(rule: Extract<WindowRule, { kind: 'weekly' }>, { day, minute }: { day: number; minute: number }): boolean {
  if (rule.to > rule.from) return rule.days.includes(day) && minute >= rule.from && minute < rule.to;
  return (rule.days.includes(day) && minute >= rule.from) || (rule.days.includes((day + 6) % 7) && minute < rule.to);
}

/** Whole minutes that are open. */
function walk(rules: readonly WindowRule[], zone: string, from: number, until: number): number[] {
  const clock = wallClock(zone);
  const open: number[] = [];
  for (let at = from; at < until; at += MINUTE) {
    const shown = clock(at);
    if (rules.some((rule) => rule.kind === 'weekly' && isOpen(rule, shown))) open.push(at);
  }
  return open;
}

const minutesOf = (times: readonly OpenTime[], from: number, until: number): number[] => times.flatMap(({ start, end }) => {
  const minutes: number[] = [];
  for (let at = Math.max(start, from); at < Math.min(end, until); at += MINUTE) minutes.push(at);
  return minutes;
});
const shown = (times: readonly OpenTime[]): string[] => times.map(({ start, end }) => `${new Date(start).toISOString().slice(0, 16)} +${(end - start) / MINUTE}`);

const rule = fc.record({ days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), from: fc.integer({ min: 0, max: 1439 }), length: fc.integer({ min: 1, max: 1439 }) })
  .map(({ days, from, length }): WindowRule => ({ kind: 'weekly', text: '', days, from, to: (from + length) % 1440 || 1440 }));

describe.each(CHANGES)('around the clock change in %s at %s', (zone, at) => {
  const middle = Date.parse(at);
  it('weekly windows are open exactly while the wall clock shows a time inside', () => {
    fc.assert(fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), (rules) => {
      const [from, until] = [middle - 30 * HOUR, middle + 30 * HOUR];
      expect(minutesOf(findOpenTimes(rules, zone, from, until), from, until)).toEqual(walk(rules, zone, from, until));
    }), { numRuns: 25 });
  }, 60_000);
  it('what is said of any moment is true: open for as long as it says, or opens when it says and not before', () => {
    fc.assert(fc.property(fc.array(rule, { minLength: 1, maxLength: 2 }), fc.integer({ min: -1800, max: 1800 }), fc.integer({ min: 60, max: 2 * 3600 }), (rules, minutes, needed) => {
      const now = middle + minutes * MINUTE;
      const look = lookAtWindows(rules, zone, new Date(now), needed);
      const open = walk(rules, zone, now, now + 9 * DAY);
      const runs = toRuns(open);
      const [first] = runs;
      const fits = ({ start, end }: OpenTime): boolean => end - start >= needed * 1000;
      expect(look.openUntil !== null).toBe(open[0] === now);
      // One that does not end in days is told as far as it was seen.
      if (look.openUntil !== null && (first?.end ?? 0) < now + 2 * DAY) expect(look.openUntil.getTime()).toBe(first?.end);
      expect(look.enough).toBe(open[0] === now && first !== undefined && fits(first));
      if (look.enough) expect(look.opensAt).toBeNull();
      else if (look.opensAt !== null && look.opensAt.getTime() < now + 8 * DAY) expect(look.opensAt.getTime()).toBe(runs.find((run) => run.start > now && fits(run))?.start);
      else expect(runs.filter((run) => run.start > now && run.start < now + 8 * DAY && fits(run))).toEqual([]);
    }), { numRuns: 12 });
  }, 60_000);
});

function toRuns(minutes: readonly number[]): OpenTime[] {
  const runs: OpenTime[] = [];
  for (const at of minutes) {
    const last = runs.at(-1);
    if (last !== undefined && last.end === at) runs[runs.length - 1] = { start: last.start, end: at + MINUTE };
    else runs.push({ start: at, end: at + MINUTE });
  }
  return runs;
}

it('the walker finds a window that is an hour off', () => {
  const [from, until] = [Date.parse('2026-03-28T00:00:00Z'), Date.parse('2026-03-30T00:00:00Z')];
  expect(minutesOf(findOpenTimes([weekly(EVERY, '02:00', '05:00')], 'Europe/Berlin', from, until), from, until)).not.toEqual(walk([weekly(EVERY, '03:00', '06:00')], 'Europe/Berlin', from, until));
});

describe('by hand', () => {
  it.each<[string, WindowRule[], string, string, string[]]>([
    ['an hour is skipped: 02:00-05:00 is two hours long', [weekly(EVERY, '02:00', '05:00')], 'Europe/Berlin', '2026-03-28', ['2026-03-28T01:00 +180', '2026-03-29T01:00 +120', '2026-03-30T00:00 +180']],
    ['a window that lies in the skipped hour does not open that day', [weekly(EVERY, '02:15', '02:45')], 'Europe/Berlin', '2026-03-28', ['2026-03-28T01:15 +30', '2026-03-30T00:15 +30']],
    ['an hour is repeated: 02:00-05:00 is four hours long', [weekly(EVERY, '02:00', '05:00')], 'Europe/Berlin', '2026-10-24', ['2026-10-24T00:00 +180', '2026-10-25T00:00 +240', '2026-10-26T01:00 +180']],
    ['a window that lies in the repeated hour opens twice', [weekly(EVERY, '02:15', '02:45')], 'Europe/Berlin', '2026-10-24', ['2026-10-24T00:15 +30', '2026-10-25T00:15 +30', '2026-10-25T01:15 +30', '2026-10-26T01:15 +30']],
    ['half an hour in Lord Howe', [weekly(EVERY, '01:00', '03:00')], 'Australia/Lord_Howe', '2026-10-02', ['2026-10-02T14:30 +120', '2026-10-03T14:30 +90', '2026-10-04T14:00 +120']],
    ['over midnight, of the day it begins on', [weekly([6], '22:00', '04:00')], 'UTC', '2026-11-20', ['2026-11-21T22:00 +360']],
    ['two that touch are one', [weekly([6], '22:00', '24:00'), weekly([0], '00:00', '05:00')], 'UTC', '2026-11-20', ['2026-11-21T22:00 +420']],
    ['cron in the skipped hour opens an hour later', [cron('30 2 * * *', 3600)], 'Europe/Berlin', '2026-03-28', ['2026-03-28T01:30 +60', '2026-03-29T01:00 +60', '2026-03-30T00:30 +60']],
    ['cron in the repeated hour opens once', [cron('30 2 * * *', 3600)], 'Europe/Berlin', '2026-10-24', ['2026-10-24T00:30 +60', '2026-10-25T00:30 +60', '2026-10-26T01:30 +60']],
    ['cron that opens again before it closes stays open', [cron('*/30 3-4 * * *', 3600)], 'UTC', '2026-11-20', ['2026-11-20T03:00 +150', '2026-11-21T03:00 +150', '2026-11-22T03:00 +150']],
  ])('%s', (_name, rules, zone, day, expected) => {
    const from = Date.parse(`${day}T00:00:00Z`);
    expect(shown(findOpenTimes(rules, zone, from, from + 3 * DAY))).toEqual(expected);
  });
  it('a cron window knows its next time however far it is', () => {
    expect(lookAtWindows([cron('0 2 29 2 *', 3600)], 'UTC', new Date('2026-11-21T00:00:00Z'), 60).opensAt?.toISOString()).toBe('2028-02-29T02:00:00.000Z');
  });
  it('a cron window that is always open is found open at once', () => {
    expect(lookAtWindows([cron('* * * * *', 3600)], 'UTC', new Date('2026-11-21T00:00:00Z'), 900).enough).toBe(true);
  });
  it('none is long enough: no time is promised, and the longest is told', () => {
    expect(lookAtWindows([weekly(EVERY, '02:00', '02:20')], 'UTC', new Date('2026-11-21T02:05:00Z'), 3600)).toEqual({ openUntil: new Date('2026-11-21T02:20:00Z'), enough: false, opensAt: null, longest: 1200 });
  });
});

describe('how long an update takes', () => {
  const entry = (duration_ms: number, changes: Partial<HistoryEntry> = {}): HistoryEntry => ({
    at: '', transaction: '', kind: 'update', outcome: 'committed', from: null, to: '1.0.0', reason: null, actor: '', downtime_ms: null, duration_ms, bytes_downloaded: 0, bytes_written: 0, ...changes,
  });
  it.each<[string, HistoryEntry[], number]>([
    ['never updated', [], 300 + 60 + 600],
    ['the longest of the last five', [entry(100_000), entry(200_000), entry(90_000), entry(80_000), entry(70_000), entry(999_000)], 200 + 600],
    ['what was reverted or rolled back says nothing', [entry(900_000, { outcome: 'reverted' }), entry(5000, { kind: 'rollback' }), entry(100_000)], 100 + 600],
    ['a probation that was lengthened since', [entry(10_000)], 60 + 600],
  ])('%s', (_name, history, expected) => { expect(estimateUpdate(history, 60, 600)).toBe(expected); });
});
