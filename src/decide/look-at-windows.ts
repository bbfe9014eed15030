// Is a window open for long enough, and when does the next one open? Pure.
import type { WindowRule } from '../domain/policy.js';
import { findOpenTimes, type OpenTime } from './open-times.js';

export interface WindowLook {
  /** Until when a window is open now, or how far it was looked when that is some days away; null when none is open. */
  readonly openUntil: Date | null;
  /** It is open, and long enough. */
  readonly enough: boolean;
  /** When one opens that is long enough; null when none does. */
  readonly opensAt: Date | null;
  /** Seconds: the longest one that was seen, for the message when none is long enough. */
  readonly longest: number;
}

const DAY_MS = 86_400_000;
/** Nearly every window opens within some days; rules that name a date may wait for the next leap year, and one leap year in a century is left out. */
const HORIZONS_DAYS = [2, 16, 400, 9 * 366] as const;

/** @param needed seconds that must be left when an update is begun */
export function lookAtWindows(rules: readonly WindowRule[], zone: string, now: Date, needed: number): WindowLook {
  const at = now.getTime();
  const neededMs = needed * 1000;
  let longest = 0;
  let current: OpenTime | undefined;
  for (const days of HORIZONS_DAYS) {
    if (days > HORIZONS_DAYS[2] && rules.every(({ kind }) => kind === 'weekly')) break;
    const horizon = at + days * DAY_MS;
    // A window that begins just before the horizon is seen whole.
    const times = findOpenTimes(rules, zone, at, horizon + neededMs);
    current = times.find(({ start, end }) => start <= at && end > at);
    longest = Math.max(longest, ...times.map(({ start, end }) => (end - start) / 1000));
    if (current !== undefined && current.end - at >= neededMs) return { openUntil: new Date(current.end), enough: true, opensAt: null, longest };
    const next = times.find(({ start, end }) => start > at && start < horizon && end - start >= neededMs);
    if (next !== undefined) return { openUntil: endOf(current), enough: false, opensAt: new Date(next.start), longest };
  }
  return { openUntil: endOf(current), enough: false, opensAt: null, longest };
}

const endOf = (time: OpenTime | undefined): Date | null => (time === undefined ? null : new Date(time.end));
