// Two updaters at once, and commands killed or stopped in the middle: the next start ends at exactly old or exactly new.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { createFakeSystemctl, type FakeSystemctl } from '../support/e2e/fake-systemctl.js';
import { heldBy } from '../support/e2e/expect-refused.js';
import type { Running } from '../support/e2e/run-command.js';
import { createWorld, namesIn, type World } from '../support/e2e/world.js';
import { waitUntil } from '../support/services/wait-until.js';

let world: World;
let systemctl: FakeSystemctl;
const big = (): Record<string, string> => ({ 'src/big.txt': randomBytes(400_000).toString('hex') });
beforeEach(async () => {
  world = await createWorld({ installed: appFiles('1.0.0') });
  systemctl = createFakeSystemctl(world.root);
});
afterEach(async () => { systemctl.release(); await world.close(); });

const update = (): Running => world.start(['--update', '--json'], { env: systemctl.env });
const again = (): ReturnType<World['holdline']> => world.holdline(['--update', '--json'], { env: systemctl.env });

/** The states the newest journal went through. */
function journalStates(): string[] {
  const folder = join(world.stateDir, 'journal');
  const newest = readdirSync(folder).filter((name) => name.endsWith('.journal')).sort().at(-1) ?? '';
  // A journal begins in staging, without a word of it.
  return ['staging', ...readFileSync(join(folder, newest), 'utf8').split('\n').flatMap((line) => /"type":"state","state":"(\w+)"/u.exec(line)?.[1] ?? /"type":"(end)"/u.exec(line)?.[1] ?? [])];
}

const downloads = (): readonly (string | undefined)[] => world.github.requests.filter((r) => r.origin === 'storage' && r.path.includes('.tar.gz')).map((r) => r.headers.range);

async function hangInDownload(): Promise<Running> {
  await world.holdline(['adopt']);
  await world.publish('1.1.0', appFiles('1.1.0', 'good', big()));
  world.github.fault({ on: 'storage', match: 'app-1.1.0.tar.gz', what: { kind: 'stall', after: 200_000 } });
  const first = update();
  const part = (): boolean => namesIn(join(world.stateDir, 'downloads')).length > 0 && downloads().length === 1;
  await waitUntil('the download has begun', part);
  await first.says(/downloading|fetching/u);
  return first;
}

test('a second updater is busy, looks are not, and the first goes on undisturbed', async () => {
  const first = await hangInDownload();
  for (const args of [['--update'], ['--update', '1.1.0'], ['rollback'], ['adopt'], ['unblock', '1.1.0']]) {
    const second = await world.holdline([...args, '--json']);
    expect({ args, exit: second.code, code: second.json['code'] }).toEqual({ args, exit: 75, code: 'busy' });
    expect(String(second.json['message'])).toContain(String(first.pid));
  }
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available' });
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ current_version: '1.0.0' });
  expect((await world.holdline(['--update'])).stderr).toMatch(/^error: cannot begin: .*\[busy\]/mu);
  await first.kill('SIGKILL');
  expect((await again()).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('%s in the download: nothing has changed, and the next one asks only for the rest', async (signal) => {
  const first = await hangInDownload();
  const before = heldBy(world);
  // Bytes already on the disk: what a kill must not lose.
  await waitUntil('200,000 bytes are written', () => namesIn(join(world.stateDir, 'downloads')).some((name) => readFileSync(join(world.stateDir, 'downloads', name)).length >= 150_000));
  const ended = await first.kill(signal);
  if (signal === 'SIGKILL') expect(ended.signal).toBe('SIGKILL');
  else expect(ended).toMatchObject({ code: 1, json: { outcome: 'failed', code: 'interrupted' } });
  expect(heldBy(world)).toEqual(before);
  expect((await again()).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  expect(downloads()).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/u)]);
  expect(world.version()).toBe('1.1.0');
});

