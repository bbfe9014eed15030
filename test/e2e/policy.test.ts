// What may come when, through the commands: holds, a person's word, windows, and why.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPlant, NAMES } from '../support/e2e/plant.js';
import { createWorld, type SettingsValues, type World } from '../support/e2e/world.js';
import { waitUntil } from '../support/services/wait-until.js';

let world: World;
const usual: SettingsValues = { probation: { seconds: 0, interval: 0.2, failures: 1 }, check_interval: 3600 };
beforeEach(async () => { world = await createWorld({ github: { limits: { anonymous: 1000 } } }); world.configure(usual); });
afterEach(() => world.close());

const PATIENCE_MS = 60_000;
const json = async (...args: string[]): Promise<Readonly<Record<string, unknown>>> => (await world.holdline([...args, '--json'])).json;
const becomes = (what: string, wanted: object): Promise<void> => waitUntil(what, async () => { try { expect(await json('--status')).toMatchObject(wanted); return true; } catch { return false; } }, PATIENCE_MS);

test('holds keep the daemon from updating until the last one is released; then it goes on at once', async () => {
  await world.publish('1.1.0');
  expect((await json('hold', '--owner', 'backup', '--for', '1h')).id).toMatch(/^[0-9a-f]{6}$/u);
  const held = await world.holdline(['hold', '--owner', 'measurement', '--for', '2h', '--reason', 'night run', '--id', 'm1', '--json']);
  expect(held).toMatchObject({ code: 0, json: { kind: 'hold', id: 'm1', owner: 'measurement', reason: 'night run' } });
  expect(Date.parse(String(held.json['until'])) - Date.now()).toBeGreaterThan(7_100_000);
  await world.startDaemon();
  // Its own first turn is up to a minute away; whoever releases a hold wakes it.
  expect(await json('release-hold', '--owner', 'backup')).toMatchObject({ released: [{ owner: 'backup' }] });
  await becomes('it waits for the hold', { state: 'waiting', current_version: '1.0.0', waiting: { reason: 'hold', detail: expect.stringContaining('measurement (night run)'), until: expect.any(String) }, holds: { standing: [{ id: 'm1' }], since: expect.any(String), alarm: null } });
  expect((await world.holdline(['--status'])).stdout).toMatch(/waiting \(hold\)[\s\S]*holds\n\s+m1\s+measurement\s+until .*night run/u);
  // A person does not pass it either, and is told how to.
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'hold', reason: expect.stringContaining('holdline release-hold m1 --force') } });
  expect(await world.holdline(['release-hold', 'm1', '--owner', 'somebody', '--json'])).toMatchObject({ code: 2, json: { code: 'usage', message: expect.stringContaining("it is measurement's") } });
  expect(world.version()).toBe('1.0.0');
  expect(await json('release-hold', 'm1', '--owner', 'boss', '--force', '--reason', 'the line stands still')).toMatchObject({ released: [{ id: 'm1' }] });
  await becomes('it is updated', { state: 'idle', current_version: '1.1.0', holds: { standing: [], since: null } });
  const { entries } = await json('audit', '--verify') as { entries: { event: string; reason: string | null; facts: Record<string, unknown> }[] };
  expect(entries.filter(({ event }) => event.startsWith('hold-')).map(({ event, facts, reason }) => `${event} ${String(facts['owner'])} ${String(facts['forced'] ?? '')} ${reason ?? ''}`.trim())).toEqual([
    'hold-taken backup', 'hold-taken measurement  night run', 'hold-released backup false released', 'hold-released measurement true the line stands still']);
});

test('a version waits for approval; approve installs it, and who, when and why stays', async () => {
  world.configure({ ...usual, policy: { minor: 'approve', major: 'never' } });
  await world.publish('1.1.0');
  await world.publish('2.0.0');
  await world.startDaemon();
  expect(await world.holdline(['--check', '--exit-code', '--json'])).toMatchObject({ code: 10, json: { outcome: 'available', latest_version: '2.0.0', waiting: { reason: 'approval', until: null }, release: { tag: 'v1.1.0' } } });
  expect((await world.holdline(['--status'])).stdout).toContain('waits for approval');
  expect(await json('reject', '1.1.0', '--reason', 'not before the fair')).toMatchObject({ approval: { verdict: 'rejected' } });
  await becomes('there is nothing to wait for', { state: 'idle', waiting: null, update_available: false, approvals: [{ version: '1.1.0', verdict: 'rejected', reason: 'not before the fair' }] });
  expect(await json('approve', '1.1.0', '--reason', 'the fair is over')).toMatchObject({ approval: { version: '1.1.0', verdict: 'approved', by: expect.stringMatching(/uid \d+/u), reason: 'the fair is over' }, note: null });
  await becomes('it is updated', { state: 'idle', current_version: '1.1.0', approvals: [] });
  expect((await json('history') as { history: object[] }).history[0]).toMatchObject({ outcome: 'committed', to: '1.1.0', actor: 'daemon' });
  const { entries } = await json('audit') as { entries: { event: string; facts: Record<string, unknown>; reason: string | null }[] };
  expect(entries.filter(({ event }) => event === 'approved' || event === 'rejected')).toMatchObject([{ event: 'rejected', reason: 'not before the fair' }, { event: 'approved', reason: 'the fair is over', facts: { version: '1.1.0', by: expect.stringMatching(/uid \d+/u) } }]);
});

