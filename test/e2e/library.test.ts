// The library from the built file, in a process of its own, as a program would use it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLI, runCommand, type Ran } from '../support/e2e/run-command.js';
import { createWorld, type World } from '../support/e2e/world.js';

let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.close());

const LIBRARY = new URL('library.js', `file://${CLI}`).href;

/** Runs a body in which `out` is what will be printed as JSON. */
async function program(body: string): Promise<Ran> {
  const script = join(world.root, 'program.mjs');
  writeFileSync(script, `import { OtaUpdater, VersionManager, HoldlineError } from ${JSON.stringify(LIBRARY)};
const out = {};
const updater = new OtaUpdater({ config: ${JSON.stringify(world.settingsFile)} });
const events = [];
for (const name of ['checked', 'updated', 'rolled-back']) updater.on(name, (result) => events.push([name, result.outcome]));
const codeOf = async (work) => { try { await work(); return null; } catch (error) { return error instanceof HoldlineError ? error.code : String(error); } };
${body}
console.log(JSON.stringify({ ...out, events }));
`);
  return runCommand([], { script });
}

test('OtaUpdater: check, download, back up, apply, look, roll back; errors have codes', async () => {
  await world.publish('1.1.0');
  const ran = await program(`
out.check = await updater.checkForUpdates();
out.download = await updater.downloadUpdate();
out.before = (await updater.getStatus()).current_version;
out.unknown = await codeOf(() => updater.applyUpdate('9.9.9'));
out.apply = await updater.applyUpdate();
out.backup = await updater.createBackup();
out.status = await updater.getStatus();
out.rollback = await updater.rollback();
out.gone = await codeOf(() => updater.rollback('backup_0.0.1_20200101_000000'));
`);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.json).toMatchObject({
    check: { outcome: 'available', latest_version: '1.1.0' }, download: { version: '1.1.0', path: expect.stringContaining('downloads') }, before: '1.0.0', unknown: 'version-unknown',
    apply: { outcome: 'updated', from: '1.0.0', to: '1.1.0' }, backup: { version: '1.1.0', name: expect.stringMatching(/^backup_1\.1\.0_\d{8}_\d{6}$/u) },
    status: { current_version: '1.1.0', state: 'idle' }, rollback: { outcome: 'rolled_back', to: '1.0.0' }, gone: 'backup-missing',
    events: [['checked', 'available'], ['updated', 'updated'], ['rolled-back', 'rolled_back']],
  });
  expect(world.version()).toBe('1.0.0');
  // Once downloaded, the payload is not asked for again.
  expect(world.github.requests.filter((r) => r.origin === 'storage' && r.path.includes('.tar.gz'))).toHaveLength(1);
});

test('start and stop: it updates by itself and lets the process end', async () => {
  await world.publish('1.1.0');
  world.configure({ check_interval: 1 });
  const ran = await program(`
const updated = new Promise((resolve) => updater.once('updated', resolve));
updater.start();
out.updated = await updated;
await updater.stop();
`);
  expect(ran).toMatchObject({ code: 0, json: { updated: { outcome: 'updated', to: '1.1.0' } } });
  expect(world.version()).toBe('1.1.0');
});

test('VersionManager: strict semver, and VERSION through the links', async () => {
  await world.holdline(['adopt']);
  const ran = await program(`
const versions = new VersionManager(${JSON.stringify(world.appDir)});
out.current = versions.getCurrentVersion();
out.valid = ['1.2.3', 'v1.2.3', '1.2', '1.2.3-rc.1', '01.2.3', null].map((v) => versions.isValidVersion(v));
out.compare = [versions.compareVersions('1.10.0', '1.9.9'), versions.compareVersions('1.0.0', '1.0.0'), versions.compareVersions('1.0.0-rc.1', '1.0.0')];
out.newer = versions.isNewer('1.10.0', '1.9.0');
out.next = ['patch', 'minor', 'major'].map((type) => versions.getNextVersion('1.2.3', type));
versions.setCurrentVersion('1.0.1');
out.after = versions.getCurrentVersion();
out.bad = await codeOf(async () => versions.setCurrentVersion('v2'));
out.settings = await codeOf(async () => new OtaUpdater({ config: ${JSON.stringify(join(world.root, 'none.yaml'))} }));
`);
  expect(ran.json).toMatchObject({
    current: '1.0.0', valid: [true, false, false, true, false, false], compare: [1, 0, -1], newer: true, next: ['1.2.4', '1.3.0', '2.0.0'], after: '1.0.1', bad: 'version-invalid', settings: 'settings-missing',
  });
  expect(world.snapshot()['VERSION']).toBe('link .holdline/current/VERSION');
});
