// One window as it is written: `Sat,Sun 02:00-05:00`, `Mon-Fri 22:00-04:00`, `02:00-05:00`, `cron 0 2 * * 1-5 for 2h`. Pure.
import { parseDuration } from '../domain/duration.js';
import type { WindowRule } from '../domain/policy.js';
import { suggest } from '../domain/suggest.js';
import { checkCron } from './check-cron.js';

export type ParsedWindow = { readonly rule: WindowRule } | { readonly problem: string; readonly hint: string };

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const FORM = 'Write it like "Sat,Sun 02:00-05:00", "Mon-Fri 22:00-04:00", "02:00-05:00" or "cron 0 2 * * 1-5 for 2h".';
/** A longer one would be no window. */
const MAX_CRON_S = 7 * 86_400;

export function parseWindow(text: string): ParsedWindow {
  const plain = text.trim().replaceAll(/\s+/gu, ' ');
  return /^cron\b/iu.test(plain) ? parseCron(text, plain) : parseWeekly(text, plain);
}

function parseWeekly(text: string, plain: string): ParsedWindow {
  const match = /^(?:(?<days>[^0-9]+?) )?(?<from>\d{1,2}:\d\d) ?- ?(?<to>\d{1,2}:\d\d)$/u.exec(plain)?.groups;
  if (match === undefined) return { problem: 'is neither days with times nor a cron expression', hint: FORM };
  const days = match['days'] === undefined ? EVERY_DAY : parseDays(match['days']);
  if (!Array.isArray(days)) return days;
  const [from, to] = [match['from'], match['to']].map((time) => parseTime(time ?? ''));
  if (from === undefined || to === undefined || from === 1440) return { problem: 'holds a time that no clock shows', hint: 'Times go from 00:00 to 23:59; a window may end at 24:00.' };
  if (from === to) return { problem: 'never opens: it ends when it begins', hint: 'For a whole day write 00:00-24:00; an end before the beginning lies on the next day.' };
  return { rule: { kind: 'weekly', text, days, from, to } };
}

type Wrong = Extract<ParsedWindow, { problem: string }>;

function parseDays(text: string): number[] | Wrong {
  if (/^(?:daily|\*)$/iu.test(text)) return EVERY_DAY;
  const found = new Set<number>();
  for (const part of text.split(',').map((word) => word.trim())) {
    const ends = part.split('-').map((word) => word.trim());
    const places = ends.map(dayOf);
    const wrong = ends[places.indexOf(-1)];
    if (wrong !== undefined || ends.length > 2) return unknownDay(wrong ?? part);
    const [first = 0, last = first] = places;
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === last) break;
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** The first letters are enough, three at the least. */
const dayOf = (word: string): number => (word.length < 3 ? -1 : DAYS.findIndex((day) => day.toLowerCase().startsWith(word.toLowerCase())));

function unknownDay(word: string): Wrong {
  const near = suggest(word, [...DAYS, ...DAYS.map((day) => day.slice(0, 3))]);
  return { problem: `holds the day "${word}", which nobody knows${near === undefined ? '' : `; did you mean "${near}"?`}`, hint: 'Days are Mon, Tue, Wed, Thu, Fri, Sat, Sun; several with commas, or Mon-Fri.' };
}

/** Minutes from midnight. */
function parseTime(text: string): number | undefined {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  const all = hours * 60 + minutes;
  return minutes < 60 && all <= 1440 ? all : undefined;
}

function parseCron(text: string, plain: string): ParsedWindow {
  const match = /^cron (?<expression>.+?) for (?<length>\S+)$/iu.exec(plain)?.groups;
  if (match === undefined) return { problem: 'does not say for how long the cron expression opens a window', hint: FORM };
  const { expression = '', length = '' } = match;
  const problem = checkCron(expression);
  if (problem !== undefined) return { problem, hint: 'A cron expression has five fields: minute, hour, day of month, month, day of week; "0 2 * * 1-5" is 02:00 from Monday to Friday.' };
  const seconds = parseDuration(length);
  if (seconds === undefined || seconds > MAX_CRON_S) return { problem: `has the length "${length}", which is none up to 7d`, hint: 'Write it like 90m, 2h or 1h30m.' };
  return { rule: { kind: 'cron', text, expression, seconds } };
}
