import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acknowledge, decodeRecord, deliver, drop, EMPTY_COUNTERS, encodeRecord, RECORD_BYTES } from '../../src/bridge/record.js';
import type { Counters } from '../../src/bridge/record.js';

const step = fc.record({ kind: fc.constantFrom('ack', 'deliver', 'drop'), by: fc.integer({ min: 0, max: 1000 }) });

describe('the counters', () => {
  it('add up after every step, whatever the order', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now: Counters = EMPTY_COUNTERS;
      let head = 0;
      for (const { kind, by } of steps) {
        head += by;
        const to = Math.floor((now.tail + head) / 2);
        now = kind === 'ack' ? acknowledge(now, to) : kind === 'drop' ? drop(now, to) : deliver(now, to);
        expect(now.acknowledged + now.dropped + (head - now.tail)).toBe(head);
        expect(now.delivered).toBeGreaterThanOrEqual(now.acknowledged);
        expect(now.delivered).toBeLessThanOrEqual(head);
        expect(decodeRecord(encodeRecord(now))).toEqual(now);
      }
    }));
  });

  it.each([
    ['nothing', Buffer.alloc(0)], ['zeros', Buffer.alloc(RECORD_BYTES)], ['a short record', encodeRecord(EMPTY_COUNTERS).subarray(1)],
    ['a record that does not add up', encodeRecord({ ...EMPTY_COUNTERS, tail: 5 })],
  ])('are not read from %s', (_what, bytes) => { expect(decodeRecord(bytes)).toBeUndefined(); });
});
