// When the daemon checks again. Pure.
import type { Waiting } from '../../domain/state.js';

/** A fleet switched on together must not ask together: up to a tenth of the interval, at most this. */
const MAX_JITTER_S = 60;
const JITTER_SHARE = 0.1;
/** Never more often than this, whatever a server says. */
const MIN_DELAY_S = 1;

export interface CheckTiming {
  /** Seconds. */
  readonly interval: number;
  readonly first: boolean;
  readonly waiting: Waiting | null;
  readonly now: Date;
  /** 0 to 1. */
  readonly random: number;
}

/** Seconds until the next check: jitter only at the start, then the interval with jitter; a limit that ends later is waited for. */
export function nextCheckDelay(timing: CheckTiming): number {
  const jitter = timing.random * Math.min(MAX_JITTER_S, timing.interval * JITTER_SHARE);
  if (timing.first) return jitter;
  const until = timing.waiting?.until ?? null;
  const wait = until === null ? 0 : (Date.parse(until) - timing.now.getTime()) / 1000;
  if (timing.waiting?.reason === 'rate-limit') return Math.max(MIN_DELAY_S, timing.interval, wait) + jitter;
  // Other waits end at a known time: look again then, if that is sooner than the next turn.
  if (wait > 0 && wait < timing.interval) return Math.max(MIN_DELAY_S, wait) + jitter;
  return Math.max(MIN_DELAY_S, timing.interval) + jitter;
}
