// A module's update, dead at every effect of holdline and of the module itself: the board and the tree always say the same.
import { describe, expect, it } from 'vitest';
import { adopted, AFTER, BEFORE, scenario, update, type Way } from '../support/device-scenario.js';
import { seeThrough, type DeviceWorld } from '../support/device-world.js';
import { forEveryEffect, verdicts, type Scenario } from '../support/for-every-effect.js';
import { checkGroup, groupScenario, type GroupWorld } from '../support/group-scenario.js';
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

/** Two that move together: `base` with a board, `top` with none. */
const inGroup = (misdeeds: Misdeeds, way: { readonly verdict?: 'failed'; readonly failStart?: 'top'; readonly blind?: true } = {}): Scenario<GroupWorld> => {
  const base = groupScenario({
    prepare: ({ devices, hooks }) => {
      const device = devices['base']!;
      giveModule(device);
      device.hooks.module = (calls) => makeModule(device, calls, misdeeds);
      hooks.verdict = way.verdict ?? 'healthy';
      if (way.failStart !== undefined) hooks.failStart = way.failStart;
    },
  });
  return {
    ...base,
    recover: async (world, calls) => {
      if (way.blind === true) world.devices['base']!.hooks.module = () => ({ run: async () => undefined });
      await base.recover(world, calls);
    },
    check: (world) => {
      const is = checkGroup(world);
      const board = firmware(world.devices['base']!);
      if (board !== (is === 'new' ? '1.1.0' : '1.0.0')) throw new Error(`both trees are ${is}, the board ${board}`);
      return is;
    },
  };
};

describe('a module of a group ends where all of them end', () => {
  it.each([
    ['a good update', {}, {}, ['new', 'old'], 1],
    ['one whose apply lies about its success', { apply: 'lies' }, {}, ['old'], 5],
    ['one whose other member does not start', {}, { failStart: 'top' }, ['old'], 5],
    ['one that fails its probation', {}, { verdict: 'failed' }, ['old'], 5],
  ] as const)('%s, dead at its effects', async (_, misdeeds, way, expected, every) => {
    const trials = await forEveryEffect(inGroup(misdeeds, way), { every, recoveryStride: 251 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
  });

  it('negative control: a start that forgets the module is caught', async () => {
    await expect(forEveryEffect(inGroup({}, { blind: true }))).rejects.toThrow(/both trees are old, the board (?:half|1\.1\.0)/u);
  });
});