test('a closed window is waited for until it opens, security passes it, and explain says which rule decided what', async () => {
  // Every day but now: whatever the hour, two hours from now it opens, for a while that is long enough.
  const from = new Date(Date.now() + 2 * 3_600_000);
  const clock = (date: Date): string => date.toISOString().slice(11, 16);
  world.configure({ ...usual, windows: { when: [`${clock(from)}-${clock(new Date(from.getTime() + 3_600_000))}`], time_zone: 'UTC' } });
  await world.publish('1.1.0');
  const opens = `${from.toISOString().slice(0, 16)}:00.000Z`;
  expect(await json('--check')).toMatchObject({ outcome: 'waiting', update_available: true, waiting: { reason: 'window', until: opens } });
  expect(await json('--status')).toMatchObject({ state: 'waiting', waiting: { reason: 'window', until: opens } });
  const explained = await json('explain');
  expect(explained).toMatchObject({
    current_version: '1.0.0', decision: 'wait', release: 'v1.1.0', waiting: { reason: 'window', until: opens }, policy: { types: { minor: 'window', security: 'window' }, time_zone: 'UTC', windows_pass: ['security', 'hotfix'], estimate: 900 },
    releases: [{ tag: 'v1.1.0', type: 'minor', decision: 'wait', rulings: expect.arrayContaining([expect.objectContaining({ rule: 'policy', verdict: 'pass', detail: 'policy.minor is window' }), expect.objectContaining({ rule: 'window', verdict: 'wait' }), expect.objectContaining({ rule: 'hold', verdict: 'pass' })]) }],
  });
  const { stdout } = await world.holdline(['explain', '1.1.0']);
  expect(stdout).toMatch(/v1\.1\.0 waits \(window\): no window is open; the next one opens .*, until [\s\S]*rules\n[\s\S]*windows\s+[\s\S]*v1\.1\.0 \(minor\)[\s\S]*waits\s+window/u);
  await world.publish('1.0.1', undefined, { type: 'security' });
  expect(await json('explain')).toMatchObject({ decision: 'install', release: 'v1.0.1', releases: [{ tag: 'v1.1.0', decision: 'wait' }, { tag: 'v1.0.1', type: 'security', decision: 'install' }] });
  // A person needs no window.
  expect(await json('--update', '1.1.0')).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  expect(await world.holdline(['explain', 'databse', '--json'])).toMatchObject({ code: 2, json: { code: 'usage' } });
});

test('scripts hold by a lock, by their pid, or by a gate; the last look is right before the switch', async () => {
  const run = join(world.root, 'run');
  mkdirSync(run, { recursive: true });
  const lock = join(run, 'hold');
  const gate = join(world.root, 'may-update.sh');
  // Yes when it is asked first, not now when it is asked again.
  writeFileSync(gate, `#!/bin/sh\ncd '${world.root}'\necho "$HOLDLINE_FROM $HOLDLINE_TO $HOLDLINE_TYPE" >> asked\n[ $(wc -l < asked) -eq 1 ] && exit 0\necho "the oven is hot"\nexit 75\n`);
  chmodSync(gate, 0o755);
  world.configure({ ...usual, holds: { lock_file: lock, gate: [gate] } });
  await world.publish('1.1.0');

  const script = spawn('flock', [lock, 'sleep', '600'], { stdio: 'ignore', detached: true });
  try {
    await waitUntil('the script has its lock', () => existsSync(lock));
    await waitUntil('it holds', async () => (await json('holds') as { standing: { kind: string }[] }).standing[0]?.kind === 'lock-file', PATIENCE_MS);
    expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 75, json: { code: 'hold', reason: expect.stringContaining(`a lock on ${lock}`) } });
  } finally { if (script.pid !== undefined) process.kill(-script.pid, 'SIGKILL'); }
  await waitUntil('nobody holds', async () => (await json('holds') as { standing: object[] }).standing.length === 0, PATIENCE_MS);
  expect(existsSync(join(world.root, 'asked'))).toBe(false);

  const before = world.snapshot();
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'hold', waiting: { reason: 'hold', detail: expect.stringContaining('the oven is hot') } } });
  expect(readFileSync(join(world.root, 'asked'), 'utf8')).toBe('1.0.0 1.1.0 minor\n1.0.0 1.1.0 minor\n');
  expect(world.version()).toBe('1.0.0');
  expect(await json('--status')).toMatchObject({ state: 'waiting', waiting: { reason: 'hold' }, last_error: null, blocked: [] });
  expect(Object.keys(world.snapshot()).filter((path) => path.includes('1.1.0'))).toEqual([]);
  expect(Object.keys(before).length).toBeGreaterThan(0);
  // The download is kept: only the rest is asked for.
  expect(readdirSync(join(world.stateDir, 'downloads')).some((name) => name.includes('1.1.0'))).toBe(true);

  world.configure({ ...usual, holds: { lock_file: lock } });
  const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
  try {
    expect(await json('hold', '--owner', 'script', '--pid', String(sleeper.pid))).toMatchObject({ owner: 'script', until: null });
    expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 75, json: { code: 'hold' } });
  } finally { sleeper.kill('SIGKILL'); }
  await waitUntil('a dead owner holds nobody', async () => (await json('holds') as { standing: object[] }).standing.length === 0, PATIENCE_MS);
  expect(await world.holdline(['hold', '--owner', 'script', '--pid', '999999999', '--json'])).toMatchObject({ code: 2, json: { message: expect.stringContaining('there is no such process') } });
  expect(await world.holdline(['hold', '--owner', 'script', '--json'])).toMatchObject({ code: 2, json: { message: expect.stringContaining('for ever') } });
  expect(await json('--update')).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});

