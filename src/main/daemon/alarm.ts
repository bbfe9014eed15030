// Wakes the daemon's loop before its time.
import type { Clock } from '../../domain/ports.js';

/** Wakes who sleeps; whoever does not sleep yet will not. */
export interface Alarm { ring(): void; /** True when it was woken. */ sleep(clock: Clock, seconds: number, signal: AbortSignal): Promise<boolean> }

export function createAlarm(): Alarm {
  let nap: AbortController | undefined;
  let rung = false;
  return {
    ring: () => { rung = true; nap?.abort(); },
    async sleep(clock, seconds, signal) {
      nap = new AbortController();
      try { if (!rung) await clock.sleep(seconds * 1000, AbortSignal.any([signal, nap.signal])); } catch (thrown) {
        if (signal.aborted) throw thrown;
      }
      const woken = rung;
      rung = false;
      nap = undefined;
      return woken;
    },
  };
}
