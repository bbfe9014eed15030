// A module's update, dead at every effect of holdline and of the module itself: the board and the tree always say the same.
import { describe, expect, it } from 'vitest';
import { adopted, AFTER, BEFORE, scenario, update, type Way } from '../support/device-scenario.js';
import { seeThrough, type DeviceWorld } from '../support/device-world.js';
import { forEveryEffect, verdicts, type Scenario } from '../support/for-every-effect.js';
import { firmware, giveModule, makeModule, type Misdeeds } from '../support/module-world.js';

const withModule = (misdeeds: Misdeeds, verdict: 'healthy' | 'failed' = 'healthy', blind = false): Scenario<DeviceWorld> => {
  const way: Way = {
    prepare: async (world) => {
      await adopted(world);
      giveModule(world);
      world.hooks.verdict = verdict;
      world.hooks.module = (calls) => makeModule(world, calls, misdeeds);
    },
    act: update(), old: BEFORE, new: AFTER,
  };
  const base = scenario(way);
  return {
    ...base,
    recover: async (world, calls) => {
      // The negative control: a next start that forgets the module.
      if (blind) world.hooks.module = () => ({ run: async () => undefined });
      await base.recover(world, calls);
    },
    check: (world) => {
      const tree = base.check(world);
      const version = (seeThrough(world)['VERSION'] ?? '').trim();
      if (firmware(world) !== version) throw new Error(`the tree is ${version}, the board ${firmware(world)}`);
      return tree;
    },
  };
};

describe('a module ends where the tree ends', () => {
  it.each([
    ['a good update', {}, 'healthy', ['new', 'old']],
    ['one whose apply fails half way', { apply: 'fails' }, 'healthy', ['old']],
    ['one whose apply lies about its success', { apply: 'lies' }, 'healthy', ['old']],
    ['one that fails its probation', {}, 'failed', ['old']],
  ] as const)('%s, dead at every effect', async (_, misdeeds, verdict, expected) => {
    const trials = await forEveryEffect(withModule(misdeeds, verdict), { recoveryStride: 53 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
  });

  it('negative control: a start that forgets the module is caught', async () => {
    await expect(forEveryEffect(withModule({}, 'healthy', true))).rejects.toThrow(/the tree is 1\.0\.0, the board (?:half|1\.1\.0)/u);
  });
});
