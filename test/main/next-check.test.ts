import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextCheckDelay } from '../../src/main/daemon/next-check.js';

const now = new Date('2026-11-21T09:00:00Z');
const base = { interval: 3600, first: false, waiting: null, now, random: 0.5 };

describe('nextCheckDelay', () => {
  it.each([
    ['the first check comes within the jitter', { ...base, first: true }, 30],
    ['a short interval has a short jitter', { ...base, first: true, interval: 10, random: 1 }, 1],
    ['then the interval', { ...base, random: 0 }, 3600],
    ['an exhausted limit is waited for', { ...base, random: 0, waiting: { reason: 'rate-limit' as const, detail: '', until: '2026-11-21T12:00:00Z' } }, 3 * 3600],
    ['a limit that ends sooner does not shorten it', { ...base, random: 0, waiting: { reason: 'rate-limit' as const, detail: '', until: '2026-11-21T09:05:00Z' } }, 3600],
    ['an incomplete release is looked at when it may be complete', { ...base, random: 0, waiting: { reason: 'incomplete-release' as const, detail: '', until: '2026-11-21T09:20:00Z' } }, 1200],
    ['a wait without an end does not matter', { ...base, random: 0, waiting: { reason: 'clock' as const, detail: '', until: null } }, 3600],
  ])('%s', (_name, timing, wanted) => { expect(nextCheckDelay(timing)).toBe(wanted); });

  it('is never shorter than a second after the first check, never longer than interval + a minute without a wait', () => {
    fc.assert(fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (interval, random) => {
      const delay = nextCheckDelay({ ...base, interval, random });
      expect(delay).toBeGreaterThanOrEqual(Math.max(1, interval));
      expect(delay).toBeLessThanOrEqual(interval + 60);
    }));
  });
});
