// The real steps over a real folder, without faults: what a person sees after adoption, update, revert, rollback, prune.
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBackups, verifyBackup } from '../../src/engine/backups.js';
import { readDevice } from '../../src/engine/read-device.js';
import { rollBack } from '../../src/engine/rollback.js';
import { verifyDevice } from '../../src/engine/verify-device.js';
import { codeOfAsync } from '../support/code-of.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, NEXT, partsOf, PLAIN, runningTree, seeThrough, updateWorld, writeFiles, type DeviceWorld } from '../support/device-world.js';

const signal = new AbortController().signal;
/** No base is known on the first update: the device's values stay, keys only the release has come in, the differing file lies beside. */
const MERGED = 'port: 8080\nname: here\nextra: true\n';
const AFTER: Record<string, string> = {
  ...NEXT, 'src/data/app.db': PLAIN['src/data/app.db'] ?? '', 'config/app.yaml': MERGED, 'config/app.yaml.new': NEXT['config/app.yaml'] ?? '', 'config/link': '-> app.yaml', 'notes.txt': PLAIN['notes.txt'] ?? '',
};
delete AFTER['README.md'];

let world: DeviceWorld;
const install = (path: string): string => join(world.layout.installDir, path);
beforeEach(() => { world = makeDeviceWorld(); });
afterEach(() => destroyDeviceWorld(world));

describe('an edit made during probation', () => {
  const edit = (change: (text: string) => string): void => {
    let stops = 0;
    world.hooks.onStop = () => {
      stops += 1;
      // The second stop is the new version's, when it is taken back.
      if (stops === 2) writeFileSync(install('config/app.yaml'), change(readFileSync(install('config/app.yaml'), 'utf8')));
    };
  };
  it.each<[string, (text: string) => string, Record<string, string | undefined>]>([
    ['a new key', (text) => `${text}mine: 7\n`, { 'config/app.yaml': 'port: 8080\nname: here\nmine: 7\n' }],
    ['a changed key', (text) => text.replace('8080', '9090'), { 'config/app.yaml': 'port: 9090\nname: here\n' }],
    ['nothing', (text) => text, { 'config/app.yaml': 'port: 8080\nname: here\n' }],
  ])('survives the revert: %s', async (_case, change, expected) => {
    await adoptWorld(world);
    world.hooks.verdict = 'failed';
    edit(change);
    expect(await updateWorld(world)).toMatchObject({ outcome: 'reverted' });
    expect(seeThrough(world)).toEqual({ ...PLAIN, ...expected });
  });
  it('survives as a file of its own where there was none', async () => {
    await adoptWorld(world);
    world.hooks.verdict = 'failed';
    let stops = 0;
    world.hooks.onStop = () => { stops += 1; if (stops === 2) writeFileSync(install('config/mine.json'), '{}\n'); };
    expect(await updateWorld(world)).toMatchObject({ outcome: 'reverted' });
    expect(seeThrough(world)).toEqual({ ...PLAIN, 'config/mine.json': '{}\n' });
  });
});

it('what is staged is closed to others until it is a version, and then open as before', async () => {
  await adoptWorld(world);
  const staging = install('.holdline/staging');
  const modes = new Set<string>();
  world.hooks.onStop = () => { for (const name of readdirSync(staging)) modes.add((statSync(join(staging, name)).mode & 0o777).toString(8)); };
  expect(await updateWorld(world)).toMatchObject({ outcome: 'committed' });
  expect([...modes]).toEqual(['700']);
  expect((statSync(realpathSync(install('.holdline/current'))).mode & 0o777).toString(8)).toBe('755');
  expect((statSync(install('.holdline')).mode & 0o777).toString(8)).toBe('755');
});

