// The commands around the main job: a device set up from nothing, doctor, keys, publishing with --upload, first look at an empty repository.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANY_CONDITION_YAML } from '../support/any-condition.js';
import { writeFiles } from '../support/device-world.js';
import { appFiles } from '../support/e2e/app-files.js';
import { runCommand } from '../support/e2e/run-command.js';
import { createWorld, namesIn, REPO, TOKEN, type World } from '../support/e2e/world.js';

let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.close());

test('from nothing to an update: keygen, init, doctor, publish --upload, check, update', async () => {
  const env = { GITHUB_API_URL: world.github.apiUrl, GITHUB_TOKEN: TOKEN };
  const out = join(world.root, 'keys', 'release');
  const keygen = await runCommand(['keygen', '--out', out, '--plain', '--json']);
  expect(keygen).toMatchObject({ code: 0, json: { files: [`${out}.key`, `${out}.pub`] } });
  expect(statSync(`${out}.key`).mode & 0o077).toBe(0);
  const again = await runCommand(['keygen', '--out', out, '--plain', '--json']);
  expect(again.code).not.toBe(0);
  const file = join(world.root, 'new', 'holdline.yaml');
  const init = await runCommand(['init', REPO, '--file', file, '--install-dir', world.appDir]);
  expect(init.code).toBe(0);
  expect(init.stdout).toContain('next:');
  expect(await runCommand(['init', REPO, '--file', file, '--json'])).toMatchObject({ code: 2, json: { code: 'usage', message: expect.stringContaining(file) } });
  expect((await runCommand(['init', 'not a repo', '--file', `${file}2`, '--json'])).code).toBe(2);
  expect(existsSync(`${file}2`)).toBe(false);
  const { publicKey } = { publicKey: readFileSync(`${out}.pub`, 'utf8').trim().split('\n').at(-1) ?? '' };
  const settings = readFileSync(file, 'utf8').replace(/keys: \[[^\]]*\]/u, `keys: ["${publicKey}"]`).replace(/^state_dir:.*$/mu, '');
  writeFileSync(file, `${settings}\n${/^state_dir/mu.test(settings) ? '' : `state_dir: ${world.stateDir}\n`}${ANY_CONDITION_YAML}`);
  const holdline = (args: string[]): ReturnType<typeof runCommand> => runCommand([...args, '--config', file], { env });

  const empty = await holdline(['--check', '--json']);
  expect(empty).toMatchObject({ code: 0, json: { outcome: 'current', latest_version: null, update_available: false } });
  const doctor = await holdline(['doctor']);
  expect(doctor.stdout).toMatch(/ok +network: /u);
  writeFiles(join(world.root, 'tree'), appFiles('1.1.0'));
  const publish = (extra: string[], target: string): ReturnType<typeof runCommand> =>
    runCommand(['publish', join(world.root, 'tree'), '--repo', REPO, '--out', join(world.root, target), '--key', `${out}.key`, '--json', ...extra], { env });
  const first = await publish([], 'release a');
  expect(first).toMatchObject({ code: 0, json: { facts: { version: '1.1.0', tag: 'v1.1.0' } } });
  expect((await publish(['--upload'], 'release b')).code).toBe(0);
  for (const name of namesIn(join(world.root, 'release a'))) {
    expect(readFileSync(join(world.root, 'release b', name)).equals(readFileSync(join(world.root, 'release a', name)))).toBe(true);
  }
  expect((await holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available', latest_version: '1.1.0' });
  expect((await holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', from: '1.0.0', to: '1.1.0' });
  expect(world.version()).toBe('1.1.0');
  // Plain tools accept what was published.
  const unpacked = join(world.root, 'unpacked');
  mkdirSync(unpacked);
  execFileSync('tar', ['xzf', join(world.root, 'release a', 'app-1.1.0.tar.gz'), '-C', unpacked]);
  expect(readFileSync(join(unpacked, 'VERSION'), 'utf8')).toBe('1.1.0\n');
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(world.root, 'release a') });
});

test('doctor names each trouble with its remedy, and exits 1', async () => {
  world.configure({ services: [{ name: 'web', command: ['no-such-program'] }, { unit: 'nobody-has-this.service' }], github_repo: 'lab/not-there' });
  const doctor = await world.holdline(['doctor', '--json']);
  expect(doctor.code).toBe(1);
  const findings = doctor.json['findings'] as { check: string; verdict: string; detail: string; remedy: string | null }[];
  const failed = findings.filter((f) => f.verdict === 'failed');
  expect(failed.map((f) => f.check)).toEqual(expect.arrayContaining(['service web', 'service nobody-has-this', 'repository']));
  for (const finding of findings.filter((f) => f.verdict !== 'passed')) expect(finding.remedy).toMatch(/\w{3}/u);
  world.configure({});
  expect((await world.holdline(['doctor', '--json']))).toMatchObject({ code: 0, json: { outcome: 'passed' } });
  await world.github.close();
  const offline = await world.holdline(['doctor', '--json']);
  expect(offline).toMatchObject({ code: 1 });
  expect(JSON.stringify(offline.json)).toContain('cannot be reached');
});

test('status, history, backups, verify and recover of a device where nothing has happened yet', async () => {
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ current_version: '1.0.0', latest_version: null, state: 'idle', last_check: null, backups: [], blocked: [], requests_today: 0 });
  expect(await world.holdline(['history', '--json'])).toMatchObject({ code: 0, json: { history: [] } });
  expect(await world.holdline(['backups', '--json'])).toMatchObject({ code: 0, json: { backups: [] } });
  expect(await world.holdline(['verify', '--json'])).toMatchObject({ code: 0 });
  expect(await world.holdline(['recover', '--json'])).toMatchObject({ code: 0, json: { outcome: 'nothing' } });
  expect(await world.holdline(['unblock', '9.9.9', '--json'])).toMatchObject({ code: 0, json: { unblocked: false } });
  expect(await world.holdline(['rollback', '--json'])).toMatchObject({ code: 1, json: { code: 'backup-missing' } });
  const help = await runCommand(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('Examples:');
  expect((await runCommand(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
});

test('adopt takes over a plain folder, modes and odd names included, and twice is once', async () => {
  writeFiles(world.appDir, { 'src/läuft mit leerzeichen.sh': '#!/bin/sh\n' });
  chmodSync(join(world.appDir, 'src/läuft mit leerzeichen.sh'), 0o755);
  const before = world.seen();
  expect(await world.holdline(['adopt', '--json'])).toMatchObject({ code: 0, json: { to: '1.0.0' } });
  expect(world.seen()).toEqual(before);
  expect(statSync(join(world.appDir, 'src/läuft mit leerzeichen.sh')).mode & 0o777).toBe(0o755);
  const adopted = world.snapshot();
  expect(await world.holdline(['adopt', '--json'])).toMatchObject({ code: 0, json: { outcome: 'current', from: '1.0.0' } });
  expect(world.snapshot()).toEqual(adopted);
  rmSync(join(world.appDir, '.holdline/current'));
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 21, json: { code: 'broken' } });
});
