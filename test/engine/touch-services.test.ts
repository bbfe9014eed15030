// Which processes are acted on, in which order, on the way to a new version and back: the real plan, steps and journal on a device in a folder.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceSettings } from '../../src/domain/settings.js';
import { readDeviceState } from '../../src/engine/device-state.js';
import { rollBack } from '../../src/engine/rollback.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { adopted, BEFORE, RELEASE } from '../support/device-scenario.js';
import { addServices, destroyDeviceWorld, makeDeviceWorld, partsOf, runningTree, updateWorld, type DeviceWorld, type Files } from '../support/device-world.js';

let world: DeviceWorld;
beforeEach(async () => {
  world = makeDeviceWorld(BEFORE);
  await adopted(world);
});
afterEach(() => destroyDeviceWorld(world));

const glob = (...globs: readonly string[]): Pick<ServiceSettings, 'paths'> => ({ paths: globs.map((pattern) => ({ glob: pattern })) });
const signal = new AbortController().signal;
/** What an act did since the last call. */
const acts = (): string[] => world.acts.splice(0);
const declare = (...services: Parameters<typeof addServices>[1]): void => addServices(world, [{ name: 'app', ...glob('src/same.js') }, ...services]);
const update = (files: Files = RELEASE, version = '1.1.0') => updateWorld(world, undefined, { files, version });

describe('an update', () => {
  it('touches who is made of what changed and who depends on it, and leaves the rest running where it runs', async () => {
    const before = runningTree(world);
    declare({ name: 'main', ...glob('src/main.js') }, { name: 'user', ...glob('src/same.js'), dependsOn: ['main'] }, { name: 'quiet', ...glob('src/same.js') });
    expect(await update()).toMatchObject({ outcome: 'committed', results: { restarted: ['main', 'user'], reloaded: [] } });
    expect(acts()).toEqual(['stop user', 'stop main', 'start main', 'start user']);
    expect([world.service.tree, world.others.get('quiet')?.tree]).toEqual([before, before]);
    expect(world.others.get('main')?.tree).toBe(runningTree(world));
  });
  it('touches nobody, and has no downtime, when no file of anybody changed', async () => {
    declare({ name: 'quiet', ...glob('src/same.js') });
    expect(await update()).toMatchObject({ outcome: 'committed', downtimeMs: null, results: { restarted: [] } });
    expect(acts()).toEqual([]);
  });
  it('tells, rolls and restarts, each in its place', async () => {
    declare({ name: 'api@1', instanceOf: 'api', ...glob('src/main.js'), dependsOn: ['log'] }, { name: 'api@2', instanceOf: 'api', ...glob('src/main.js'), dependsOn: ['log'] },
      { name: 'log', ...glob('config'), onChange: { signal: 'SIGHUP' } }, { name: 'db', ...glob('src/main.js') });
    expect(await update()).toMatchObject({ outcome: 'committed', results: { restarted: ['db', 'api@1', 'api@2'], reloaded: ['log'] } });
    expect(acts()).toEqual(['stop db', 'start db', 'reload log', 'stop api@1', 'start api@1', 'look api@1', 'stop api@2', 'start api@2', 'look api@2']);
    expect(world.others.get('log')?.told).toEqual([runningTree(world)]);
  });
  it('counts config by what is on the device: an edit the release leaves alone changes nothing', async () => {
    declare({ name: 'reader', ...glob('config') });
    await update();
    expect(acts()).toContain('stop reader');
    await update({ ...RELEASE, 'VERSION': '1.2.0\n', 'src/main.js': 'three\n' }, '1.2.0');
    expect(acts()).toEqual([]);
  });
  it('counts config by what the merge makes of it: an edit that wins over the release changes nothing', async () => {
    declare({ name: 'reader', ...glob('config') }, { name: 'user', ...glob('src/same.js'), dependsOn: ['reader'] }, { name: 'main', ...glob('src/main.js') });
    await update();
    writeFileSync(join(world.layout.installDir, 'config/app.yaml'), 'port: 9\nname: a\nnew: true\n');
    acts();
    const home = world.others.get('reader')?.tree;
    // The release changes the very value that was edited: the edit stays, and with it the whole file.
    expect(await update({ ...RELEASE, 'VERSION': '1.2.0\n', 'src/main.js': 'three\n', 'config/app.yaml': 'port: 3\nname: a\nnew: true\n' }, '1.2.0')).toMatchObject({ outcome: 'committed', results: { restarted: ['main'] } });
    expect(acts()).toEqual(['stop main', 'start main']);
    expect(readDeviceState(createFilesystem(), world.layout).older_processes).toMatchObject({ reader: { directory: basename(home ?? '') }, user: { directory: basename(home ?? '') } });
    // Now it changes another one, too.
    expect(await update({ ...RELEASE, 'VERSION': '1.3.0\n', 'src/main.js': 'three\n', 'config/app.yaml': 'port: 3\nname: b\nnew: true\n' }, '1.3.0')).toMatchObject({ results: { restarted: ['reader', 'user'] } });
    expect(acts()).toEqual(['stop user', 'stop reader', 'start reader', 'start user']);
  });
  it('refuses a glob that matches nothing, and nothing has happened', async () => {
    declare({ name: 'wrong', ...glob('src/mian.js') });
    const before = runningTree(world);
    await expect(update()).rejects.toMatchObject({ code: 'service-paths' });
    expect([acts(), runningTree(world)]).toEqual([[], before]);
  });
});

