import { describe, expect, it } from 'vitest';
import { Pace, REST_MS } from '../../src/bridge/pace.js';

/** Bytes every `everyMs`, later by each rest, for `ms`: what each look was told. */
function listen(pace: Pace, { from = 0, ms, everyMs, bytes = 12 }: { from?: number; ms: number; everyMs: number; bytes?: number }): number[] {
  const rests: number[] = [];
  for (let now = from; now <= from + ms; now += everyMs) {
    const rest = pace.received(bytes, now);
    rests.push(rest);
    now += rest;
  }
  return rests;
}

describe('the line rests', () => {
  it.each([
    ['in an unbroken stream, once it has lasted', { ms: 1000, everyMs: 1 }, true],
    ['never in a frame of the usual length', { ms: 90, everyMs: 1 }, false],
    ['never where there are breaks between the bytes', { ms: 1000, everyMs: 30 }, false],
    ['never while the line is faster than we', { ms: 1000, everyMs: 1, bytes: 2000 }, false],
  ])('%s', (_what, stream, expected) => {
    const rests = listen(new Pace(), stream);
    expect(rests.includes(REST_MS)).toBe(expected);
    if (expected) expect(rests.at(-1)).toBe(REST_MS);
  });

  it('not after somebody wrote: a question is answered at once', () => {
    const pace = new Pace();
    expect(listen(pace, { ms: 500, everyMs: 1 }).at(-1)).toBe(REST_MS);
    pace.wrote();
    expect(listen(pace, { from: 501, ms: 80, everyMs: 1 }).includes(REST_MS)).toBe(false);
  });
});
