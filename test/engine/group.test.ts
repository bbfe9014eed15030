// Components that move together, through the engine: what becomes of each of them where the whole is cut off, undone or resumed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit.js';
import { createComponentsUpdater } from '../../src/engine/components/create-components-updater.js';
import { readyMembers } from '../../src/engine/components/ready-members.js';
import { readDeviceState } from '../../src/engine/device-state.js';
import { findUnsettled } from '../../src/engine/journal.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { destroyGroup, groupOf, makeGroup, updateBoth, type GroupWorld } from '../support/group-scenario.js';
import { quickCalls, runningTree, seeThrough } from '../support/device-world.js';
import { firmware, giveModule, makeModule, type Misdeeds } from '../support/module-world.js';

const signal = new AbortController().signal;
const fs = createFilesystem();
let world: GroupWorld;
beforeEach(async () => { world = await makeGroup(); });
afterEach(() => destroyGroup(world));

const configOf = (name: string): string => join(world.devices[name]!.layout.installDir, 'config/app.yaml');
const versions = (): string[] => Object.values(world.devices).map((device) => (seeThrough(device)['VERSION'] ?? '').trim());
const state = (name: string) => readDeviceState(fs, world.devices[name]!.layout);

/** Killed in the probation, as often as it may be. */
async function cutOff(onWatch: () => void = () => undefined): Promise<void> {
  for (const device of Object.values(world.devices)) device.settings = { ...device.settings, probation: { ...device.settings.probation, maxRestarts: 0 } };
  world.hooks.onWatch = () => {
    onWatch();
    throw new Error('killed');
  };
  await expect(updateBoth(world, quickCalls())).rejects.toThrow('killed');
  world.hooks.onWatch = undefined;
}

describe('a group whose probation was cut off once too often', () => {
  it('keeps what a person has edited meanwhile in the config of each of them', async () => {
    await cutOff(() => { for (const name of Object.keys(world.devices)) writeFileSync(configOf(name), `${readFileSync(configOf(name), 'utf8')}edited: ${name}\n`); });
    expect((await readyMembers(groupOf(world), signal)).map(({ broken }) => broken)).toEqual([null, null]);
    for (const [name, device] of Object.entries(world.devices)) {
      expect(seeThrough(device)).toMatchObject({ 'VERSION': '1.0.0\n', 'config/app.yaml': expect.stringContaining(`edited: ${name}`) as unknown });
    }
  });
});

function withModule(name: string, misdeeds: Misdeeds = {}): void {
  const device = world.devices[name]!;
  giveModule(device);
  device.hooks.module = (calls) => makeModule(device, calls, misdeeds);
}

describe('a module in a group', () => {
  it('asks before anything stops, applies after what it depends on has started, and before its own starts', async () => {
    withModule('base');
    withModule('top');
    world.hooks.order = [];
    expect(await updateBoth(world, quickCalls())).toMatchObject([{ outcome: 'updated' }, { outcome: 'updated' }]);
    expect(world.hooks.order).toEqual([
      'check base', 'prepare base', 'check top', 'prepare top', 'stop top', 'stop base', 'apply base', 'verify base', 'start base', 'apply top', 'verify top', 'start top',
    ]);
    expect(Object.values(world.devices).map(firmware)).toEqual(['1.1.0', '1.1.0']);
  });
  it('is undone when the others fail, with what depends on it stopped', async () => {
    withModule('base');
    world.hooks.failStart = 'top';
    world.hooks.order = [];
    expect(await updateBoth(world, quickCalls())).toMatchObject([{ outcome: 'rolled_back' }, { outcome: 'rolled_back' }]);
    expect(world.hooks.order.slice(-5)).toEqual(['stop top', 'stop base', 'undo base', 'start base', 'start top']);
    expect(firmware(world.devices['base']!)).toBe('1.0.0');
  });
  it('that says not now keeps all of them waiting, with nothing changed', async () => {
    withModule('top', { prepare: 'not-now' });
    expect(await updateBoth(world, quickCalls())).toMatchObject([{ outcome: 'waiting', waiting: { reason: 'hold' } }, { outcome: 'waiting' }]);
    expect(['base', 'top'].map((name) => state(name).waiting?.reason)).toEqual(['hold', 'hold']);
    expect(versions()).toEqual(['1.0.0', '1.0.0']);
  });
  it('that fails takes all of them back, and blocks them', async () => {
    withModule('top', { verify: 'fails' });
    expect(await updateBoth(world, quickCalls())).toMatchObject([{ outcome: 'rolled_back', code: 'module-failed' }, { outcome: 'rolled_back', code: 'module-failed' }]);
    expect(['base', 'top'].map((name) => state(name).blocked)).toMatchObject([[{ version: '1.1.0' }], [{ version: '1.1.0' }]]);
    expect(firmware(world.devices['top']!)).toBe('1.0.0');
  });
});

