// A device that is full, read-only, half set up, damaged, or lives in the wrong year: told by name, and nothing of it is lost.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFiles } from '../support/device-world.js';
import { appFiles } from '../support/e2e/app-files.js';
import { expectRefused, heldBy } from '../support/e2e/expect-refused.js';
import { asNobody, isRoot, mountSmallDisk } from '../support/e2e/small-disk.js';
import { createWorld, namesIn, type World } from '../support/e2e/world.js';
import { snapshotFolder } from '../support/folder-snapshot.js';

let world: World;
let mounted: { unmount(): void }[] = [];
beforeEach(async () => { world = await createWorld(); mounted = []; });
afterEach(async () => { for (const disk of mounted) disk.unmount(); await world.close(); });

const UPDATE = ['--update'];

test.each([
  ['VERSION is missing', (): void => rmSync(join(world.appDir, 'VERSION')), 'version-invalid', 'VERSION'],
  ['VERSION is not semver', (): void => writeFileSync(join(world.appDir, 'VERSION'), 'v1.0\n'), 'version-invalid', 'VERSION'],
  ['VERSION is a folder', (): void => { rmSync(join(world.appDir, 'VERSION')); mkdirSync(join(world.appDir, 'VERSION')); }, 'version-invalid', 'VERSION'],
  ['src is a link', (): void => { rmSync(join(world.appDir, 'src'), { recursive: true }); symlinkSync('../elsewhere', join(world.appDir, 'src')); }, 'install-invalid', 'src'],
] as const)('a plain folder where %s', async (_what, spoil, code, names) => {
  await world.publish('1.1.0');
  spoil();

  await expectRefused(world, UPDATE, { exit: 1, code, names });
  await expectRefused(world, ['adopt'], { exit: 1, code, names });
  expect(await world.holdline(['--status', '--json'])).toMatchObject({ code: 0 });
});

test('install_dir is missing, or a file', async () => {
  await world.publish('1.1.0');
  const gone = join(world.root, 'not there');
  world.configure({ install_dir: gone });
  await expectRefused(world, UPDATE, { exit: 1, code: 'install-missing', names: gone });
  expect(namesIn(gone)).toEqual([]);
  world.configure({ install_dir: world.secretFile });
  await expectRefused(world, UPDATE, { exit: 1, code: 'install-invalid', names: world.secretFile });
  expect(await world.holdline(['--status', '--json'])).toMatchObject({ code: 0, json: { current_version: null } });
});

test('an empty install_dir is a first installation', async () => {
  rmSync(world.appDir, { recursive: true });
  mkdirSync(world.appDir);
  await world.publish('1.1.0');
  expect((await world.holdline([...UPDATE, '--json'])).json).toMatchObject({ outcome: 'updated', from: null, to: '1.1.0' });
  expect(world.seen()).toEqual(appFiles('1.1.0'));
  expect((await world.holdline(['rollback', '--json']))).toMatchObject({ code: 1, json: { code: 'backup-missing' } });
});

test('a managed link somebody replaced is told, not overwritten', async () => {
  await world.publish('1.1.0');
  await world.holdline(['adopt']);
  rmSync(join(world.appDir, 'config'));
  writeFiles(world.appDir, { 'config/app.yaml': 'by hand: true\n' });
  await expectRefused(world, UPDATE, { exit: 1, code: 'install-invalid', names: 'config' });
  expect((await world.holdline(['verify', '--json']))).toMatchObject({ code: 1, json: { outcome: 'damaged' } });
});

test('a folder that may not be written by this user', async (context) => {
  const nobody = asNobody(world.root);
  if (nobody === undefined) return context.skip('setpriv cannot give up rights here, or nobody may not read this checkout');
  await world.publish('1.1.0');
  for (const dir of [world.stateDir, join(world.root, 'run'), world.backupPath]) { mkdirSync(dir, { recursive: true }); chmodSync(dir, 0o777); }
  if (!isRoot) chmodSync(world.appDir, 0o555);
  try {
    await expectRefused(world, UPDATE, { exit: 1, code: 'permission', names: world.appDir }, { through: nobody });
    const doctor = await world.holdline(['doctor', '--json'], { through: nobody });
    expect(doctor.code).toBe(1);
    expect(JSON.stringify(doctor.json)).toContain(`${world.appDir} cannot be written`);
    if (isRoot) chownSync(world.stateDir, 0, 0);
    chmodSync(world.stateDir, 0o555);
    await expectRefused(world, UPDATE, { exit: 1, code: 'permission', names: world.stateDir }, { through: nobody });
    // Looking needs no right to write.
    expect(await world.holdline(['--status', '--json'], { through: nobody })).toMatchObject({ code: 0, json: { current_version: '1.0.0' } });
    expect(await world.holdline(['--check', '--json'], { through: nobody })).toMatchObject({ code: 0, json: { outcome: 'available' } });
  } finally { for (const dir of [world.appDir, world.stateDir]) chmodSync(dir, 0o755); }
});

const noise = (kilobytes: number): string => randomBytes(kilobytes * 512).toString('hex');

