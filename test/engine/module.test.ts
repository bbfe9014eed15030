// A module in the engine: which phases run in which order, and what follows from each answer.
import { appendFileSync, chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDeviceState } from '../../src/engine/device-state.js';
import { findUnsettled } from '../../src/engine/journal.js';
import { settleEnded } from '../../src/engine/settle.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { adopted, makeKeepingWorld, RELEASE } from '../support/device-scenario.js';
import { destroyDeviceWorld, partsOf, quickCalls, seeThrough, updateWorld, type DeviceWorld } from '../support/device-world.js';
import { firmware, giveModule, makeModule, type Misdeeds } from '../support/module-world.js';

const fs = createFilesystem();
let world: DeviceWorld;
let told: string[];
beforeEach(async () => {
  world = makeKeepingWorld();
  await adopted(world);
  giveModule(world);
  told = [];
});
afterEach(() => destroyDeviceWorld(world));

const misbehave = (misdeeds: Misdeeds): void => { world.hooks.module = (calls) => makeModule(world, calls, misdeeds, told); };
const update = () => updateWorld(world, quickCalls(), { files: RELEASE });
const version = (): string => (seeThrough(world)['VERSION'] ?? '').trim();
const blocked = (): readonly string[] => readDeviceState(fs, world.layout).blocked.map((entry) => entry.version);

describe('an update with a module', () => {
  it('checks, prepares, applies and verifies', async () => {
    misbehave({});
    expect((await update()).outcome).toBe('committed');
    expect(told).toEqual(['check', 'prepare', 'apply', 'verify']);
    expect([version(), firmware(world)]).toEqual(['1.1.0', '1.1.0']);
  });

  it.each([
    ['says not now', { check: 'not-now' }, 'discarded', ['check'], []],
    ['cannot prepare', { prepare: 'fails' }, 'discarded', ['check', 'prepare'], []],
    ['fails half way', { apply: 'fails' }, 'reverted', ['check', 'prepare', 'apply', 'undo'], ['1.1.0']],
    ['lies about its success', { apply: 'lies' }, 'reverted', ['check', 'prepare', 'apply', 'verify', 'undo'], ['1.1.0']],
  ] as const)('that %s leaves the device as it was', async (_, misdeeds, outcome, phases, blocks) => {
    misbehave(misdeeds);
    expect((await update()).outcome).toBe(outcome);
    expect(told).toEqual(phases);
    expect([version(), firmware(world)]).toEqual(['1.0.0', '1.0.0']);
    expect(blocked()).toEqual(blocks);
  });

  it('that says not now is waited for, which is no error', async () => {
    misbehave({ check: 'not-now' });
    expect(await update()).toMatchObject({ outcome: 'discarded', error: undefined, waiting: { reason: 'hold', detail: expect.stringContaining('the board is busy') as unknown, until: null } });
    expect(readDeviceState(fs, world.layout)).toMatchObject({ last_error: null, waiting: { reason: 'hold' } });
  });

  it('that fails its probation is undone by its own program', async () => {
    misbehave({});
    world.hooks.verdict = 'failed';
    expect((await update()).outcome).toBe('reverted');
    expect(told.at(-1)).toBe('undo');
    expect([version(), firmware(world)]).toEqual(['1.0.0', '1.0.0']);
  });

  it('whose undo fails is kept and called again, and nothing else begins until it has undone or a person gives up', async () => {
    misbehave({ undo: 'fails' });
    world.hooks.verdict = 'failed';
    expect((await update()).outcome).toBe('reverted');
    expect([version(), firmware(world)]).toEqual(['1.0.0', '1.1.0']);
    expect(readdirSync(join(world.layout.installDir, '.holdline/versions'))).toHaveLength(2);
    await expect(settleEnded(partsOf(world))).rejects.toMatchObject({ code: 'module-undo', message: expect.stringContaining('did not undo') as unknown });
    expect(findUnsettled(fs, join(world.layout.stateDir, 'journal'))).toHaveLength(1);
    misbehave({});
    await settleEnded(partsOf(world));
    expect(firmware(world)).toBe('1.0.0');
    expect(readdirSync(join(world.layout.installDir, '.holdline/versions'))).toHaveLength(1);
  });

  it('can be given up on', async () => {
    misbehave({ undo: 'fails' });
    world.hooks.verdict = 'failed';
    await update();
    await settleEnded(partsOf(world), { isGivenUp: ({ plan: { to } }) => to.version === '1.1.0' });
    expect(findUnsettled(fs, join(world.layout.stateDir, 'journal'))).toEqual([]);
  });

  it('is not called when its files are not those of the release', async () => {
    misbehave({});
    world.hooks.onStop = () => {
      const [directory] = readdirSync(join(world.layout.installDir, '.holdline/versions')).filter((name) => name.startsWith('1.1.0'));
      const file = join(world.layout.installDir, '.holdline/versions', directory ?? '', 'src/main.js');
      chmodSync(file, 0o644);
      appendFileSync(file, '// changed after it was proven\n');
    };
    const end = await update();
    expect(end).toMatchObject({ outcome: 'reverted', code: 'module-changed' });
    expect(told).toEqual(['check', 'prepare']);
    expect(firmware(world)).toBe('1.0.0');
    expect(existsSync(join(world.layout.installDir, 'VERSION'))).toBe(true);
  });
});