describe('a module of a group that recovery could not call', () => {
  const misdeeds: { undo?: 'fails' } = {};
  beforeEach(async () => {
    destroyGroup(world);
    world = await makeGroup(['side']);
    delete misdeeds.undo;
    withModule('base');
    withModule('top', misdeeds);
    await cutOff();
  });
  const ready = async () => Object.fromEntries((await readyMembers(groupOf(world), signal)).map(({ name, broken }) => [name, broken?.code ?? null]));
  const kept = (name: string): boolean => existsSync(join(world.devices[name]!.layout.installDir, '.holdline/versions', tree[name] ?? ''));
  let tree: Record<string, string>;
  beforeEach(() => { tree = Object.fromEntries(['base', 'top'].map((name) => [name, runningTree(world.devices[name]!).split('/').at(-1) ?? ''])); });

  it('is undone at the next start, before services start again, by its own program, which is then removed', async () => {
    world.hooks.order = [];
    expect(await ready()).toEqual({ base: null, top: null, side: null });
    expect(world.hooks.order).toEqual(['undo top', 'undo base', 'stop top', 'stop base', 'start base', 'start top']);
    expect(['base', 'top'].map((name) => firmware(world.devices[name]!))).toEqual(['1.0.0', '1.0.0']);
    expect(['base', 'top'].map(kept)).toEqual([false, false]);
  });
  it('keeps its group waiting until it is undone, not the others; told once', async () => {
    misdeeds.undo = 'fails';
    const events: AuditEvent[] = [];
    const audited = () => { const app = groupOf(world); return { ...app, members: app.members.map((member) => ({ ...member, parts: { ...member.parts, audit: { note: (event: AuditEvent) => { events.push(event); }, head: () => undefined } } })) }; };
    for (let start = 0; start < 3; start += 1) {
      expect((await readyMembers(audited(), signal)).map(({ broken }) => broken?.code ?? null)).toEqual(['module-undo', 'module-undo', null]);
    }
    expect(events.filter(({ event }) => event === 'failed' || event === 'refused')).toHaveLength(2);
    expect(state('top').last_error).toMatchObject({ code: 'module-undo', message: expect.stringContaining('the update to top 1.1.0 was taken back') as unknown });
    // The other module of the group has not waited for it.
    expect(firmware(world.devices['base']!)).toBe('1.0.0');
    expect(kept('top')).toBe(true);
    delete misdeeds.undo;
    expect(await ready()).toEqual({ base: null, top: null, side: null });
    expect([firmware(world.devices['top']!), ...versions()]).toEqual(['1.0.0', '1.0.0', '1.0.0', '1.0.0']);
    expect(kept('top')).toBe(false);
  });
  it.each(['top', 'base'])('a person may give up on it, by the name of %s', async (component) => {
    misdeeds.undo = 'fails';
    await createComponentsUpdater(groupOf(world)).run({ kind: 'unblock', version: '1.1.0', component }, signal);
    expect(findUnsettled(fs, join(world.shared, 'journal'))).toEqual([]);
    expect(await ready()).toEqual({ base: null, top: null, side: null });
  });
  it.each(['top', 'base'])('is undone also where the settings no longer have %s; the others close their books', async (removed) => {
    const app = groupOf(world);
    const left = { ...app, members: app.members.filter(({ name }) => name !== removed), together: [] };
    expect((await readyMembers(left, signal)).map(({ broken }) => broken)).toEqual([null, null]);
    expect(versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
    expect(['base', 'top'].map((name) => firmware(world.devices[name]!))).toEqual(['1.0.0', '1.0.0']);
    expect(state(removed === 'top' ? 'base' : 'top').blocked).toMatchObject([{ version: '1.1.0' }]);
    expect(findUnsettled(fs, join(world.shared, 'journal'))).toEqual([]);
  });
});
