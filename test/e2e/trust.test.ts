// Trust through the commands: rotating keys, losing the main one, a release that changes under its tag, and the audit log of it all.
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { writeFiles } from '../support/device-world.js';
import { appFiles } from '../support/e2e/app-files.js';
import { runCommand, type Ran } from '../support/e2e/run-command.js';
import { createWorld, REPO, TOKEN, type World } from '../support/e2e/world.js';

let world: World;
beforeEach(async () => { world = await createWorld({ github: { limits: { anonymous: 1000 } } }); });
afterEach(() => world.close());

const path = (...parts: string[]): string => join(world.root, 'publisher', ...parts);

async function tool(...args: string[]): Promise<Ran> {
  const ran = await runCommand([...args, '--json'], { cwd: world.root });
  expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
  return ran;
}

/** A key pair by name; gives its public key. */
async function keygen(name: string): Promise<string> {
  createFilesystem().makeDirectory(path());
  await tool('keygen', '--plain', '--out', path(name));
  return readFileSync(path(`${name}.pub`), 'utf8').split('\n')[1] ?? '';
}

async function publish(version: string, key: string, keys?: string): Promise<void> {
  const [tree, out] = [path(`tree-${version}`), path(`release-${version}`)];
  writeFiles(tree, appFiles(version));
  await tool('publish', tree, '--repo', REPO, '--key', path(`${key}.key`), '--out', out, ...(keys === undefined ? [] : ['--keys', path(keys, 'holdline.keys.json')]));
  await world.github.addRelease(REPO, { tag: `v${version}`, assets: Object.fromEntries(readdirSync(out).map((name) => [name, join(out, name)])) });
}

const update = (): Promise<Ran> => world.holdline(['--update', '--json']);
const keys = async (): Promise<Record<string, string>> => Object.fromEntries(((await world.holdline(['keys', '--json'])).json['keys'] as { name: string; status: string }[]).map(({ name, status }) => [name, status]));

test('the drill: a planned rotation, then the main key is stolen, and the spare takes over', async () => {
  const [main, spare] = [await keygen('main'), await keygen('spare')];
  world.configure({ trust: { keys: [{ name: 'main', key: main }, { name: 'spare', purpose: 'spare', key: spare }] } });
  await publish('1.1.0', 'main');
  expect((await update()).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  expect(await keys()).toEqual({ main: 'trusted', spare: 'spare' });

  await keygen('second');
  await tool('rotate-key', '--repo', REPO, '--by', path('main.key'), '--add', path('second.key'), '--revoke', path('main.pub'), '--reason', 'replaced', '--out', path('first change'));
  await publish('1.2.0', 'second', 'first change');
  expect((await update()).json).toMatchObject({ outcome: 'updated', to: '1.2.0' });
  expect(await keys()).toEqual({ main: 'revoked', spare: 'spare', second: 'trusted' });
  await publish('1.2.1', 'main');
  expect((await update()).json).toMatchObject({ code: 'signature-key' });
  world.github.removeRelease(REPO, 'v1.2.1');

  await tool('rotate-key', '--repo', REPO, '--by', path('spare.key'), '--add', path('spare.key'), '--revoke', path('second.pub'), '--reason', 'stolen', '--previous', path('first change', 'holdline.keys.json'), '--out', path('drill'));
  await publish('1.3.0', 'spare', 'drill');
  expect((await update()).json).toMatchObject({ outcome: 'updated', to: '1.3.0' });
  await publish('1.4.0', 'second');
  expect((await update()).json).toMatchObject({ code: 'signature-key', message: expect.stringContaining('revoked: stolen') as unknown });
  const text = (await world.holdline(['keys'])).stdout;
  expect(text).toMatch(/revoked {2}main/u);
  expect(text).toContain('named by statement 2, which spare vouched for');
  expect((await world.holdline(['audit', '--verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
});

test('a release that changes under its tag is refused, until a person has looked', async () => {
  await world.publish('1.1.0', appFiles('1.1.0'));
  await world.holdline(['--check']);
  world.github.removeRelease(REPO, 'v1.1.0');
  await world.publish('1.1.0', appFiles('1.1.0', 'good', { 'src/other.js': '// not what was seen\n' }));
  const refused = await update();
  expect(refused).toMatchObject({ code: 1, json: { code: 'release-changed' } });
  expect(refused.json['message']).toMatch(/was [0-9a-f]{64} when .* is [0-9a-f]{64} now/u);
  expect(world.version()).toBe('1.0.0');
  expect(await world.holdline(['unblock', '1.1.0'])).toMatchObject({ code: 0 });
  expect((await update()).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});

test('the audit log tells who did what and why, holds no secret, and shows when it was touched', async () => {
  world.configure({ services: [{ name: 'app', command: ['node', 'src/server.js'], env: { PASSWORD: 'hunter2-of-the-app' } }] });
  const env = { GITHUB_TOKEN: TOKEN };
  await world.publish('1.1.0');
  await world.holdline(['--update'], { env });
  await world.holdline(['rollback'], { env });
  world.configure({ max_backups: 7 });
  await world.holdline(['--update', '1.1.0'], { env });
  const audit = await world.holdline(['audit', '--verify', '--json', '-n', '500']);
  expect(audit).toMatchObject({ code: 0, json: { outcome: 'whole' } });
  const entries = audit.json['entries'] as { actor: string; event: string; facts: Record<string, unknown> }[];
  expect(new Set(entries.map(({ event }) => event))).toEqual(new Set(['log-begun', 'settings-changed', 'checked', 'verified', 'fetched', 'begun', 'step', 'committed']));
  expect(new Set(entries.map(({ actor }) => actor))).toEqual(new Set([`uid ${process.getuid?.() ?? '?'}`]));
  expect(entries.find(({ event, facts }) => event === 'settings-changed' && String(facts['sections']).includes('maxBackups'))).toBeDefined();
  expect(audit.stdout).not.toMatch(/hunter2|ghp_/u);
  const folder = join(world.stateDir, 'audit');
  const [name = ''] = readdirSync(folder);
  expect((await world.holdline(['audit', '--since', '1h'])).stdout).toContain('committed');
  expect((await world.holdline(['audit', '--since', 'yesterday'])).code).toBe(2);
  const whole = readFileSync(join(folder, name), 'utf8');
  for (const changed of [whole.replace('1.1.0', '1.1.9'), whole.split('\n').slice(0, -2).join('\n').concat('\n'), whole.split('\n').toSpliced(3, 1).join('\n')]) {
    writeFileSync(join(folder, name), changed);
    expect(await world.holdline(['audit', '--verify', '--json'])).toMatchObject({ code: 1, json: { outcome: 'damaged' } });
  }
  writeFileSync(join(folder, name), whole);
  appendFileSync(join(folder, name), 'half a line of a power cut');
  expect((await world.holdline(['audit', '--verify'])).code).toBe(0);
});

test('a device that hears nothing says so in its status', async () => {
  await world.publish('1.1.0');
  world.configure({ freshness: { alarm_after: 0.001 } });
  await world.holdline(['--check']);
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ freshness: { alarm: expect.stringContaining('nothing usable has come') as unknown } });
  expect((await world.holdline(['--status'])).stdout).toContain('ALARM');
  world.configure({ freshness: { alarm_after: 0 } });
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ freshness: { alarm: null } });
});
