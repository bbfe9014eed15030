// Components that move together, through the engine: what becomes of each of them where the whole is cut off, undone or resumed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readyMembers } from '../../src/engine/components/ready-members.js';
import { destroyGroup, groupOf, makeGroup, updateBoth, type GroupWorld } from '../support/group-scenario.js';
import { quickCalls, seeThrough } from '../support/device-world.js';

const signal = new AbortController().signal;
let world: GroupWorld;
beforeEach(async () => { world = await makeGroup(); });
afterEach(() => destroyGroup(world));

const configOf = (name: string): string => join(world.devices[name]!.layout.installDir, 'config/app.yaml');

describe('a group whose probation was cut off once too often', () => {
  it('keeps what a person has edited meanwhile in the config of each of them', async () => {
    for (const device of Object.values(world.devices)) device.settings = { ...device.settings, probation: { ...device.settings.probation, maxRestarts: 0 } };
    world.hooks.onWatch = () => {
      for (const name of Object.keys(world.devices)) writeFileSync(configOf(name), `${readFileSync(configOf(name), 'utf8')}edited: ${name}\n`);
      throw new Error('killed');
    };
    await expect(updateBoth(world, quickCalls())).rejects.toThrow('killed');
    world.hooks.onWatch = undefined;
    expect((await readyMembers(groupOf(world), signal)).map(({ broken }) => broken)).toEqual([null, null]);
    for (const [name, device] of Object.entries(world.devices)) {
      expect(seeThrough(device)).toMatchObject({ 'VERSION': '1.0.0\n', 'config/app.yaml': expect.stringContaining(`edited: ${name}`) as unknown });
    }
  });
});
