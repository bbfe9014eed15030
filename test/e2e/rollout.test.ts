// A publisher and a device, with the built commands: let out to nobody, raised to all, withdrawn. And the ways in which it must not go.
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, REPO, TOKEN, type World } from '../support/e2e/world.js';
import type { Ran } from '../support/e2e/run-command.js';
import { runCommand } from '../support/e2e/run-command.js';
import { waitUntil } from '../support/services/wait-until.js';
import { rolloutOf, signRollout } from '../support/rollout.js';
import { makeTestKey } from '../support/signed-release.js';

const PATH = 'holdline/stable.json';
let world: World;
let checkout: string;
beforeEach(async () => {
  world = await createWorld({ settings: { rollout: { max_age: 0 }, check_interval: 1 }, github: { limits: { anonymous: 5000 } } });
  checkout = mkdtempSync(join(world.root, 'checkout'));
});
afterEach(() => world.close());

const tool = (...args: string[]): Promise<Ran> => runCommand(['rollout', ...args, '--repo', REPO, '--dir', checkout, '--json'], { env: { GITHUB_TOKEN: TOKEN, GITHUB_API_URL: world.github.apiUrl } });
const sign = (...args: string[]): Promise<Ran> => tool(...args, '--key', world.secretFile);
/** As the publisher commits and pushes. */
const push = (): void => { for (const name of [PATH, `${PATH}.minisig`]) world.github.putFile(REPO, name, readFileSync(join(checkout, name))); };
const device = async (...args: string[]): Promise<Record<string, unknown>> => (await world.holdline([...args, '--json'])).json;
/** The daemon alone has brought this version about, and nothing more is open. */
async function daemonBrings(version: string): Promise<void> {
  await waitUntil(`${version} runs`, async () => { const { current_version: now, state } = await device('--status'); return now === version && (state === 'idle' || state === 'waiting'); });
}

test('0 % waits, 100 % updates, withdrawn goes back and is not tried again', async () => {
  expect((await sign('start', '1.1.0', '--percent', '0')).json).toMatchObject({ facts: { serial: 1, version: '1.1.0', percent: '0 %' } });
  push();
  await world.publish('1.1.0');
  expect(await device('--check')).toMatchObject({ outcome: 'waiting', waiting: { reason: 'rollout', until: null } });
  expect(await device('--status')).toMatchObject({ current_version: '1.0.0', latest_version: '1.1.0', waiting: { reason: 'rollout' }, rollout: { group: null, channel: 'stable', statement: { serial: 1, version: '1.1.0', percent: 0, paused: false } } });
  expect((await sign('raise', '100', '--upload')).json).toMatchObject({ facts: { serial: 2, percent: '100 %' } });
  expect((await tool('show', '--upload')).json).toMatchObject({ facts: { serial: 2, state: 'open' } });
  const daemon = await world.startDaemon();
  await daemonBrings('1.1.0');
  expect(world.version()).toBe('1.1.0');
  expect((await sign('withdraw', '--upload')).json).toMatchObject({ facts: { serial: 3, withdrawn: '1.1.0', state: 'withdrawn' } });
  await daemonBrings('1.0.0');
  expect(daemon.output()).toContain('going back to 1.0.0');
  expect(world.version()).toBe('1.0.0');
  expect(await device('--status')).toMatchObject({ current_version: '1.0.0', blocked: [{ version: '1.1.0', reason: expect.stringContaining('withdrawn 1.1.0 (rollout 3)') as unknown }] });
  expect(await device('--check')).toMatchObject({ outcome: 'current' });
  expect(world.version()).toBe('1.0.0');
});

test('what is forged, replayed or not for this channel changes nothing, and says so', async () => {
  const shown = (signed: { text: string; signature: string | null }): void => { world.github.putFile(REPO, PATH, signed.text); world.github.putFile(REPO, `${PATH}.minisig`, signed.signature ?? ''); };
  await world.publish('1.1.0');
  await sign('start', '1.1.0', '--percent', '0');
  const first = { text: readFileSync(join(checkout, PATH), 'utf8'), signature: readFileSync(join(checkout, `${PATH}.minisig`), 'utf8') };
  await sign('raise', '0.5');
  push();
  expect(await device('--check')).toMatchObject({ outcome: 'waiting' });
  const open = rolloutOf({ repo: REPO, version: '1.1.0', serial: 9, percent: 100 });
  for (const bad of [signRollout(makeTestKey('thief'), open), first, signRollout(world.handKey, { ...open, channel: 'beta' }), signRollout(world.handKey, { ...open, repo: 'lab/other' }), signRollout(world.handKey, { ...open, percent: 101 })]) {
    shown(bad);
    const check = await world.holdline(['--check', '--json']);
    expect(check).toMatchObject({ code: 0, json: { outcome: 'waiting', waiting: { reason: 'rollout', detail: expect.stringContaining('rollout 2 of 1.1.0 is at 0.5 %') as unknown } } });
    expect(check.stderr).toMatch(/signature|rollout statement/u);
  }
  expect(world.version()).toBe('1.0.0');
  // Signed by a key the device trusts: it is the publisher's word.
  shown(signRollout(world.handKey, open));
  expect(await device('--check')).toMatchObject({ outcome: 'available' });
  // What a person asks for passes it, also paused.
  shown(signRollout(world.handKey, { ...open, serial: 10, paused: true }));
  expect(await device('--check')).toMatchObject({ outcome: 'waiting' });
  expect(await device('--update')).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});