test.each(['SIGKILL', 'SIGTERM'] as const)('%s while the release is written: the staged half is gone after the next start', async (signal) => {
  await world.holdline(['adopt']);
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`src/many/${n % 50}/file ${n}.js`, `export default ${n}; // ${randomBytes(400).toString('hex')}\n`]));
  await world.publish('1.1.0', appFiles('1.1.0', 'good', many));
  const before = heldBy(world);
  const first = update();
  const staging = join(world.appDir, '.holdline/staging');
  await waitUntil('files are staged', () => namesIn(staging).some((id) => namesIn(join(staging, id, 'tree/src')).length > 0));
  const ended = await first.kill(signal);
  expect(ended.signal === 'SIGKILL' || ended.code === 1).toBe(true);
  expect(journalStates().at(-1)).toBe(signal === 'SIGKILL' ? 'staging' : 'end');
  expect(world.version()).toBe('1.0.0');
  const recover = await world.holdline(['recover', '--json']);
  expect(recover).toMatchObject({ code: 0, json: { outcome: signal === 'SIGKILL' ? 'repaired' : 'nothing' } });
  expect((await world.holdline(['recover', '--json'])).json).toMatchObject({ outcome: 'nothing' });
  expect(namesIn(staging)).toEqual([]);
  expect(heldBy(world).app).toEqual({ ...before.app, '.holdline/staging': expect.stringMatching(/^directory/u) });
  expect((await again()).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});

test.each(['stop', 'start'] as const)('kill -9 in the switch, in the %s of a service: back to old, its service restarted, not blocked', async (verb) => {
  world.configure({ services: [{ unit: 'app.service' }] });
  await world.publish('1.1.0');
  systemctl.hang(verb);
  const first = update();
  await systemctl.hangs(verb);
  expect(journalStates().at(-1)).toBe('switching');
  expect(world.version()).toBe(verb === 'stop' ? '1.0.0' : '1.1.0');
  expect(await world.holdline(['recover', '--json'])).toMatchObject({ code: 75, json: { outcome: 'busy' } });
  await first.kill('SIGKILL');
  systemctl.release();
  // The rescue path alone, as at boot: files only.
  const recover = await world.holdline(['recover', '--json']);
  expect(recover).toMatchObject({ code: 0, json: { outcome: 'repaired' } });
  expect(world.version()).toBe('1.0.0');
  expect((await world.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
  const before = systemctl.calls().length;
  // The next run restarts what was stopped, closes the books, and then updates.
  expect((await again()).json).toMatchObject({ outcome: 'updated', to: '1.1.0', restarted: ['app'] });
  expect(systemctl.calls().slice(before)).toEqual(['stop app.service', 'start app.service', 'stop app.service', 'start app.service']);
  expect((await world.holdline(['history', '--json'])).json).toMatchObject({ history: [{ outcome: 'committed', to: '1.1.0' }, { outcome: 'reverted', to: '1.1.0' }, { kind: 'adopt' }] });
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ blocked: [], state: 'idle' });
});

test('SIGTERM in the switch: the switch is finished first, the probation is left to the next start', async () => {
  world.configure({ services: [{ unit: 'app.service' }], probation: { seconds: 20, interval: 0.2, failures: 1 } });
  await world.publish('1.1.0');
  systemctl.hang('start');
  const first = update();
  await systemctl.hangs('start');
  first.child.kill('SIGTERM');
  systemctl.release();
  const ended = await first.done;
  expect(ended).toMatchObject({ code: 75, json: { outcome: 'waiting', to: '1.1.0', code: 'interrupted' } });
  expect(world.version()).toBe('1.1.0');
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ current_version: '1.1.0', state: 'probing' });
  // A probation of twenty seconds goes on and is broken off again: still no verdict, and a person's stop does not count.
  const next = update();
  await next.says('probing');
  expect(await next.kill('SIGTERM')).toMatchObject({ code: 75 });
  expect(world.version()).toBe('1.1.0');
});

test('kill -9 in probation: resumed, and after too many restarts reverted and blocked', async () => {
  world.configure({ services: [{ unit: 'app.service' }], probation: { seconds: 30, interval: 0.2, failures: 1 }, max_probation_restarts: 1 });
  await world.publish('1.1.0');
  for (const start of [1, 2]) {
    const run = update();
    await run.says('probing');
    await waitUntil(`it is in probation for the ${start}. time`, () => journalStates().at(-1) === 'probing');
    await run.kill('SIGKILL');
    expect(world.version()).toBe('1.1.0');
  }
  const third = await again();
  expect(third.json).toMatchObject({ outcome: 'current', from: '1.0.0' });
  expect(world.version()).toBe('1.0.0');
  expect(systemctl.calls().slice(-2)).toEqual(['stop app.service', 'start app.service']);
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ blocked: [{ version: '1.1.0', reason: expect.stringMatching(/restart/u) }] });
});