describe('adoption', () => {
  it('makes links of the same files, and a program that has one open loses nothing', async () => {
    const inode = statSync(install('src/data/app.db')).ino;
    expect(await adoptWorld(world)).toBe('updated');
    expect(seeThrough(world)).toEqual(PLAIN);
    expect(readlinkSync(install('src'))).toBe('.holdline/current/src');
    expect(statSync(install('src/data/app.db')).ino).toBe(inode);
    expect(readdirSync(install('.holdline/staging'))).toEqual([]);
  });
  it('leaves owner, mode and time of every file as they were', async () => {
    chmodSync(install('src/main.js'), 0o775);
    const before = statSync(install('src/main.js'));
    await adoptWorld(world);
    const { mode, mtimeMs, uid } = statSync(install('src/main.js'));
    expect({ mode, mtimeMs, uid }).toEqual({ mode: before.mode, mtimeMs: before.mtimeMs, uid: before.uid });
  });
  it.each<[string, string, () => void]>([
    ['VERSION missing', 'version-invalid', () => rmSync(install('VERSION'))],
    ['VERSION not semver', 'version-invalid', () => writeFileSync(install('VERSION'), 'latest\n')],
    ['VERSION with a v', 'version-invalid', () => writeFileSync(install('VERSION'), 'v1.0.0\n')],
    ['install_dir missing', 'install-missing', () => rmSync(world.layout.installDir, { recursive: true })],
    ['install_dir a file', 'install-invalid', () => { rmSync(world.layout.installDir, { recursive: true }); writeFileSync(world.layout.installDir, ''); }],
    ['a managed path that is the user\'s own link', 'install-invalid', () => { rmSync(install('src'), { recursive: true }); symlinkSync('/tmp', install('src')); }],
  ])('refuses %s with %s and changes nothing', async (_, code, spoil) => {
    spoil();
    expect(await codeOfAsync(() => adoptWorld(world))).toBe(code);
    expect(existsSync(install('.holdline/current'))).toBe(false);
  });
  it('refuses a relative link that would lead elsewhere', async () => {
    symlinkSync('../notes.txt', install('src/notes'));
    expect(await adoptWorld(world)).toBe('failed');
    expect(readlinkSync(install('src/notes'))).toBe('../notes.txt');
    expect(lstatSync(install('src')).isDirectory()).toBe(true);
    expect(existsSync(install('.holdline/versions'))).toBe(false);
  });
  it('works for nested managed paths with relative links', async () => {
    writeFiles(world.layout.installDir, { 'app/code/x.js': 'x\n', 'app/own.txt': 'user\n' });
    world.settings = { ...world.settings, managedPaths: ['app/code', 'VERSION'] };
    await adoptWorld(world);
    expect(readlinkSync(install('app/code'))).toBe('../.holdline/current/app/code');
    expect(readFileSync(install('app/code/x.js'), 'utf8')).toBe('x\n');
    expect(lstatSync(install('app/own.txt')).isFile()).toBe(true);
  });
});

