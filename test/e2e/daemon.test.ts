// The daemon with real services: it updates by itself, answers on its socket, takes back what is bad, and survives being killed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appFiles, type Behaviour } from '../support/e2e/app-files.js';
import type { Running } from '../support/e2e/run-command.js';
import { createWorld, freePort, namesIn, type SettingsValues, type World } from '../support/e2e/world.js';
import { waitUntil } from '../support/services/wait-until.js';

let world: World;
let port = 0;
let daemon: Running;
let usual: SettingsValues = {};
beforeEach(async () => {
  port = await freePort();
  world = await createWorld();
  usual = {
    // Off where a person updates: its own first turn comes at a random moment.
    check_interval: 3600, auto_update: false, probation: { seconds: 2, interval: 0.2, failures: 2 },
    services: [{ name: 'web', command: ['node', 'src/server.js'], env: { PORT: String(port) }, stop_timeout: 1 }, { name: 'meter', command: ['sleep', '1000'], kind: 'hardware' }],
    health: [{ http: `http://127.0.0.1:${port}/health`, status: 200, timeout: 1 }],
  };
  world.configure(usual);
});
afterEach(() => world.close());

interface Answer { readonly version: string; readonly pid: number }

async function ask(): Promise<Answer | undefined> {
  try { return await (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) })).json() as Answer; } catch { return undefined; }
}
/** Long, for a busy machine; it is what happens that is judged, not when. */
const PATIENCE_MS = 60_000;
const answersAs = (version: string): Promise<void> => waitUntil(`the app answers as ${version}`, async () => (await ask())?.version === version, PATIENCE_MS);
const becomes = (what: string, is: (now: Record<string, unknown>) => boolean): Promise<void> => waitUntil(what, async () => is(await status()), PATIENCE_MS);
const status = async (): Promise<Record<string, unknown>> => (await world.holdline(['--status', '--json'])).json;
const isCommitted = (now: Record<string, unknown>): boolean => now['state'] === 'idle' && now['current_version'] === '1.1.0' && now['last_update'] !== null;
const pidOf = (name: string, of: Record<string, unknown>): unknown => (of['services'] as { name: string; pid: number }[]).find((s) => s.name === name)?.pid;
const count = (text: string, part: string): number => text.split(part).length - 1;
const isAlive = (pid: number): boolean => { try { process.kill(pid, 0); return true; } catch { return false; } };

async function startDaemon(version = '1.0.0'): Promise<void> {
  daemon = await world.startDaemon();
  await answersAs(version);
}

test('a person updates through it: services restarted once, hardware left alone, answers on its socket meanwhile', async () => {
  await world.publish('1.0.0');
  await startDaemon();
  const before = await status();
  expect(before).toMatchObject({ current_version: '1.0.0', daemon: { running: true, pid: daemon.pid }, services: [{ name: 'web', active: true, restarts: 0 }, { name: 'meter', active: true }] });
  await world.publish('1.1.0');
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available', latest_version: '1.1.0' });
  const update = world.start(['--update', '--json']);
  await daemon.says('"msg":"probing"');
  expect(await status()).toMatchObject({ state: 'probing', current_version: '1.1.0' });
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 75, json: { code: 'busy' } });
  expect((await update.done)).toMatchObject({ code: 0, json: { outcome: 'updated', from: '1.0.0', to: '1.1.0', restarted: ['web'] } });
  const after = await status();
  expect(await ask()).toMatchObject({ version: '1.1.0', pid: pidOf('web', after) });
  expect(pidOf('meter', after)).toBe(pidOf('meter', before));
  expect(count(daemon.output(), 'service web started as process')).toBe(2);
  expect(count(daemon.output(), 'service meter started as process')).toBe(1);
  // Back by hand: the version that was left stays away until there is a newer one.
  expect((await world.holdline(['rollback', '--json'])).json).toMatchObject({ outcome: 'rolled_back', to: '1.0.0' });
  expect(await ask()).toMatchObject({ version: '1.0.0' });
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'current', from: '1.0.0' });
  expect((await world.holdline(['unblock', '1.1.0', '--json'])).json).toMatchObject({ unblocked: true, blocked: [] });
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available', latest_version: '1.1.0' });
  // A second daemon for the same app does not start.
  expect(await world.holdline(['run'])).toMatchObject({ code: 75, stderr: expect.stringContaining(String(daemon.pid)) });
  const ended = await daemon.kill('SIGTERM');
  expect(ended.code).toBe(0);
  expect(await ask()).toBeUndefined();
  expect(isAlive(Number(pidOf('meter', after)))).toBe(false);
});

