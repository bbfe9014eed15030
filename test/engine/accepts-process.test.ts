// Whether a process that outlived its daemon may go on from an older version: only where no update since has touched it.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acceptsProcess } from '../../src/engine/accepts-process.js';
import { createJournal } from '../../src/engine/journal.js';
import { changeDeviceState } from '../../src/engine/device-state.js';
import { EMPTY_STATE } from '../../src/domain/state.js';
import type { Layout } from '../../src/domain/layout.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { beginRecord, destroyWorld, makeWorld, type SmallWorld } from '../support/small-world.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

let world: SmallWorld;
let layout: Layout;
const fs = createFilesystem();
beforeEach(() => {
  world = makeWorld();
  layout = { installDir: world.install, stateDir: world.state, sharedDir: world.state, runtimeDir: join(world.dir, 'run'), backupPath: join(world.dir, 'backups') };
});
afterEach(() => destroyWorld(world));
const remember = (service: string, directory: string, pid: number | null = 7): void => {
  changeDeviceState(fs, layout, () => ({ ...EMPTY_STATE, older_processes: { [service]: { directory, taken: directory, pid, boot_id: 'b' } } }));
};
const at = '2026-11-21T09:30:00.000Z';
/** An update from 1.0.0-aaaaaaaaaaaa that touches `web`, in probation. */
function probe(begin = beginRecord(world)): void {
  const journal = createJournal(fs, world.journals, begin);
  for (const state of ['preparing', 'ready', 'switching', 'probing'] as const) journal.append({ type: 'state', state, at });
  journal.close();
}

const accepts = (service: string, generation: string, pid = 8, bootId = 'b'): boolean => acceptsProcess(fs, layout, { service, generation, pid, bootId });

it('nobody is accepted where nothing is remembered', () => {
  expect(accepts('quiet', 'versions/1.0.0-aaaaaaaaaaaa')).toBe(false);
  expect(accepts('quiet', 'plain')).toBe(false);
});
it('one that was left alone is: exactly that process of exactly this boot', () => {
  remember('quiet', '0.9.0-cccccccccccc');
  expect(accepts('quiet', 'versions/0.9.0-cccccccccccc', 7)).toBe(true);
  expect(accepts('quiet', 'plain', 7)).toBe(true);
  expect(accepts('quiet', 'versions/0.9.0-cccccccccccc', 8)).toBe(false);
  expect(accepts('quiet', 'versions/0.9.0-cccccccccccc', 7, 'other')).toBe(false);
  expect(accepts('other', 'versions/0.9.0-cccccccccccc', 7)).toBe(false);
});
it('one that could not be asked is known by what it was started from', () => {
  remember('quiet', '0.9.0-cccccccccccc', null);
  expect(accepts('quiet', 'versions/0.9.0-cccccccccccc')).toBe(true);
  expect(accepts('quiet', 'versions/0.8.0-dddddddddddd')).toBe(false);
});
it('in probation the plan says who was left alone', () => {
  probe();
  expect(accepts('quiet', 'versions/1.0.0-aaaaaaaaaaaa')).toBe(true);
  expect(accepts('quiet', 'versions/1.1.0-bbbbbbbbbbbb')).toBe(false);
  expect(accepts('quiet', 'plain')).toBe(false);
  remember('web', '1.0.0-aaaaaaaaaaaa');
  expect(accepts('web', 'versions/1.0.0-aaaaaaaaaaaa', 7)).toBe(false);
});
it('where components move together, each goes by its own version before', () => {
  layout = { ...layout, stateDir: join(world.dir, 'own'), sharedDir: world.state, installDir: join(world.dir, 'second') };
  const begin = beginRecord(world);
  const version = (directory: string) => ({ version: '1.0.0', directory });
  const members = [
    { component: 'one', install_dir: world.install, state_dir: world.state, from: begin.plan.from, to: begin.plan.to },
    { component: 'two', install_dir: layout.installDir, state_dir: layout.stateDir, from: version('1.0.0-222222222222'), to: version('2.0.0-333333333333') },
  ];
  probe({ ...begin, members });
  expect(accepts('quiet', 'versions/1.0.0-222222222222')).toBe(true);
  expect(accepts('quiet', 'versions/1.0.0-aaaaaaaaaaaa')).toBe(false);
  layout = { ...layout, installDir: join(world.dir, 'third') };
  expect(accepts('quiet', 'versions/1.0.0-aaaaaaaaaaaa')).toBe(false);
});
it('what was started from a plain folder goes on from what that folder became', () => {
  probe();
  const record = join(world.install, '.holdline/records/1.0.0-aaaaaaaaaaaa');
  mkdirSync(record, { recursive: true });
  writeFileSync(join(record, 'record.json'), JSON.stringify({ format: 1, version: '1.0.0', tag: null, tree_digest: '', created: at, origin: 'adopted', has_shipped_config: false }));
  expect(accepts('quiet', 'plain')).toBe(true);
  expect(accepts('web', 'plain')).toBe(false);
});
it('a state nobody can read accepts nobody', () => {
  writeFileSync(join(world.state, 'state.json'), 'garbage');
  expect(accepts('quiet', 'versions/1.0.0-aaaaaaaaaaaa')).toBe(false);
});
