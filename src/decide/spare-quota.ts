// Is there a request to spare, and how often may this device ask? All devices behind one address share GitHub's hourly quota, and each sees
// only how much of it is left. Pure. What was used so far, spread over the window, says how much the others will still need.
import type { RateLimit } from '../domain/release.js';
import { BUCKETS } from '../domain/rollout.js';
import { bucketOf } from './rollout-bucket.js';

const WINDOW_S = 3600;
/** A window that has just begun says nothing yet: it counts as if it had run so long. */
const LEAST_ELAPSED_S = 600;
/** Use that was projected from less than half a window is no reason to change one's pace. */
const LEAST_JUDGED_S = 1800;
/** So much of the quota is aimed at: the rest is for downloads, and for people. */
const AIM = 0.9;
const MAX_STEP = 1.5;
/** Four intervals are a quarter of the pace; a fleet that needs less than that needs a token. */
const MAX_STRETCH = 4;

/** The requests of everybody in a whole window, if they go on as so far. */
function projectUse(limit: RateLimit, now: Date, leastElapsedS: number): number {
  const left = Math.min(WINDOW_S, Math.max(0, (Date.parse(limit.resetsAt) - now.getTime()) / 1000));
  return ((limit.limit - limit.remaining) / Math.max(leastElapsedS, WINDOW_S - left)) * WINDOW_S;
}

const isOver = (limit: RateLimit, now: Date): boolean => Date.parse(limit.resetsAt) <= now.getTime();

/** Kept free for what the others' lists need beyond the projection, and for who only looks whether news have come: for those who are let in. */
const RESERVE = { update: 3, news: 5 } as const;

/** One hour in eight a device may spend what is there, whatever is projected: who always asks late in the window must not wait for ever. */
const TURNS = 8;
const LAST_ONES = 4;

export interface Asking {
  /** As the last answer showed it; null: nobody counts. */
  readonly limit: RateLimit | null;
  /** `look`: somebody at the keyboard asks what would happen; one device's questions are not a fleet's. */
  readonly purpose: keyof typeof RESERVE | 'look';
  readonly deviceId: string;
  readonly now: Date;
}

/** One more request than the list of releases? */
export function mayAskMore({ limit, purpose, deviceId, now }: Asking): boolean {
  if (limit === null || isOver(limit, now)) return true;
  // The last few are for lists, which nobody can put off knowing.
  if (limit.remaining <= LAST_ONES) return false;
  if (purpose === 'look') return true;
  const hour = Math.floor(now.getTime() / (WINDOW_S * 1000));
  return bucketOf(deviceId, `hour ${hour}`) < BUCKETS / TURNS || projectUse(limit, now, LEAST_ELAPSED_S) + 1 + RESERVE[purpose] <= limit.limit;
}

/** How many intervals to wait from now on, from how many it was so far: slower where the quota would not last, faster again where it does. */
export function nextStretch(before: number, limit: RateLimit | null, now: Date): number {
  if (limit === null || limit.limit === 0 || isOver(limit, now)) return before;
  const factor = projectUse(limit, now, LEAST_JUDGED_S) / (limit.limit * AIM);
  return Math.min(MAX_STRETCH, Math.max(1, before * Math.min(MAX_STEP, Math.max(1 / MAX_STEP, factor))));
}