describe('a revert', () => {
  const touched = (): void => declare({ name: 'db', ...glob('src/main.js') }, { name: 'log', ...glob('src/main.js'), onChange: { signal: 'SIGHUP' } },
    { name: 'api@1', instanceOf: 'api', ...glob('src/main.js') }, { name: 'api@2', instanceOf: 'api', ...glob('src/main.js') });
  it('touches exactly the same ones back, in the same order', async () => {
    const before = runningTree(world);
    touched();
    world.hooks.verdict = 'failed';
    expect((await update()).outcome).toBe('reverted');
    expect(acts()).toEqual(['stop db', 'start db', 'reload log', 'stop api@1', 'start api@1', 'look api@1', 'stop api@2', 'start api@2', 'look api@2',
      'stop db', 'start db', 'reload log', 'stop api@1', 'start api@1', 'stop api@2', 'start api@2']);
    for (const name of ['db', 'api@1', 'api@2']) expect(world.others.get(name)?.tree).toBe(before);
    expect(world.others.get('log')?.told.at(-1)).toBe(before);
  });
  it('begins at the first instance that is not well, and the next ones were never touched', async () => {
    const before = runningTree(world);
    touched();
    world.hooks.failLook = (name, tree) => name === 'api@1' && tree !== before;
    expect(await update()).toMatchObject({ outcome: 'reverted', code: 'health-failed', reason: expect.stringContaining('api@1') });
    expect(acts()).toEqual(['stop db', 'start db', 'reload log', 'stop api@1', 'start api@1', 'look api@1', 'stop db', 'start db', 'reload log', 'stop api@1', 'start api@1']);
  });
  it('tells nobody who was not told yet', async () => {
    touched();
    world.hooks.failStart = (tree) => tree.includes('1.1.0');
    expect((await update()).outcome).toBe('reverted');
    expect(acts()).toEqual(['stop db', 'start db', 'stop db', 'start db']);
  });
});

it('a rollback compares, too', async () => {
  declare({ name: 'main', ...glob('src/main.js') }, { name: 'quiet', ...glob('src/same.js') });
  await update();
  acts();
  expect(await rollBack(partsOf(world), { target: undefined, dryRun: false }, signal)).toMatchObject({ outcome: 'rolled_back', restarted: ['main'] });
  expect(acts()).toEqual(['stop main', 'start main']);
  const { backups } = await import('../../src/engine/backups.js').then(({ listBackups }) => ({ backups: listBackups(partsOf(world).fs, world.layout) }));
  const back = backups.find(({ manifest }) => manifest.version === '1.1.0');
  expect(await rollBack(partsOf(world), { target: back?.name, dryRun: false }, signal)).toMatchObject({ outcome: 'rolled_back', to: '1.1.0', restarted: ['main'] });
});

