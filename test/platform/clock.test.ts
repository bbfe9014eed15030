import { expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.js';

it('sleeps, and stops at once for the reason it is given', async () => {
  const reason = new Error('SIGTERM');
  const controller = new AbortController();
  const asleep = systemClock.sleep(3_600_000_000, controller.signal);
  controller.abort(reason);
  await expect(asleep).rejects.toBe(reason);
  await expect(systemClock.sleep(1, AbortSignal.abort(reason))).rejects.toBe(reason);
  await expect(systemClock.sleep(0)).resolves.toBeUndefined();
  expect(systemClock.monotonicMs()).toBeGreaterThan(0);
});