test('who asks for a hold while an update is being switched or watched gets none: it could not keep its word', async () => {
  world.configure({ ...usual, health: [{ command: ['true'] }], probation: { seconds: 4, interval: 0.2, failures: 1 } });
  await world.publish('1.1.0');
  const update = world.start(['--update', '--json']);
  await update.says('probing');
  expect(await world.holdline(['hold', '--owner', 'measurement', '--for', '1h', '--json'])).toMatchObject({ code: 75, json: { code: 'busy', message: 'cannot hold updates back: one is under way (probing)' } });
  expect(await json('holds')).toMatchObject({ standing: [] });
  expect(await update.done).toMatchObject({ code: 0, json: { outcome: 'updated', to: '1.1.0' } });
  expect(await world.holdline(['hold', '--owner', 'measurement', '--for', '1h', '--json'])).toMatchObject({ code: 0 });
});

test('each component has its own policy and its own approvals; a hold keeps them all', async () => {
  await world.close();
  const plant = await createPlant();
  world = plant;
  plant.components({ app: { policy: { minor: 'approve' } }, dashboard: { pin: '~1.1' } }, usual);
  // A version is a folder of the publisher's: each component has its own numbers.
  await plant.release('database', '1.1.2');
  await plant.release('app', '1.1.0');
  await plant.release('dashboard', '1.1.1');
  await plant.release('dashboard', '1.2.0');
  const explained = await json('explain') as { components: { component: string; decision: string; release: string | null; waiting: { reason: string } | null }[] };
  expect(explained.components.map(({ component, decision, release, waiting }) => `${component} ${decision} ${release ?? ''} ${waiting?.reason ?? ''}`.trim()).sort()).toEqual(['app wait app-v1.1.0 approval', 'dashboard install dashboard-v1.1.1', 'database install database-v1.1.2']);
  expect((await world.holdline(['explain', 'app'])).stdout).toMatch(/^app: 1\.0\.0 runs[\s\S]*waits \(approval\)/u);
  expect(await world.holdline(['explain', 'databse', '--json'])).toMatchObject({ code: 2, json: { code: 'usage', message: expect.stringContaining('did you mean database?') } });
  expect(await world.holdline(['approve', '1.1.0', '--json'])).toMatchObject({ code: 2, json: { hint: expect.stringContaining('--component') } });
  await json('hold', '--owner', 'measurement', '--for', '1h');
  const held = await world.holdline(['--update', '--unattended', '--json']);
  expect(held).toMatchObject({ code: 75, json: { outcome: 'waiting', waiting: { reason: expect.stringMatching(/hold|approval/u) } } });
  expect(await json('--status')).toMatchObject({ holds: { standing: [{ owner: 'measurement' }], since: expect.any(String) } });
  await json('release-hold', '--owner', 'measurement');
  expect(await json('--update', '--unattended')).toMatchObject({ outcome: 'updated' });
  expect(NAMES.map((name) => plant.version(name))).toEqual(['1.1.2', '1.0.0', '1.1.1']);
  expect(await json('approve', '1.1.0', '--component', 'app', '--reason', 'seen it')).toMatchObject({ approval: { version: '1.1.0' } });
  const { approvals } = await json('--status') as { approvals: object[] };
  expect(approvals).toMatchObject([{ version: 'app 1.1.0', verdict: 'approved', reason: 'seen it' }]);
  expect(await json('--update', '--unattended')).toMatchObject({ outcome: 'updated' });
  expect(plant.version('app')).toBe('1.1.0');
  const { entries } = await json('audit', '--lines', '500') as { entries: { event: string }[] };
  expect(entries.map(({ event }) => event).filter((event) => event.startsWith('hold-') || event === 'approved')).toEqual(['hold-taken', 'hold-released', 'approved']);
});
