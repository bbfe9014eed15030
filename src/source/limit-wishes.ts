// What GitHub's answers say about asking again: retry-after, then the reset of a used-up quota, then waits that double. Pure.
import type { RateLimit } from '../domain/release.js';

type Headers = { get(name: string): string | null };

export const FIRST_WAIT_MS = 60_000;
export const MAX_BACKOFF_MS = 3_600_000;
/** No honest answer asks for more, and a device must not be frozen for good by a forged one. */
export const MAX_WAIT_MS = 24 * 3_600_000;

export interface LimitAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** GitHub's own sentence, for telling a secondary limit from a real 403. */
  readonly message: string;
}

export interface LimitWish {
  /** Milliseconds not to ask for; undefined when there is no such wish. */
  readonly waitMs: number | undefined;
  /** True when this very answer was a refusal because of a limit. */
  readonly refused: boolean;
  readonly rateLimit: RateLimit | undefined;
  /** Refusals in a row without a stated time, so far. */
  readonly strikes: number;
}

export function readLimitWish(answer: LimitAnswer, strikes: number, now: Date): LimitWish {
  const rateLimit = readRateLimit(answer.headers);
  // Measured against the server's own clock: a Pi's may be months behind.
  const serverNow = parseDate(answer.headers.get('date')) ?? now.getTime();
  const resetMs = rateLimit?.remaining === 0 ? Math.max(1000, Date.parse(rateLimit.resetsAt) - serverNow) : undefined;
  const bounded = (ms: number): number => Math.min(Math.max(ms, 0), MAX_WAIT_MS);
  if (answer.status < 400) return { waitMs: resetMs === undefined ? undefined : bounded(resetMs), refused: false, rateLimit, strikes: 0 };
  const retryAfterMs = readRetryAfter(answer.headers.get('retry-after'), serverNow);
  if (retryAfterMs !== undefined && [403, 429, 503].includes(answer.status)) {
    return { waitMs: bounded(retryAfterMs), refused: answer.status !== 503, rateLimit, strikes };
  }
  if (answer.status !== 403 && answer.status !== 429) return { waitMs: undefined, refused: false, rateLimit, strikes };
  if (resetMs !== undefined) return { waitMs: bounded(resetMs), refused: true, rateLimit, strikes };
  if (answer.status === 429 || /secondary rate limit|abuse detection/i.test(answer.message)) {
    return { waitMs: Math.min(FIRST_WAIT_MS * 2 ** Math.min(strikes, 10), MAX_BACKOFF_MS), refused: true, rateLimit, strikes: strikes + 1 };
  }
  return { waitMs: undefined, refused: false, rateLimit, strikes };
}

function readRateLimit(headers: Headers): RateLimit | undefined {
  const number = (name: string): number | undefined => {
    const text = headers.get(name);
    return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
  };
  const [limit, remaining, reset] = [number('x-ratelimit-limit'), number('x-ratelimit-remaining'), number('x-ratelimit-reset')];
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined;
  return { limit, remaining, resetsAt: new Date(reset * 1000).toISOString() };
}

/** Seconds or an HTTP date. */
function readRetryAfter(text: string | null, serverNow: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = parseDate(text);
  return date === undefined ? undefined : Math.max(0, date - serverNow);
}

function parseDate(text: string | null): number | undefined {
  const parsed = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}