test.each([
  ['does not start', 'does-not-start', /web.*(?:exit code 3|database is missing)/u],
  ['dies after a while', 'dies', /http|web/u],
  ['answers 500', 'sick', /500/u],
  ['never answers', 'silent', /http/u],
] as const)('a release whose service %s is taken back, blocked with the reason, and not tried again; a newer one is', async (_what, behaviour, reason) => {
  await startDaemon();
  await world.publish('1.1.0', appFiles('1.1.0', behaviour as Behaviour));
  const update = await world.holdline(['--update', '--json']);
  expect(update).toMatchObject({ code: 20, json: { outcome: 'rolled_back', from: '1.0.0', to: '1.1.0', reason: expect.stringMatching(reason) } });
  await answersAs('1.0.0');
  expect(world.version()).toBe('1.0.0');
  expect(await status()).toMatchObject({ state: 'idle', current_version: '1.0.0', blocked: [{ version: '1.1.0', reason: expect.stringMatching(reason) }], update_available: false });
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'current' });
  await world.publish('1.1.1');
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.1' });
  await answersAs('1.1.1');
});

test('a service that hangs in stop is killed after its time, and the update goes on', async () => {
  await world.close();
  world = await createWorld({ installed: appFiles('1.0.0', 'ignores-term') });
  world.configure(usual);
  await startDaemon();
  await world.publish('1.1.0');
  const update = await world.holdline(['--update', '--json']);
  expect(update.json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  expect(update.json['downtime_ms']).toBeGreaterThanOrEqual(1000);
  await answersAs('1.1.0');
});

test('killed, the daemon leaves the app running, and the next one adopts it', async () => {
  await startDaemon();
  const before = await ask();
  await daemon.kill('SIGKILL');
  expect(await ask()).toEqual(before);
  expect(await status()).toMatchObject({ daemon: { running: false }, current_version: '1.0.0' });
  await startDaemon();
  expect(await ask()).toEqual(before);
  expect(await status()).toMatchObject({ services: [{ name: 'web', active: true, pid: before?.pid }, { name: 'meter', active: true }] });
  expect(count(daemon.output(), 'started as process')).toBe(0);
  await world.publish('1.1.0');
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated' });
  expect(isAlive(before?.pid ?? 0)).toBe(false);
  await answersAs('1.1.0');
});

/** The worker of this daemon at this moment. */
const workerOf = (pid: number): number | undefined => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number)
  .find((child) => child > 0 && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('worker.js'));

test('the worker killed in probation: the daemon resumes it and commits', async () => {
  await startDaemon();
  await world.publish('1.1.0');
  const update = world.start(['--update', '--json']);
  await daemon.says('"msg":"probing"');
  const worker = workerOf(daemon.pid);
  expect(worker).toBeDefined();
  process.kill(worker ?? 0, 'SIGKILL');
  expect(await update.done).toMatchObject({ code: 1, json: { code: 'interrupted' } });
  await becomes('it is committed', isCommitted);
  expect(await status()).toMatchObject({ current_version: '1.1.0', blocked: [] });
  expect(await ask()).toMatchObject({ version: '1.1.0' });
});

test('killed in probation, the daemon resumes it: committed when it stays well', async () => {
  await startDaemon();
  await world.publish('1.1.0');
  world.start(['--update', '--json']);
  await daemon.says('"msg":"probing"');
  await answersAs('1.1.0');
  const before = await ask();
  await daemon.kill('SIGKILL');
  await startDaemon('1.1.0');
  expect(await ask()).toEqual(before);
  await becomes('it is committed', isCommitted);
  expect(await status()).toMatchObject({ current_version: '1.1.0', state: 'idle', blocked: [] });
});