describe('update', () => {
  beforeEach(async () => { await adoptWorld(world); });
  it('switches code, merges config, keeps what is preserved, backs up, restarts', async () => {
    const end = await updateWorld(world);
    expect(end.outcome).toBe('committed');
    expect(seeThrough(world)).toEqual(AFTER);
    expect(end.results.configConflicts).toEqual([expect.objectContaining({ path: 'config/app.yaml', key: 'name' })]);
    expect(world.service.tree).toBe(runningTree(world));
    const [backup] = listBackups(partsOf(world).fs, world.layout);
    expect(backup?.name).toMatch(/^backup_1\.0\.0_20261121_0930\d\d$/);
    expect(backup && verifyBackup(partsOf(world).fs, backup)).toEqual([]);
    expect(readFileSync(join(world.layout.backupPath, backup?.name ?? '', 'config/app.yaml'), 'utf8')).toBe(PLAIN['config/app.yaml']);
    expect(readDevice(partsOf(world)).previous?.version).toBe('1.0.0');
    expect(readdirSync(install('.holdline/staging'))).toEqual([]);
  });
  it('links unchanged code, seals it, and copies what the app may write', async () => {
    const before = statSync(install('src/lib/ünï code.js')).ino;
    await updateWorld(world);
    expect(statSync(install('src/lib/ünï code.js'))).toMatchObject({ ino: before });
    expect(statSync(install('src/main.js')).mode & 0o222).toBe(0);
    for (const path of ['config/app.yaml', 'src/data/app.db']) {
      expect(statSync(install(path)).mode & 0o200).toBe(0o200);
      expect(statSync(install(path)).nlink).toBe(1);
    }
  });
  it('takes over what is edited while services stop', async () => {
    world.hooks.onStop = () => {
      writeFileSync(install('config/app.yaml'), 'port: 9999\nname: here\n');
      writeFileSync(install('src/data/app.db'), 'one more row of this device\n');
      writeFileSync(install('src/data/second.db'), 'new\n');
    };
    expect((await updateWorld(world)).outcome).toBe('committed');
    expect(seeThrough(world)).toEqual({
      ...AFTER, 'config/app.yaml': 'port: 9999\nname: here\nextra: true\n', 'src/data/app.db': 'one more row of this device\n', 'src/data/second.db': 'new\n',
    });
  });
  it('reverts to exactly the old version when the new one is unhealthy', async () => {
    const tree = runningTree(world);
    world.hooks.verdict = 'failed';
    expect(await updateWorld(world)).toMatchObject({ outcome: 'reverted', code: 'health-failed' });
    expect(seeThrough(world)).toEqual(PLAIN);
    expect(world.service.tree).toBe(tree);
    expect(readdirSync(install('.holdline/versions'))).toHaveLength(1);
    expect(readDevice(partsOf(world)).previous).toBeNull();
  });
  it('refuses a payload whose tree is not the signed one', async () => {
    expect(await updateWorld(world, undefined, { digest: 'f'.repeat(64) })).toMatchObject({ outcome: 'discarded', code: 'tree-digest' });
    expect(seeThrough(world)).toEqual(PLAIN);
  });
  it('leaves a managed path the release lacks as it was', async () => {
    const { 'config/app.yaml': _gone, ...rest } = NEXT;
    expect((await updateWorld(world, undefined, { files: rest })).outcome).toBe('committed');
    expect(seeThrough(world)).toMatchObject({ 'config/app.yaml': PLAIN['config/app.yaml'], 'config/link': '-> app.yaml' });
  });
  it('writes VERSION where the payload has none, and lets the tag win where it is unsigned', async () => {
    const { VERSION: _none, ...rest } = NEXT;
    await updateWorld(world, undefined, { files: rest });
    expect(readFileSync(install('VERSION'), 'utf8')).toBe('1.1.0\n');
    await updateWorld(world, undefined, { files: { ...rest, VERSION: '7.7.7\n' }, version: '1.2.0', signed: false });
    expect(readFileSync(install('VERSION'), 'utf8')).toBe('1.2.0\n');
    expect(await updateWorld(world, undefined, { files: { ...rest, VERSION: '7.7.7\n' }, version: '1.3.0' })).toMatchObject({ outcome: 'discarded', code: 'version-invalid' });
  });
  it('merges config three ways from the second release on', async () => {
    await updateWorld(world);
    writeFileSync(install('config/app.yaml'), 'port: 1234\nname: here\nextra: true\n');
    await updateWorld(world, undefined, { version: '1.2.0', files: { ...NEXT, 'VERSION': '1.2.0\n', 'config/app.yaml': 'port: 8080\nname: shipped\nextra: false\n', 'config/big.bin': 'x'.repeat(5_000_000) } });
    expect(readFileSync(install('config/app.yaml'), 'utf8')).toBe('port: 1234\nname: here\nextra: false\n');
    expect(existsSync(install('config/app.yaml.new'))).toBe(false);
    expect(statSync(install('config/big.bin')).size).toBe(5_000_000);
  });
  it('keeps the running and the previous version and prunes the rest', async () => {
    for (const version of ['1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0']) await updateWorld(world, undefined, { version, files: { ...NEXT, VERSION: `${version}\n` } });
    expect(readDevice(partsOf(world)).versions.map(({ version }) => version).sort()).toEqual(['1.4.0', '1.5.0']);
    expect(readdirSync(install('.holdline/records'))).toHaveLength(2);
    expect(listBackups(partsOf(world).fs, world.layout).map(({ manifest }) => manifest.version)).toEqual(['1.4.0', '1.3.0', '1.2.0']);
  });
  it('installs the same release again beside the running one, as a repair', async () => {
    await updateWorld(world);
    const current = readlinkSync(install('.holdline/current'));
    expect((await updateWorld(world)).outcome).toBe('committed');
    expect(readlinkSync(install('.holdline/current'))).toBe(`${current}-2`);
    expect((await updateWorld(world)).outcome).toBe('committed');
    expect(readlinkSync(install('.holdline/current'))).toBe(current);
  });
  it('says so when a managed path is no longer ours', async () => {
    rmSync(install('src'));
    mkdirSync(install('src'));
    expect(await codeOfAsync(() => updateWorld(world))).toBe('install-invalid');
    rmSync(install('src'), { recursive: true });
    expect((await updateWorld(world)).outcome).toBe('committed');
    expect(readlinkSync(install('src'))).toBe('.holdline/current/src');
  });
});