describe('a process that no update touches', () => {
  const releases = (from: number, to: number): Promise<unknown> => Array.from({ length: to - from + 1 }, (_, index) => from + index)
    .reduce<Promise<unknown>>((before, minor) => before.then(() => update({ ...RELEASE, 'VERSION': `1.${minor}.0\n`, 'src/main.js': `${minor}\n` }, `1.${minor}.0`)), Promise.resolve());
  const kept = (): string[] => readdirSync(join(world.layout.installDir, '.holdline/versions')).map((name) => name.split('-')[0] ?? '');
  const older = () => readDeviceState(createFilesystem(), world.layout).older_processes;

  it.each([['service', { kind: 'service', ...glob('src/same.js') }], ['hardware process', { kind: 'hardware' }], ['process that is only told', { onChange: { signal: 'SIGHUP' } }]] as const)('keeps the version directory it runs from, as a %s, however many updates come', async (_, how) => {
    addServices(world, [{ name: 'quiet', ...how }]);
    const home = world.others.get('quiet')?.tree ?? '';
    await releases(1, 4);
    expect(existsSync(join(home, 'src/main.js'))).toBe(true);
    expect(kept()).toEqual(['1.0.0', '1.3.0', '1.4.0']);
    expect(older()).toMatchObject({ quiet: { directory: basename(home), taken: 'kind' in how && how.kind === 'hardware' ? basename(home) : basename(runningTree(world)) } });
  });
  it('lets it go when the process has ended or was started anew, by whomever', async () => {
    addServices(world, [{ name: 'quiet', ...glob('src/same.js') }, { name: 'gone', ...glob('src/same.js') }]);
    await releases(1, 2);
    expect(kept()).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    Object.assign(world.others.get('quiet') ?? {}, { pid: 99, tree: runningTree(world) });
    Object.assign(world.others.get('gone') ?? {}, { tree: null });
    await releases(3, 3);
    expect(kept()).toEqual(['1.2.0', '1.3.0']);
    expect(older()).toEqual({ quiet: { directory: expect.stringMatching(/^1\.2\.0-/u), taken: expect.stringMatching(/^1\.3\.0-/u), pid: 99, boot_id: 'boot' } });
  });
  it('is kept when an update comes back, and when nobody could be asked', async () => {
    addServices(world, [{ name: 'quiet', ...glob('src/same.js') }]);
    await releases(1, 2);
    world.hooks.verdict = 'failed';
    expect((await update({ ...RELEASE, 'VERSION': '1.3.0\n', 'src/main.js': '3\n' }, '1.3.0')).outcome).toBe('reverted');
    expect(kept()).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    world.hooks.verdict = 'healthy';
    world.hooks.mute = true;
    await releases(4, 5);
    expect(kept()).toEqual(['1.0.0', '1.4.0', '1.5.0']);
  });
});

describe('a hardware process', () => {
  const METER = { name: 'meter', kind: 'hardware', ...glob('src/main.js') } as const;
  const allow = (hardware: 'auto' | 'never'): void => { world.settings = { ...world.settings, policy: { ...world.settings.policy, hardware } }; };
  it('is held back by the policy, then by a hold, and takes all it missed when it may', async () => {
    declare(METER);
    const home = world.others.get('meter')?.tree;
    await update();
    allow('auto');
    world.settings = { ...world.settings, holds: { ...world.settings.holds, gate: ['./may-update.sh'] } };
    world.hooks.held = true;
    await update({ ...RELEASE, 'VERSION': '1.2.0\n', 'src/new.js': 'new' }, '1.2.0');
    expect([acts(), world.others.get('meter')?.tree]).toEqual([[], home]);
    world.hooks.held = false;
    // Nothing of it changes from 1.2.0 to 1.3.0, but it runs from 1.0.0.
    expect((await update({ ...RELEASE, 'VERSION': '1.3.0\n' }, '1.3.0')).results.restarted).toEqual(['meter']);
    expect(world.others.get('meter')?.tree).toBe(runningTree(world));
    await update({ ...RELEASE, 'VERSION': '1.4.0\n' }, '1.4.0');
    expect(acts()).toEqual(['stop meter', 'start meter']);
  });
  it('that is a bridge is upgraded warm', async () => {
    allow('auto');
    declare({ ...METER, onChange: { bridge: 'line' } });
    expect((await update()).results).toMatchObject({ restarted: [], reloaded: ['meter'] });
    expect(acts()).toEqual(['reload meter']);
  });
});

it('a repair touches everything that may be touched', async () => {
  declare({ name: 'meter', kind: 'hardware' }, { name: 'quiet', ...glob('src/same.js') });
  await update();
  acts();
  expect((await update()).results.restarted).toEqual(['app', 'quiet']);
});
