// A time zone as stretches of constant offset from UTC: inside one of them the wall clock runs straight. By Intl only.

export interface Stretch {
  /** Epoch milliseconds; the end is not part of it. */
  readonly start: number;
  readonly end: number;
  /** Wall clock minus UTC, milliseconds. */
  readonly offset: number;
}

/** No zone has changed its offset twice within this time and back. */
const LOOK_MS = 6 * 3_600_000;
const PRECISION_MS = 1000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Wall clock minus UTC at this instant, in milliseconds. @throws RangeError for a zone nobody knows */
export function offsetAt(ms: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    formats.set(zone, format);
  }
  // "3/29/2026, 03:00:00"
  const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = format.format(ms).split(/[/, :]+/u).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / PRECISION_MS) * PRECISION_MS;
}

/** The zone from `from` to `until`, cut where its offset changes. */
export function stretchesOf(zone: string, from: number, until: number): readonly Stretch[] {
  const found: Stretch[] = [];
  let start = from;
  let offset = offsetAt(from, zone);
  for (let at = from; at < until;) {
    const next = Math.min(at + LOOK_MS, until);
    const there = offsetAt(next, zone);
    if (there !== offset) {
      const change = findChange(zone, at, next);
      found.push({ start, end: change, offset });
      start = change;
      offset = there;
    }
    at = next;
  }
  return start < until ? [...found, { start, end: until, offset }] : found;
}

/** The first instant with the offset that holds at `until`; exact to the second. */
function findChange(zone: string, from: number, until: number): number {
  const before = offsetAt(from, zone);
  let low = Math.floor(from / PRECISION_MS);
  let high = Math.ceil(until / PRECISION_MS);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * PRECISION_MS, zone) === before) low = middle; else high = middle;
  }
  return Math.min(high * PRECISION_MS, until);
}
