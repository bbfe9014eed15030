// Backups on the same filesystem, on another one, and on one that knows neither links nor modes; shared backup paths; damage.
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBackups, listBackupNames, listUnreadableBackups, pruneBackups, verifyBackup } from '../../src/engine/backups.js';
import { rollBack } from '../../src/engine/rollback.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, NEXT, partsOf, PLAIN, quickCalls, seeThrough, updateWorld, type DeviceWorld } from '../support/device-world.js';

const signal = new AbortController().signal;
const fs = createFilesystem();
const MEMORY = '/dev/shm';
const other = existsSync(MEMORY) && statSync(MEMORY).dev !== statSync('/tmp').dev;
let world: DeviceWorld;
const release = (version: string) => ({ version, files: { ...NEXT, VERSION: `${version}\n` } });
const newest = () => listBackups(fs, world.layout)[0] ?? (() => { throw new Error('no backup'); })();

beforeEach(async () => {
  world = makeDeviceWorld();
  await adoptWorld(world);
  await updateWorld(world);
});
afterEach(() => destroyDeviceWorld(world));

describe('on the same filesystem', () => {
  it('links sealed code and copies what may be written', async () => {
    await updateWorld(world, undefined, release('1.2.0'));
    const tree = join(world.layout.installDir, '.holdline/previous');
    const same = (path: string): boolean => statSync(join(tree, path)).ino === statSync(join(newest().path, path)).ino;
    expect(['src/main.js', 'README.md', 'config/app.yaml', 'src/data/app.db'].map(same)).toEqual([true, true, false, false]);
    expect(verifyBackup(fs, newest())).toEqual([]);
  });
  it.each<[string, (path: string) => void, string]>([
    ['a changed file', (path) => { chmodSync(join(path, 'config/app.yaml'), 0o644); writeFileSync(join(path, 'config/app.yaml'), 'port: 8080\nname: HERE\n'); }, 'config/app.yaml: its content'],
    ['a shorter file', (path) => writeFileSync(join(path, 'config/app.yaml'), ''), 'config/app.yaml: has 0 bytes'],
    ['a missing file', (path) => rmSync(join(path, 'src/main.js')), 'src/main.js: is missing'],
    ['a foreign file', (path) => writeFileSync(join(path, 'src/evil.js'), ''), 'src/evil.js: is not in the list'],
    ['a link that leads elsewhere', (path) => { rmSync(join(path, 'config/link')); symlinkSync('/etc/passwd', join(path, 'config/link')); }, 'config/link: leads elsewhere'],
    ['a file in place of a link', (path) => { rmSync(join(path, 'config/link')); writeFileSync(join(path, 'config/link'), 'app.yaml'); }, 'config/link: leads elsewhere'],
    ['a changed list', (path) => writeFileSync(join(path, '.holdline/entries.json'), '[]'), 'its list of files'],
    ['a changed record', (path) => writeFileSync(join(path, '.holdline/record/record.json'), '{}'), '.holdline/record/record.json: has'],
  ])('finds %s', (_, spoil, line) => {
    spoil(newest().path);
    expect(verifyBackup(fs, newest())).toEqual([expect.stringContaining(line)]);
  });
  it('names an unreadable one and never prunes it', () => {
    writeFileSync(join(newest().path, '.holdline/backup.json'), '{"format":1');
    expect(listUnreadableBackups(fs, world.layout)).toHaveLength(1);
    pruneBackups(fs, world.layout, { maxBackups: 1, protectedVersions: [] });
    expect(listBackupNames(fs, world.layout)).toHaveLength(1);
  });
  it('leaves another app\'s backups and half-written ones alone', async () => {
    mkdirSync(join(world.layout.backupPath, '.partial-00000000-x'));
    const { layout } = world;
    expect(listBackups(fs, { ...layout, installDir: '/opt/other' })).toEqual([]);
    pruneBackups(fs, { ...layout, installDir: '/opt/other' }, { maxBackups: 1, protectedVersions: [] });
    await updateWorld(world, undefined, release('1.2.0'));
    expect(listBackups(fs, layout)).toHaveLength(2);
    expect(existsSync(join(layout.backupPath, '.partial-00000000-x'))).toBe(true);
  });
});

describe.skipIf(!other)('on another filesystem', () => {
  let memory: string;
  beforeEach(() => {
    memory = mkdtempSync(join(MEMORY, 'holdline-backups-'));
    world = Object.assign(world, { layout: { ...world.layout, backupPath: memory } });
  });
  afterEach(() => rmSync(memory, { recursive: true, force: true }));
  it('copies, links unchanged files to the backup before, and restores', async () => {
    await updateWorld(world, undefined, release('1.2.0'));
    const first = newest().path;
    await updateWorld(world, undefined, release('1.3.0'));
    expect(statSync(join(newest().path, 'src/main.js')).ino).toBe(statSync(join(first, 'src/main.js')).ino);
    expect(statSync(join(newest().path, 'VERSION')).ino).not.toBe(statSync(join(first, 'VERSION')).ino);
    expect(verifyBackup(fs, newest())).toEqual([]);
    rmSync(join(world.layout.installDir, '.holdline/previous'));
    expect((await rollBack(partsOf(world), { target: newest().name, dryRun: false }, signal)).outcome).toBe('rolled_back');
    expect(seeThrough(world)).toMatchObject({ 'VERSION': '1.2.0\n', 'src/main.js': NEXT['src/main.js'] });
  });
  it('does not share a file with a damaged older backup', async () => {
    await updateWorld(world, undefined, release('1.2.0'));
    chmodSync(join(newest().path, 'src/main.js'), 0o644);
    writeFileSync(join(newest().path, 'src/main.js'), 'console.log("TWO");\n');
    chmodSync(join(newest().path, 'src/main.js'), 0o444);
    await updateWorld(world, undefined, release('1.3.0'));
    expect(verifyBackup(fs, newest())).toEqual([]);
    expect(readFileSync(join(newest().path, 'src/main.js'), 'utf8')).toBe(NEXT['src/main.js']);
  });
});

/** What a FAT stick says to links, modes and owners below the backup path. */
function stick(calls: SystemCalls, backupPath: string): SystemCalls {
  const refuse = (path: unknown, act: () => void): void => {
    if (String(path).startsWith(backupPath)) throw Object.assign(new Error('EPERM: a stick'), { code: 'EPERM' });
    act();
  };
  return {
    ...calls,
    link: (from, to) => refuse(to, () => calls.link(from, to)),
    symlink: (target, path) => refuse(path, () => calls.symlink(target, path)),
    chmod: (path, mode) => refuse(path, () => calls.chmod(path, mode)),
  };
}

it('on a stick without links and modes everything is copied, and restored as it was', async () => {
  const calls = stick(quickCalls(), world.layout.backupPath);
  expect((await updateWorld(world, calls, release('1.2.0'))).outcome).toBe('committed');
  const backup = newest();
  expect(existsSync(join(backup.path, 'config/link'))).toBe(false);
  expect(verifyBackup(fs, backup)).toEqual([]);
  await updateWorld(world, calls, release('1.3.0'));
  await updateWorld(world, calls, release('1.4.0'));
  expect((await rollBack(partsOf(world, calls), { target: backup.name, dryRun: false }, signal)).outcome).toBe('rolled_back');
  expect(seeThrough(world)).toMatchObject({ 'VERSION': '1.1.0\n', 'config/link': '-> app.yaml', 'src/data/app.db': PLAIN['src/data/app.db'] });
  expect(lstatSync(join(world.layout.installDir, 'src/main.js')).mode & 0o222).toBe(0);
});