test.each([
  ['at the download', 'stateDir', 8_000],
  ['at staging', 'appDir', 700],
  ['at the backup', 'backupPath', 300],
] as const)('a disk that is full %s', async (_what, where, kilobytes, context?: { skip(reason: string): void }) => {
  const disk = mountSmallDisk(world[where], kilobytes);
  if (disk === undefined) { context?.skip('no tmpfs can be mounted here'); return; }
  mounted.push(disk);
  const big = noise(500);
  if (where === 'appDir') writeFiles(world.appDir, appFiles('1.0.0'));
  // A backup has to copy what it cannot link to another filesystem.
  else writeFiles(world.appDir, { 'src/big.txt': big });
  await world.publish('1.1.0', appFiles('1.1.0', 'good', where === 'backupPath' ? { 'src/big.txt': big } : { 'src/big.txt': noise(2000) }));
  expect((await world.holdline(['adopt', '--json'])).code).toBe(0);
  if (where === 'backupPath') {
    // Linking an adopted file seals it; what is compared here is a version that was installed.
    world.configure({ backup_enabled: false });
    await world.publish('1.0.1', appFiles('1.0.1', 'good', { 'src/big.txt': big }));
    expect((await world.holdline([...UPDATE, '1.0.1', '--json'])).code).toBe(0);
    world.configure({});
  }
  await expectRefused(world, UPDATE, { exit: 1, code: 'disk-full', names: /./u });
  expect(world.version()).toBe(where === 'backupPath' ? '1.0.1' : '1.0.0');
  expect(namesIn(world.backupPath)).toEqual([]);
  expect((await world.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
});

test('a damaged backup is never restored, and is named', async () => {
  await world.publish('1.1.0');
  await world.holdline(UPDATE);
  const [name = ''] = readdirSync(world.backupPath);
  writeFileSync(join(world.backupPath, name, 'src/lib/version ü.js'), 'damaged');
  const before = heldBy(world);
  const ran = await world.holdline(['rollback', name, '--json']);
  expect(ran).toMatchObject({ code: 1, json: { code: 'backup-damaged', message: expect.stringContaining('src/lib/version ü.js') } });
  expect(heldBy(world)).toEqual(before);
  await expectRefused(world, ['rollback', 'backup_9.9.9_20200101_000000'], { exit: 1, code: 'backup-missing', names: 'backup_9.9.9_20200101_000000' });
  // The kept version still serves.
  expect((await world.holdline(['rollback', '--json'])).json).toMatchObject({ outcome: 'rolled_back', to: '1.0.0' });
});

test('a damaged journal stops everything with an alarm, and nothing is guessed', async () => {
  await world.publish('1.1.0');
  await world.holdline(UPDATE);
  await world.publish('1.2.0');
  const folder = join(world.stateDir, 'journal');
  const file = join(folder, readdirSync(folder).sort().at(-1) ?? '');
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.map((line, index) => (index === 2 ? line.replace(/"at":"\d/u, '"at":"9') : line)).join('\n'));
  const before = snapshotFolder(world.root, ['state', 'run']);
  for (const args of [UPDATE, ['rollback'], ['adopt']]) {
    const ran = await world.holdline([...args, '--json']);
    expect({ args, exit: ran.code, code: ran.json['code'] }).toEqual({ args, exit: 21, code: expect.stringMatching(/^(?:journal-damaged|broken)$/u) });
    expect(String(ran.json['message'])).toContain(file);
  }
  const recover = await world.holdline(['recover', '--json']);
  expect(recover).toMatchObject({ code: 21, json: { outcome: 'broken' } });
  expect(JSON.stringify(recover.json)).toContain(file);
  expect(await world.holdline(['--status', '--json'])).toMatchObject({ code: 21, json: { state: 'broken', current_version: '1.1.0' } });
  expect(await world.holdline(['run'])).toMatchObject({ code: 21 });
  expect(snapshotFolder(world.root, ['state', 'run'])).toEqual(before);
  // A torn last line is not damage: it is what a power cut leaves.
  writeFileSync(file, lines.join('\n').trimEnd().slice(0, -10));
  expect((await world.holdline([...UPDATE, '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.2.0' });
});

test('a damaged state file is told and repaired by nothing but a person or the next success', async () => {
  await world.publish('1.1.0');
  await world.holdline(UPDATE);
  writeFileSync(join(world.stateDir, 'state.json'), '{"format":1,');
  const status = await world.holdline(['--status', '--json']);
  expect(status).toMatchObject({ code: 0, json: { current_version: '1.1.0', last_error: { message: expect.stringContaining('state.json') } } });
  const ran = await world.holdline([...UPDATE, '--json']);
  expect(ran.code === 0 || String(ran.json['message']).includes('state.json')).toBe(true);
  expect(world.version()).toBe('1.1.0');
});

test('a clock in the past: nothing is checked or judged by date until it is set', async () => {
  await world.publish('1.1.0');
  const shim = join(world.root, 'past.mjs');
  writeFileSync(shim, 'const R = Date; const past = R.parse("2020-01-01T00:00:00Z") - R.now();\nglobalThis.Date = class extends R { constructor(...a) { if (a.length === 0) super(R.now() + past); else super(...a); } static now() { return R.now() + past; } };\n');
  const past = { env: { NODE_OPTIONS: `--import="${shim}"` } };
  const before = heldBy(world);
  expect(await world.holdline(['--check', '--json'], past)).toMatchObject({ code: 0, json: { outcome: 'waiting', waiting: { reason: 'clock', detail: expect.stringContaining('2020-01-01') } } });
  expect(await world.holdline([...UPDATE, '--json'], past)).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'clock' } });
  expect(JSON.stringify((await world.holdline(['doctor', '--json'], past)).json)).toContain('2020-01-01');
  expect(heldBy(world)).toEqual(before);
  expect(world.github.requests.filter((request) => request.path.includes('/releases'))).toEqual([]);
  expect((await world.holdline([...UPDATE, '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});
