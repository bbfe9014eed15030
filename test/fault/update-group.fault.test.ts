// A transaction of two components, dead at every effect: both old or both new, whatever recovery finds. And controls that the checker must catch.
import { rmSync, symlinkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forEveryEffect, verdicts } from '../support/for-every-effect.js';
import { groupScenario, makeGroup, destroyGroup, updateBoth, type GroupWay } from '../support/group-scenario.js';
import { quickCalls } from '../support/device-world.js';

const ways: readonly (readonly [string, GroupWay, readonly string[], number])[] = [
  ['a good update of both', {}, ['new', 'old'], 1],
  ['one that fails its probes', { prepare: (world) => { world.hooks.verdict = 'failed'; } }, ['old'], 7],
  ['one whose second service does not start', { prepare: (world) => { world.hooks.failStart = 'top'; } }, ['old'], 7],
];

describe.each(ways)('%s', (_name, way, expected, every) => {
  it('ends with both at exactly old or both at exactly new, dead at its effects, and recovery too at some', async () => {
    const trials = await forEveryEffect(groupScenario(way), { every, recoveryStride: every === 1 ? 97 : 211 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
    expect(trials.length).toBeGreaterThan(200 / every);
  });
});

it('what depends on the other stops first and starts last, and the other way round when it is undone', async () => {
  const world = await makeGroup();
  try {
    world.hooks.verdict = 'failed';
    expect(await updateBoth(world, quickCalls())).toMatchObject([{ outcome: 'rolled_back' }, { outcome: 'rolled_back' }]);
    expect(world.hooks.order).toEqual(['stop top', 'stop base', 'start base', 'start top', 'stop top', 'stop base', 'start base', 'start top']);
  } finally { destroyGroup(world); }
});

it('the checker sees it when recovery is skipped', async () => {
  await expect(forEveryEffect(groupScenario({ skipRecovery: true }))).rejects.toThrow(/still open|neither old nor new|runs from|half a group/u);
});

it('the checker sees it when one of them is switched back alone', async () => {
  const scenario = groupScenario({});
  await expect(forEveryEffect({
    ...scenario,
    check(world) {
      const device = world.devices['top']!;
      const house = join(device.layout.installDir, '.holdline');
      const old = readdirSync(join(house, 'versions')).find((name) => name.startsWith('1.0.0'));
      if (old !== undefined) { rmSync(join(house, 'current')); symlinkSync(join('versions', old), join(house, 'current')); device.service.tree = join(house, 'versions', old); }
      return scenario.check(world);
    },
  }, { every: 50 })).rejects.toThrow(/half a group|runs from/u);
});
