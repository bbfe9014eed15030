// The process that talks to the network and unpacks, as it really runs: what it may do, what it is told, and that what it wants written is.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { createWorld, TOKEN, type World } from '../support/e2e/world.js';
import { waitUntil } from '../support/services/wait-until.js';

let world: World;
afterEach(() => world.close());

const LARGE = randomBytes(600_000).toString('base64');
/** Its last entry is larger than what is kept back to be sent together. */
const largeLast = appFiles('1.1.0', 'good', { 'src/zz.bin': LARGE });

/** Our own children only: other tests may run fetchers of their own. */
function fetcherOf(parent: number): number | undefined {
  const found = readdirSync('/proc').filter((name) => /^\d+$/u.test(name)).find((pid) => {
    try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(parent) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/fetcher.js'); } catch { return false; }
  });
  return found === undefined ? undefined : Number(found);
}

test('a large file that comes last is on the disk in full', async () => {
  world = await createWorld();
  await world.publish('1.1.0', largeLast);
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 0, json: { outcome: 'updated' } });
  expect(world.seen()['src/zz.bin']).toBe(LARGE);
});

test('while it fetches it is under the filter, gains no rights, and finds the token neither on its command line nor in its environment', async () => {
  world = await createWorld();
  await world.publish('1.1.0', largeLast);
  world.github.fault({ on: 'storage', match: 'app-1.1.0.tar.gz', what: { kind: 'stall', after: 200_000 } });
  const update = world.start(['--update'], { env: { GITHUB_TOKEN: TOKEN } });
  await update.says('downloading');
  let pid: number | undefined;
  await waitUntil('the fetcher is there', () => { pid = fetcherOf(update.pid); return pid !== undefined; });
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  expect(status).toMatch(/^NoNewPrivs:\s1$/mu);
  expect(status).toMatch(/^Seccomp:\s2$/mu);
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(TOKEN);
  // Control: its parent is under no filter, or the machine's own.
  expect(readFileSync(`/proc/${update.pid}/status`, 'utf8')).toMatch(/^NoNewPrivs:\s0$/mu);
  await update.kill('SIGTERM');
  await waitUntil('it has ended with its parent', () => { try { return /^State:\sZ/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return true; } });
  expect(world.version()).toBe('1.0.0');
});
