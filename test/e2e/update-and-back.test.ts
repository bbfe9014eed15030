// The main job through the commands, as a person runs them: adopt, check, update, look, roll back, prove.
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { createWorld, namesIn, type World } from '../support/e2e/world.js';
import { snapshotFolder } from '../support/folder-snapshot.js';

let world: World;
beforeEach(async () => { world = await createWorld({ installed: appFiles('1.0.0', 'good', { 'notes.txt': 'the user\'s own\n' }) }); });
afterEach(() => world.close());

const EDITED = '# mine\nname: kitchen\nport: 8080\n';

test('check, update, status, history, backups, verify, rollback: the whole way and back', async () => {
  writeFileSync(join(world.appDir, 'config/app.yaml'), EDITED);
  const before = world.snapshot();
  await world.publish('1.1.0', appFiles('1.1.0', 'good', { 'config/app.yaml': 'name: app\nport: 8080\nunits: metric\n' }));

  const check = await world.holdline(['--check', '--json', '--exit-code']);
  expect(check.code).toBe(10);
  expect(check.json).toMatchObject({ outcome: 'available', current_version: '1.0.0', latest_version: '1.1.0', update_available: true, waiting: null, release: { tag: 'v1.1.0', type: 'minor' } });
  expect(world.snapshot()).toEqual(before);

  const update = await world.holdline(['--update', '--json']);
  expect(update.json).toMatchObject({ outcome: 'updated', from: '1.0.0', to: '1.1.0', code: null, restarted: [] });
  expect(update.code).toBe(0);
  expect(world.version()).toBe('1.1.0');
  const seen = world.seen();
  expect(seen['notes.txt']).toBe('the user\'s own\n');
  expect(seen['config/app.yaml']).toContain('name: kitchen');
  expect(seen['config/app.yaml']).toContain('units: metric');

  const status = (await world.holdline(['--status', '--json'])).json;
  expect(status).toMatchObject({ current_version: '1.1.0', latest_version: '1.1.0', update_available: false, state: 'idle', last_error: null, blocked: [], daemon: { running: false } });
  expect(status['backups']).toMatchObject([{ version: '1.0.0' }]);
  expect((await world.holdline(['history', '--json'])).json).toMatchObject({ history: [{ kind: 'update', outcome: 'committed', from: '1.0.0', to: '1.1.0' }, { kind: 'adopt', outcome: 'committed', to: '1.0.0' }] });
  expect((await world.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'current', from: '1.1.0' });

  const back = await world.holdline(['rollback', '--json']);
  expect(back.json).toMatchObject({ outcome: 'rolled_back', from: '1.1.0', to: '1.0.0', code: null });
  expect(back.code).toBe(0);
  expect(world.version()).toBe('1.0.0');
  expect(world.seen()['config/app.yaml']).toContain('name: kitchen');
  // The version that was left by hand is not taken again by itself.
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'current', current_version: '1.0.0' });
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ blocked: [{ version: '1.1.0', reason: 'rolled back by hand' }] });
  await world.publish('1.1.1');
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.1' });
  expect(world.seen()['config/app.yaml']).toContain('name: kitchen');
});

