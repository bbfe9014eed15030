// A clock whose sleeps end at once and move its time: hours of probation in a few turns of the loop.
import type { Clock } from '../../../src/domain/ports.js';

export function autoClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  return {
    now: () => new Date(Date.UTC(2026, 10, 21) + now),
    monotonicMs: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      now += ms;
    },
    advance: (ms) => { now += ms; },
  };
}
