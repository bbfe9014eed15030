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
  /** The one after the first: from then on the devices behind one address are spread over the whole interval. */
  readonly second?: boolean;
  readonly waiting: Waiting | null;
  /** How many intervals it takes until it is this device's turn: 1, more where the shared quota is nearly spent. */
  readonly stretch?: number;
  readonly now: Date;
  /** 0 to 1. */
  readonly random: number;
}

/** Seconds until the next check: jitter only at the start, then the interval with jitter; a limit that ends later is waited for. */
export function nextCheckDelay(timing: CheckTiming): number {
  const jitter = timing.random * Math.min(MAX_JITTER_S, timing.interval * JITTER_SHARE);
  if (timing.first) return jitter;
  const interval = timing.interval * (timing.stretch ?? 1);
  const until = timing.waiting?.until ?? null;
  const wait = until === null ? 0 : (Date.parse(until) - timing.now.getTime()) / 1000;
  // All who were refused together must not come back together.
  if (timing.waiting?.reason === 'rate-limit') return Math.max(MIN_DELAY_S, interval, wait) + timing.random * interval;
  // Other waits end at a known time: look again then, if that is sooner than the next turn. A rollout's step is the same moment for many devices.
  if (wait > 0 && wait < interval && timing.waiting?.reason !== 'rollout') return Math.max(MIN_DELAY_S, wait) + jitter;
  return Math.max(MIN_DELAY_S, interval) + (timing.second === true ? timing.random * interval : jitter);
}