describe('rollback', () => {
  beforeEach(async () => {
    await adoptWorld(world);
    await updateWorld(world);
    writeFileSync(install('config/app.yaml'), 'port: 4321\nname: here\nextra: true\n');
  });
  it('to the previous version merges config backwards and keeps the device\'s data', async () => {
    writeFileSync(install('src/data/app.db'), 'rows since\n');
    expect((await rollBack(partsOf(world), { target: undefined, dryRun: false }, signal)).outcome).toBe('rolled_back');
    expect(seeThrough(world)).toEqual({ ...PLAIN, 'config/app.yaml': 'port: 4321\nname: here\n', 'src/data/app.db': 'rows since\n' });
    expect(readDevice(partsOf(world))).toMatchObject({ version: '1.0.0', previous: { version: '1.1.0' } });
    expect(world.service.tree).toBe(runningTree(world));
  });
  it('to a backup restores its config exactly, the present one being backed up first', async () => {
    const [backup] = listBackups(partsOf(world).fs, world.layout);
    expect((await rollBack(partsOf(world), { target: backup?.name, dryRun: false }, signal)).outcome).toBe('rolled_back');
    expect(seeThrough(world)).toEqual(PLAIN);
    const [newest] = listBackups(partsOf(world).fs, world.layout);
    expect(readFileSync(join(newest?.path ?? '', 'config/app.yaml'), 'utf8')).toContain('4321');
    expect(verifyDevice(partsOf(world)).filter(({ ok }) => !ok)).toEqual([]);
  });
  it('refuses a damaged kept version and a damaged backup', async () => {
    const device = readDevice(partsOf(world));
    const kept = join(install('.holdline/versions'), device.previous?.directory ?? '', 'src/main.js');
    chmodSync(kept, 0o644);
    writeFileSync(kept, 'changed');
    const result = await rollBack(partsOf(world), { target: undefined, dryRun: false }, signal);
    expect(result).toMatchObject({ outcome: 'failed', code: 'tree-digest' });
    const [backup] = listBackups(partsOf(world).fs, world.layout);
    rmSync(join(backup?.path ?? '', 'src/main.js'));
    expect(await codeOfAsync(() => rollBack(partsOf(world), { target: backup?.name, dryRun: false }, signal))).toBe('backup-damaged');
    expect(seeThrough(world)).toMatchObject({ VERSION: '1.1.0\n' });
  });
});

describe('verify', () => {
  it('tells damage from edits', async () => {
    await adoptWorld(world);
    await updateWorld(world);
    const tree = (): ReturnType<typeof verifyDevice>[number] | undefined => verifyDevice(partsOf(world))[0];
    expect(tree()).toMatchObject({ subject: 'tree', ok: true, damage: [] });
    expect(tree()?.edited).toEqual(expect.arrayContaining([expect.stringContaining('config/app.yaml'), expect.stringContaining('src/data/app.db')]));
    writeFileSync(install('src/cache.tmp'), 'x');
    expect(tree()?.edited).toContain('src/cache.tmp: was not shipped');
    chmodSync(install('src/main.js'), 0o644);
    writeFileSync(install('src/main.js'), 'console.log("TWO");\n');
    rmSync(install('src/new.js'));
    expect(tree()).toMatchObject({ ok: false, damage: [expect.stringContaining('src/main.js'), expect.stringContaining('src/new.js')] });
  });
});

it('installs into an empty folder', async () => {
  destroyDeviceWorld(world);
  world = makeDeviceWorld({});
  expect((await updateWorld(world)).outcome).toBe('committed');
  expect(seeThrough(world)).toEqual(Object.fromEntries(Object.entries(NEXT).filter(([path]) => path !== 'README.md')));
  expect(realpathSync(install('src'))).toContain('.holdline/versions/1.1.0-');
});