test('killed in probation too often: reverted by recovery, the old app runs, the version is blocked', async () => {
  world.configure({ ...usual, probation: { seconds: 60, interval: 0.2, failures: 2 }, max_probation_restarts: 1 });
  await startDaemon();
  await world.publish('1.1.0');
  world.start(['--update', '--json']);
  await daemon.says('"msg":"probing"');
  await daemon.kill('SIGKILL');
  await startDaemon('1.1.0');
  await daemon.says('probation goes on');
  await daemon.kill('SIGKILL');
  await startDaemon('1.0.0');
  await becomes('the books are closed', (now) => JSON.stringify(now['blocked']) !== '[]');
  expect(world.version()).toBe('1.0.0');
  expect(await status()).toMatchObject({ current_version: '1.0.0', blocked: [{ version: '1.1.0' }] });
});

test('a stop right after a request at its start ends that job, too', async () => {
  daemon = world.start(['run']);
  // As soon as there is a socket, before the services are up and the last run is settled.
  await waitUntil('there is a socket', () => existsSync(join(world.root, 'run/control.sock')));
  await world.publish('1.1.0');
  const update = world.start(['--update', '--json']);
  await daemon.says('"msg":"probing"');
  expect((await daemon.kill('SIGTERM')).code).toBe(0);
  expect(await update.done).toMatchObject({ json: { code: 'interrupted' } });
  expect(count(daemon.output(), '"msg":"reverting"')).toBe(0);
  await startDaemon('1.1.0');
});

test('a person\'s stop in probation does not count, and the next start goes on', async () => {
  world.configure({ ...usual, max_probation_restarts: 0 });
  await startDaemon();
  await world.publish('1.1.0');
  world.start(['--update', '--json']);
  await daemon.says('"msg":"probing"');
  expect((await daemon.kill('SIGTERM')).code).toBe(0);
  await startDaemon('1.1.0');
  await becomes('it is committed', isCommitted);
  expect(await status()).toMatchObject({ current_version: '1.1.0', blocked: [] });
});

test('SIGTERM in a download of its own: it stops cleanly, and the next start asks for the rest only', async () => {
  world.configure({ ...usual, check_interval: 1, auto_update: true });
  await world.publish('1.1.0', appFiles('1.1.0', 'good', { 'src/big.txt': randomBytes(400_000).toString('hex') }));
  world.github.fault({ on: 'storage', match: 'app-1.1.0.tar.gz', what: { kind: 'stall', after: 200_000 } });
  await startDaemon();
  const downloads = (): (string | undefined)[] => world.github.requests.filter((r) => r.origin === 'storage' && r.path.includes('.tar.gz')).map((r) => r.headers.range);
  const folder = join(world.stateDir, 'downloads');
  await waitUntil('a part is there', () => existsSync(folder) && namesIn(folder).some((name) => readFileSync(join(folder, name)).length >= 150_000));
  const worker = workerOf(daemon.pid);
  expect(await daemon.kill('SIGTERM')).toMatchObject({ code: 0 });
  expect(isAlive(worker ?? 0)).toBe(false);
  expect(world.version()).toBe('1.0.0');
  expect(await status()).toMatchObject({ daemon: { running: false }, last_error: null });
  await startDaemon('1.1.0');
  expect(downloads()).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/u)]);
  await becomes('it is committed', isCommitted);
});

test('auto_update off: it says so and waits for a person', async () => {
  world.configure({ ...usual, check_interval: 1, auto_update: false });
  await world.publish('1.1.0');
  await startDaemon();
  await becomes('it has checked', (now) => now['latest_version'] === '1.1.0');
  expect(await status()).toMatchObject({ current_version: '1.0.0', update_available: true });
  expect(world.version()).toBe('1.0.0');
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});
