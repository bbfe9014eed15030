// A small fleet in simulated time: adoption follows what was asked and never runs ahead, a bad release is halted, and fifty devices without a
// token stay inside GitHub's sixty requests an hour. The large one: npm run bench -- fleet.
import { describe, expect, it } from 'vitest';
import { simulateFleet, type FleetPlan } from '../support/fleet/simulate-fleet.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
const publisher = { version: '1.3.0', releasedAt: HOUR, percent: 10, addPercent: 30, everyS: DAY, noticed: 0, noticedAfter: 6 * HOUR, pauseAt: 3, withdrawAt: 6 };
const PLAN: FleetPlan = { devices: 500, perAddress: 50, days: 5, seed: 3, interval: HOUR, maxAge: 6 * HOUR, requestsPerUpdate: 0, courteous: true, switchedOn: 60, publisher };

describe('a fleet', () => {
  it('takes what was asked and not more, and asks little', () => {
    const { curve, addresses } = simulateFleet(PLAN);
    // 500 devices are a sample: their buckets may lie some points off.
    for (const { asked, running } of curve) expect(running).toBeLessThanOrEqual(asked + 6);
    for (let at = 1; at < curve.length; at += 1) expect(curve[at]!.running).toBeGreaterThanOrEqual(curve[at - 1]!.running);
    expect(curve.at(-1)!.running).toBeGreaterThan(97);
    expect(addresses.count).toBe(10);
    // GitHub serves sixty; who is refused asked for more. One in two thousand is what chance leaves.
    expect(addresses.refused).toBeLessThan(addresses.served / 2000);
    expect(addresses.most).toBeLessThanOrEqual(64);
  });
  it('leaves a bad release that few have met', () => {
    const { curve, publisher: log } = simulateFleet({ ...PLAN, publisher: { ...publisher, noticed: 0.3 } });
    expect(log.map((line) => line.replace(/.*: /u, ''))).toEqual(['start', 'pause', 'withdraw']);
    expect(curve.at(-1)!.ever).toBeLessThan(14);
    expect(curve.at(-1)!.running).toBe(0);
  });
  it('of the control would be refused: the same without its courtesy', () => {
    expect(simulateFleet({ ...PLAN, days: 2, courteous: false, maxAge: 0 }).addresses.refused).toBeGreaterThan(500);
  });
});
