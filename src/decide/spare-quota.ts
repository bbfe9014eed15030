// Is there a request to spare? All devices behind one address share GitHub's hourly quota, and each sees only how much of it is left. Pure.
// What was used so far, spread over the window, says how much the others will still need.
import type { RateLimit } from '../domain/release.js';

const WINDOW_S = 3600;
/** A window that has just begun says nothing yet: it counts as if it had run so long. */
const LEAST_ELAPSED_S = 600;

/** The requests of everybody in a whole window, if they go on as so far. */
export function projectUse(limit: RateLimit, now: Date): number {
  const left = Math.min(WINDOW_S, Math.max(0, (Date.parse(limit.resetsAt) - now.getTime()) / 1000));
  const elapsed = Math.max(LEAST_ELAPSED_S, WINDOW_S - left);
  return ((limit.limit - limit.remaining) / elapsed) * WINDOW_S;
}

/** @param limit as the last answer showed it; null: nobody counts */
export function mayAskMore(limit: RateLimit | null, now: Date): boolean {
  if (limit === null || Date.parse(limit.resetsAt) <= now.getTime()) return true;
  const projected = projectUse(limit, now);
  return limit.remaining > 0 && projected + 1 <= limit.limit;
}
