import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOfHold, judgeHeld, parseLockFile, toStanding } from '../../src/decide/judge-holds.js';
import type { Hold, HoldMoment } from '../../src/domain/holds.js';

const TAKEN = new Date('2026-11-21T09:30:00.000Z');
/** Taken at uptime 1000 s for an hour. */
const hold = (changes: Partial<Hold> = {}): Hold => ({
  format: 1, id: 'm1', owner: 'measurement', reason: null, by: 'alice', taken_at: TAKEN.toISOString(), until: '2026-11-21T10:30:00.000Z', until_uptime_s: 4600, boot_id: 'a', process: null, ended: null, ...changes,
});
const moment = (secondsLater: number, changes: Partial<HoldMoment> = {}): HoldMoment => ({ now: new Date(TAKEN.getTime() + secondsLater * 1000), uptime: 1000 + secondsLater, bootId: 'a', isAlive: () => true, ...changes });
const process = { pid: 12, start_time: '777' };

describe('endOfHold', () => {
  it.each<[string, Hold, HoldMoment, string | null]>([
    ['stands', hold(), moment(3599), null],
    ['expires at its end', hold(), moment(3600), 'expired'],
    ['a wall clock that jumps ahead ends nothing', hold(), moment(10, { now: new Date('2030-01-01T00:00:00Z') }), null],
    ['a wall clock that jumps back prolongs nothing', hold(), moment(3600, { now: new Date('1970-01-01T00:00:00Z') }), 'expired'],
    ['after a reboot the wall clock counts', hold(), moment(60, { bootId: 'b', uptime: 5 }), null],
    ['after a reboot it expires by the wall clock', hold(), moment(3601, { bootId: 'b', uptime: 5 }), 'expired'],
    ['released', hold({ ended: { by: 'alice', forced: false, reason: null, at: '' } }), moment(0), 'released'],
    ['as long as its process', hold({ process, until: null, until_uptime_s: null }), moment(1e9), null],
    ['its process is gone', hold({ process, until: null, until_uptime_s: null }), moment(0, { isAlive: () => false }), 'its process has ended'],
    ['another process has its pid', hold({ process }), moment(0, { isAlive: ({ start_time: start }) => start === '888' }), 'its process has ended'],
    ['its process was of another boot, whoever has its pid now', hold({ process }), moment(0, { bootId: 'b' }), 'its process has ended'],
    ['its lease ends before its process', hold({ process }), moment(3600), 'expired'],
  ])('%s', (_name, one, at, expected) => { expect(endOfHold(one, at)).toBe(expected); });

  it('once over, it never stands again in the same boot, whatever the wall clock says', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }), fc.date({ noInvalidDate: true }), (first, later, now) => {
      if (endOfHold(hold(), moment(first)) !== null) expect(endOfHold(hold(), moment(first + later, { now }))).not.toBeNull();
    }));
  });
  it('says its end by the wall clock of now', () => {
    expect(toStanding(hold(), moment(600, { now: new Date('2027-01-01T00:00:00Z') })).until).toBe('2027-01-01T00:50:00.000Z');
    expect(toStanding(hold({ process, until: null, until_uptime_s: null }), moment(0)).until).toBeNull();
  });
});

describe('parseLockFile', () => {
  it.each([
    ['', undefined], ['measurement\n', undefined], ['0\n', undefined], ['-5', undefined],
    ['1234\n', { pid: 1234, startTime: null, reason: null }],
    ['1234 night run\nmore\n', { pid: 1234, startTime: null, reason: 'night run' }],
    ['  1234 5678  night run \n', { pid: 1234, startTime: '5678', reason: 'night run' }],
  ])('%j', (text, expected) => { expect(parseLockFile(text)).toEqual(expected); });
});

describe('judgeHeld', () => {
  it.each([[null, null], ['2026-11-21T08:30:01.000Z', null], ['2026-11-21T08:30:00.000Z', 'longer than holds.limit 3600 s (now: measurement)']])('since %s', (since, told) => {
    const alarm = judgeHeld(since, 3600, TAKEN, [toStanding(hold(), moment(0))]);
    if (told === null) expect(alarm).toBeNull(); else expect(alarm).toContain(told);
  });
});
