// When windows are open. A weekly window is open while the wall clock of its zone shows a time inside it: what a clock change skips
// is not there, what it repeats is there twice. A cron window opens when croner says and stays open for its length. Pure.
import { Cron } from 'croner';
import type { WindowRule } from '../domain/policy.js';
import { stretchesOf, type Stretch } from './local-time.js';

/** Epoch milliseconds; the end is not part of it. */
export interface OpenTime { readonly start: number; readonly end: number }

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
/** 1 January 1970 was a Thursday. */
const FIRST_WEEKDAY = 4;
/** A window that opens more often in the time that is looked at is known well enough by then. */
const MAX_RUNS = 4000;

/** Those that begin before `until` and end after `from`, in order, joined where they touch. What began before `from` may be cut off there. */
export function findOpenTimes(rules: readonly WindowRule[], zone: string, from: number, until: number): readonly OpenTime[] {
  const stretches = rules.some(({ kind }) => kind === 'weekly') ? stretchesOf(zone, from - 2 * DAY_MS, until + 2 * DAY_MS) : [];
  const times = rules.flatMap((rule) => (rule.kind === 'weekly' ? stretches.flatMap((stretch) => weeklyTimes(rule, stretch)) : cronTimes(rule, zone, from, until)));
  return join(times).filter(({ start, end }) => start < until && end > from);
}

function weeklyTimes({ days, from, to }: Extract<WindowRule, { kind: 'weekly' }>, { start, end, offset }: Stretch): readonly OpenTime[] {
  const found: OpenTime[] = [];
  const length = (to > from ? to - from : to + 1440 - from) * MINUTE_MS;
  for (let day = Math.floor((start + offset) / DAY_MS) - 1; day * DAY_MS < end + offset; day += 1) {
    if (!days.includes((((day + FIRST_WEEKDAY) % 7) + 7) % 7)) continue;
    const opens = day * DAY_MS + from * MINUTE_MS - offset;
    const time = { start: Math.max(opens, start), end: Math.min(opens + length, end) };
    if (time.start < time.end) found.push(time);
  }
  return found;
}

function cronTimes({ expression, seconds }: Extract<WindowRule, { kind: 'cron' }>, zone: string, from: number, until: number): readonly OpenTime[] {
  const cron = new Cron(expression, { timezone: zone });
  const found: OpenTime[] = [];
  let at = cron.nextRun(new Date(from - seconds * 1000));
  for (; at !== null && at.getTime() < until && found.length < MAX_RUNS; at = cron.nextRun(at)) found.push({ start: at.getTime(), end: at.getTime() + seconds * 1000 });
  return found;
}

function join(times: readonly OpenTime[]): readonly OpenTime[] {
  const joined: OpenTime[] = [];
  for (const time of [...times].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last === undefined || time.start > last.end) joined.push(time);
    else joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, time.end) };
  }
  return joined;
}
