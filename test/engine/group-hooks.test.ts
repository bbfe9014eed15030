// Hooks of components that move together: each at its place in the one plan, each told what became of all.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { HookName } from '../../src/domain/hooks.js';
import { readyMembers } from '../../src/engine/components/ready-members.js';
import { readHistory } from '../../src/engine/history.js';
import { hookFailure } from '../../src/modules/hook-contract.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { quickCalls, seeThrough } from '../support/device-world.js';
import { destroyGroup, groupOf, makeGroup, updateBoth, type GroupWorld } from '../support/group-scenario.js';
import { HOOKS } from '../support/hook-world.js';

let world: GroupWorld;
let misdeeds: Readonly<Record<string, 'fails' | 'not-now'>>;
beforeEach(async () => {
  world = await makeGroup();
  misdeeds = {};
  for (const [name, device] of Object.entries(world.devices)) {
    device.settings = { ...device.settings, app: name, hooks: HOOKS };
    // As in one process: whoever calls, the call says of which component it is.
    device.hooks.hook = () => ({ run: async (call) => {
      world.hooks.order.push(`${call.hook} ${call.component}`);
      const misdeed = misdeeds[`${call.hook} ${call.component}`];
      if (misdeed === 'not-now') throw new HoldlineError('hook-not-now', `cannot go on: ${call.component} says "not now"`);
      if (misdeed === 'fails') throw hookFailure(call, 'exit code 1');
    } });
  }
});
afterEach(() => destroyGroup(world));

const update = () => updateBoth(world, quickCalls());
const versions = (): readonly string[] => Object.values(world.devices).map((device) => (seeThrough(device)['VERSION'] ?? '').trim());
const warningsOf = (name: string): readonly string[] => readHistory(createFilesystem(), world.devices[name]!.layout, 1)[0]?.warnings ?? [];
const both = (hook: HookName, first: string, second: string): readonly string[] => [`${hook} ${first}`, `${hook} ${second}`];
const MOVED = ['before_switch top', 'before_switch base', 'stop top', 'stop base', 'after_switch base', 'start base', 'after_switch top', 'start top'];

it('all are asked before anything stops, each migrates before its own services start, all are told', async () => {
  expect(await update()).toMatchObject([{ outcome: 'updated' }, { outcome: 'updated' }]);
  expect(world.hooks.order).toEqual([...MOVED, ...both('after_commit', 'base', 'top')]);
});

it('a "not now" of one keeps all; what the other has begun is ended', async () => {
  misdeeds = { 'before_switch base': 'not-now' };
  expect(await update()).toMatchObject([{ outcome: 'waiting' }, { outcome: 'waiting' }]);
  expect(world.hooks.order).toEqual(['before_switch top', 'before_switch base', 'after_revert top']);
  expect(versions()).toEqual(['1.0.0', '1.0.0']);
});

it('one that cannot migrate takes all back, who are told when all run again', async () => {
  misdeeds = { 'after_switch top': 'fails' };
  expect(await update()).toMatchObject([{ outcome: 'rolled_back', code: 'hook-failed' }, { outcome: 'rolled_back', code: 'hook-failed' }]);
  expect(world.hooks.order).toEqual([...MOVED.slice(0, -1), 'stop base', 'start base', 'start top', ...both('after_revert', 'base', 'top')]);
  expect(versions()).toEqual(['1.0.0', '1.0.0']);
});

it('what one of them is told and cannot do is a warning of its own', async () => {
  misdeeds = { 'after_commit top': 'fails' };
  const words = 'cannot finish the hook after_commit of top: it failed (exit code 1)';
  const [base, top] = await update() as readonly { readonly warnings?: readonly string[] }[];
  expect([base?.warnings, top?.warnings, warningsOf('base'), warningsOf('top')]).toEqual([undefined, [words], [], [words]]);
});

it('they are told at the next start when a crash came between', async () => {
  Object.defineProperty(world.hooks, 'verdict', { configurable: true, get: () => { throw new Error('the power went'); } });
  await expect(update()).rejects.toThrow('the power went');
  Object.defineProperty(world.hooks, 'verdict', { value: 'healthy' });
  // One loses its tree on probation: recovery takes all back.
  rmSync(join(world.devices['top']!.layout.installDir, '.holdline/current'));
  world.hooks.order.length = 0;
  await readyMembers(groupOf(world), new AbortController().signal);
  expect(world.hooks.order.filter((act) => act.startsWith('after_'))).toEqual(both('after_revert', 'base', 'top'));
  expect(world.hooks.order.findLastIndex((act) => act.startsWith('start'))).toBeLessThan(world.hooks.order.indexOf('after_revert base'));
  expect(versions()).toEqual(['1.0.0', '1.0.0']);
});
