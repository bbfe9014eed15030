// The machine's clocks. Wall time may jump by months on a Pi: durations come from the monotonic one only.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../domain/ports.js';

/** Longest timer Node can set; longer sleeps are slept in parts. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    const end = performance.now() + ms;
    for (let left = ms; left > 0; left = end - performance.now()) {
      try {
        await delay(Math.min(Math.ceil(left), MAX_TIMER_MS), undefined, signal === undefined ? {} : { signal });
      } catch (thrown) {
        signal?.throwIfAborted(); // Node's own AbortError hides the reason
        throw thrown;
      }
    }
  },
};
