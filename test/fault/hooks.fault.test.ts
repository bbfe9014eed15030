// An update with hooks, dead at every effect of holdline and of the hooks themselves: whatever before_switch has begun, somebody is told how
// it ended, and what they were told is what became of the tree.
import { describe, expect, it } from 'vitest';
import { adopted, AFTER, BEFORE, scenario, update, type Way } from '../support/device-scenario.js';
import type { DeviceWorld } from '../support/device-world.js';
import { forEveryEffect, verdicts, type Scenario } from '../support/for-every-effect.js';
import { giveHooks, makeHooks, outside, type HookMisdeeds } from '../support/hook-world.js';

const withHooks = (misdeeds: HookMisdeeds, verdict: 'healthy' | 'failed' = 'healthy', blind = false): Scenario<DeviceWorld> => {
  const way: Way = {
    prepare: async (world) => {
      await adopted(world);
      giveHooks(world);
      world.hooks.verdict = verdict;
      world.hooks.hook = (calls) => makeHooks(world, calls, misdeeds);
    },
    act: update(), old: BEFORE, new: AFTER,
  };
  const base = scenario(way);
  return {
    ...base,
    recover: async (world, calls) => {
      // The negative control: a next start that tells nobody.
      if (blind) world.hooks.hook = () => ({ run: async () => undefined });
      await base.recover(world, calls);
    },
    check: (world) => {
      const tree = base.check(world);
      const said = outside(world);
      const right = tree === 'new' ? ['full after_commit 1.1.0'] : ['full', 'full after_revert 1.0.0'];
      if (!right.includes(said)) throw new Error(`the tree is ${tree}, outside it is "${said}"`);
      return tree;
    },
  };
};

describe('what hooks have begun is ended, as the tree ends', () => {
  it.each([
    ['a good update', {}, 'healthy', ['new', 'old'], 1],
    ['one whose after_switch fails', { after_switch: 'fails' }, 'healthy', ['old'], 5],
    ['one that fails its probation', {}, 'failed', ['old'], 2],
    ['one whose told hooks fail', { after_commit: 'fails', after_revert: 'fails' }, 'healthy', ['new', 'old'], 5],
  ] as const)('%s, dead at its effects', async (_, misdeeds, verdict, expected, every) => {
    // Up to its last steps each goes the way of the first, which dies at every one.
    const trials = await forEveryEffect(withHooks(misdeeds, verdict), { every, recoveryStride: 97 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
  });

  it('negative control: a start that tells nobody is caught', async () => {
    await expect(forEveryEffect(withHooks({}, 'healthy', true))).rejects.toThrow(/the tree is old, outside it is "drained by before_switch"/u);
  });
});