test('a plain word suffices: the text forms tell the same story', async () => {
  await world.publish('1.1.0');
  const check = await world.holdline(['--check']);
  expect(check.stdout).toMatch(/update available: 1\.0\.0 -> 1\.1\.0 \(minor/u);
  const update = await world.holdline(['update']);
  expect(update).toMatchObject({ code: 0 });
  expect(update.stdout).toMatch(/^updated {2}1\.0\.0 -> 1\.1\.0/u);
  expect((await world.holdline(['--status'])).stdout).toContain('1.1.0');
  expect((await world.holdline(['history'])).stdout).toMatch(/update +committed +1\.0\.0 -> 1\.1\.0/u);
  expect((await world.holdline(['verify'])).stdout).toMatch(/^whole {2}tree/u);
  const typo = await world.holdline(['--updaet']);
  expect(typo.code).toBe(2);
  expect(typo.stderr).toContain('--update');
});

test('--dry-run shows the plan of adoption, update and rollback, and changes nothing', async () => {
  await world.publish('1.1.0');
  const plain = world.snapshot();
  const first = await world.holdline(['--update', '--dry-run', '--json']);
  expect(first.code).toBe(0);
  const steps = (first.json['plan'] as { steps: { name: string }[] }).steps.map((s) => s.name);
  expect(steps).toEqual(expect.arrayContaining(['adopt-path', 'stage-tree', 'merge-config', 'back-up', 'switch-current']));
  expect((await world.holdline(['--update', '--dry-run'])).stdout).toContain('nothing was changed');
  expect((await world.holdline(['adopt', '--dry-run', '--json'])).code).toBe(0);
  expect(world.snapshot()).toEqual(plain);
  expect(namesIn(world.backupPath)).toEqual([]);
  await world.holdline(['--update']);
  const updated = world.snapshot();
  expect((await world.holdline(['rollback', '--dry-run', '--json'])).json).toMatchObject({ to: '1.0.0' });
  expect(world.snapshot()).toEqual(updated);
});

test('a named backup is restored exactly, the present state being backed up first', async () => {
  writeFileSync(join(world.appDir, 'config/app.yaml'), EDITED);
  await world.publish('1.1.0');
  await world.holdline(['--update']);
  const [name = ''] = readdirSync(world.backupPath);
  writeFileSync(join(world.appDir, 'config/app.yaml'), '# changed since\nname: cellar\n');
  const back = await world.holdline(['rollback', name, '--json']);
  expect(back.json).toMatchObject({ outcome: 'rolled_back', to: '1.0.0' });
  expect(readFileSync(join(world.appDir, 'config/app.yaml'), 'utf8')).toBe(EDITED);
  const newest = readdirSync(world.backupPath).find((backup) => backup.startsWith('backup_1.1.0_')) ?? '';
  expect(readFileSync(join(world.backupPath, newest, 'config/app.yaml'), 'utf8')).toBe('# changed since\nname: cellar\n');
});

test('verify finds every kind of damage, names it and exits 1; an edit by the user is not damage', async () => {
  await world.publish('1.1.0');
  await world.holdline(['--update']);
  writeFileSync(join(world.appDir, 'config/app.yaml'), EDITED);
  const whole = await world.holdline(['verify', '--json']);
  expect(whole.code).toBe(0);
  expect(JSON.stringify(whole.json)).toContain('config/app.yaml');
  const backup = join(world.backupPath, readdirSync(world.backupPath)[0] ?? '');
  for (const [subject, seen, named, content] of [
    [/^tree$/u, join(world.appDir, 'src/server.js'), 'src/server.js', 'process.exit(1)'],
    [/^tree$/u, join(world.appDir, 'src/lib/version ü.js'), 'src/lib/version ü.js', null],
    [/^tree$/u, join(world.appDir, 'VERSION'), 'VERSION', '9.9.9\n'],
    [/^backup_1\.0\.0_/u, join(backup, 'config/app.yaml'), 'config/app.yaml', 'x'],
    [/^backup_1\.0\.0_/u, join(backup, '.holdline/entries.json'), 'list of files', null],
    [/^backup_1\.0\.0_/u, join(backup, '.holdline/backup.json'), 'description', '{'],
  ] as const) {
    const path = realpathSync(seen);
    const [good, { mode }] = [readFileSync(path), statSync(path)];
    rmSync(path);
    if (content !== null) writeFileSync(path, content, { mode });
    const verify = await world.holdline(['verify', '--json']);
    expect({ named, code: verify.code, outcome: verify.json['outcome'] }).toEqual({ named, code: 1, outcome: 'damaged' });
    const bad = (verify.json['findings'] as { subject: string; ok: boolean; damage: string[] }[]).filter((finding) => !finding.ok);
    expect(bad.map((finding) => finding.subject)).toEqual([expect.stringMatching(subject)]);
    expect(bad[0]?.damage.join('\n')).toContain(named);
    rmSync(path, { force: true });
    writeFileSync(path, good, { mode });
  }
  expect((await world.holdline(['verify'])).stdout).toMatch(/^whole {2}tree/u);
});

test('--from a folder or file: signed ones are verified, unsigned ones need the settings to allow them', async () => {
  const { folder, manifest } = await world.build('1.1.0', appFiles('1.1.0'));
  const offline = { env: { https_proxy: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9' } };
  const update = await world.holdline(['--update', '--from', folder, '--json'], offline);
  expect(update.json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  expect(world.github.requests).toEqual([]);
  const next = await world.build('1.2.0', appFiles('1.2.0'));
  expect((await world.holdline(['--update', '--from', join(next.folder, next.manifest.payload.asset), '--json'], offline)).json).toMatchObject({ outcome: 'updated', to: '1.2.0' });

  const third = await world.build('1.3.0', appFiles('1.3.0'));
  for (const name of readdirSync(third.folder)) if (name !== third.manifest.payload.asset && name !== 'SHA256SUMS') rmSync(join(third.folder, name));
  const unsigned = await world.holdline(['--update', '--from', third.folder, '--json'], offline);
  expect(unsigned).toMatchObject({ code: 1, json: { outcome: 'failed', code: 'manifest-missing' } });
  expect(world.version()).toBe('1.2.0');
  world.configure({ trust: { require: 'checksum' } });
  expect((await world.holdline(['--update', '--from', third.folder, '--json'], offline)).json).toMatchObject({ outcome: 'updated', to: '1.3.0' });
  expect(manifest.version).toBe('1.1.0');
});

test('the backups stay as many as asked, and never lose the previous version\'s', async () => {
  world.configure({ max_backups: 1 });
  for (const version of ['1.1.0', '1.2.0', '1.3.0']) {
    await world.publish(version);
    expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: version });
  }
  expect(readdirSync(world.backupPath).filter((name) => name.startsWith('backup_')).map((name) => name.split('_')[1])).toEqual(['1.2.0']);
  expect(namesIn(join(world.appDir, '.holdline/versions')).map((name) => name.split('-')[0])).toEqual(['1.2.0', '1.3.0']);
  expect(namesIn(join(world.appDir, '.holdline/staging'))).toEqual([]);
  expect(existsSync(join(world.stateDir, 'downloads')) ? readdirSync(join(world.stateDir, 'downloads')) : []).toHaveLength(1);
  expect(Object.keys(snapshotFolder(world.stateDir)).filter((path) => path.endsWith('.tmp'))).toEqual([]);
});
