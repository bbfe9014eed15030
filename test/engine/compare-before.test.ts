// What a probation compares with: an update with the hour before it, a person's rollback with nothing.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { WatchRules } from '../../src/engine/parts.js';
import { rollBack } from '../../src/engine/rollback.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, quickCalls, updateWorld, type DeviceWorld } from '../support/device-world.js';

let world: DeviceWorld;
beforeEach(async () => { world = makeDeviceWorld(); await adoptWorld(world); });
afterEach(() => destroyDeviceWorld(world));

it('is the moment the update began, and none for a rollback: a person knows why', async () => {
  const asked: WatchRules[] = [];
  const watch = (_touched: readonly string[], rules: WatchRules): Promise<{ verdict: 'healthy'; reason: null }> => { asked.push(rules); return Promise.resolve({ verdict: 'healthy', reason: null }); };
  expect((await updateWorld(world, quickCalls(), { watch })).outcome).toBe('committed');
  const parts = { ...partsOf(world), watch };
  expect((await rollBack(parts, { target: undefined, dryRun: false }, new AbortController().signal)).outcome).toBe('rolled_back');
  expect(asked.map(({ compareBefore }) => compareBefore)).toEqual([expect.stringMatching(/^2026-11-21T09:30:\d\d\.000Z$/u), null]);
});
