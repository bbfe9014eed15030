// GitHub that cannot be reached, refuses, or limits; downloads that are cut, spoilt, slow, too large, or no archive at all.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { expectRefused, heldBy } from '../support/e2e/expect-refused.js';
import { createWorld, freePort, REPO, type World } from '../support/e2e/world.js';
import type { FaultKind } from '../support/github.js';

let world: World;
const UPDATE = ['--update'];
const PAYLOAD = 'app-1.1.0.tar.gz';

beforeAll(async () => {
  world = await createWorld({ github: { limits: { anonymous: 1000 } } });
  await world.publish('1.1.0', appFiles('1.1.0', 'good', { 'src/table.js': `// ${Array.from({ length: 8000 }, (_, n) => (n * 7919) % 104_729).join(' ')}\n` }));
  expect((await world.holdline(['adopt', '--json'])).code).toBe(0);
});
afterEach(() => {
  world.github.clearFaults();
  world.github.setRateLimit(null, 60, 3600);
  world.configure({});
  rmSync(join(world.stateDir, 'downloads'), { recursive: true, force: true });
});
afterAll(() => world.close());

const failApi = (status: number, headers: Readonly<Record<string, string>> = {}, body?: string, on = world): void =>
  on.github.fault({ on: 'api', times: 50, what: { kind: 'status', status, headers, ...(body === undefined ? {} : { body }) } });

test.each([
  ['401', () => failApi(401), 'source-unauthorized', /401|token/u],
  ['403', () => failApi(403), 'source-forbidden', /403|refuse|forbid/u],
  ['404', () => failApi(404), 'source-not-found', REPO],
  ['500', () => failApi(500), 'source-server', /500/u],
  ['503', () => failApi(503), 'source-server', /503/u],
  ['a web page instead of JSON', () => world.github.fault({ on: 'api', times: 50, what: { kind: 'html' } }), 'source-invalid', /./u],
  ['JSON of another shape', () => failApi(200, {}, '{"hello": "world"}'), 'source-invalid', /./u],
  ['a connection closed without an answer', () => world.github.fault({ on: 'api', times: 50, what: { kind: 'close' } }), 'source-network', /./u],
] as const)('the API answers %s', async (_what, prepare, code, names) => {
  prepare();
  await expectRefused(world, UPDATE, { exit: 1, code, names });
  await expectRefused(world, ['--check'], { exit: 1, code, names });
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ current_version: '1.0.0', last_error: { code } });
  world.github.clearFaults();
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available' });
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ last_error: null });
});

test('no network: refused connection, unknown host, a peer that never answers', async () => {
  world.configure({ github_api_url: `http://127.0.0.1:${await freePort()}` });
  await expectRefused(world, UPDATE, { exit: 1, code: 'source-network', names: /refused|ECONNREFUSED/iu });
  world.configure({ github_api_url: 'https://holdline-e2e.invalid' });
  const dns = await expectRefused(world, UPDATE, { exit: 1, code: 'source-network', names: 'holdline-e2e.invalid' });
  expect(`${String(dns.json['message'])} ${String(dns.json['hint'])}`).toMatch(/DNS|name/u);
  const text = await world.holdline(['--check']);
  expect(text.stderr).toMatch(/^error: cannot .*\[source-network\]\n[^]*what to do: /mu);
});

test('a private repository without token is 404, and the hint says token', async () => {
  world.github.addRepository('lab/secret', { private: true });
  world.configure({ github_repo: 'lab/secret' });
  const ran = await expectRefused(world, ['--check'], { exit: 1, code: 'source-not-found', names: 'lab/secret' });
  expect(ran.json['hint']).toContain('GITHUB_TOKEN');
  await expectRefused(world, ['--check'], { exit: 1, code: 'source-unauthorized', names: /token/iu }, { env: { GITHUB_TOKEN: 'ghp_unknown' } });
});

test.each([
  ['the limit is used up', (on: World) => on.github.setRateLimit(null, 0, 1800)],
  ['429 with retry-after', (on: World) => failApi(429, { 'retry-after': '1800' }, undefined, on)],
  ['403 with retry-after', (on: World) => failApi(403, { 'retry-after': '1800' }, '{"message":"You have exceeded a secondary rate limit"}', on)],
] as const)('%s: waits, and says until when', async (_what, prepare) => {
  // A device of its own: it remembers the limit.
  const limited = await createWorld();
  try {
    await limited.publish('1.1.0');
    prepare(limited);
    const before = heldBy(limited);
    const check = await limited.holdline(['--check', '--json', '--exit-code']);
    expect(check).toMatchObject({ code: 0, json: { outcome: 'waiting', waiting: { reason: 'rate-limit' } } });
    const { until } = check.json['waiting'] as { until: string };
    const inSeconds = (Date.parse(until) - Date.now()) / 1000;
    expect(inSeconds).toBeGreaterThan(1700);
    expect(inSeconds).toBeLessThan(1900);
    const update = await limited.holdline(['--update', '--json']);
    expect(update).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'rate-limit' } });
    // Being told once is enough: nobody asks again before the time.
    expect(limited.github.requests.length).toBeLessThanOrEqual(2);
    expect(heldBy(limited)).toEqual(before);
    expect((await limited.holdline(['--check'])).stdout).toMatch(/^waiting \(rate-limit\): /u);
  } finally { await limited.close(); }
});

const spoil = (what: FaultKind, times = 50): void => world.github.fault({ on: 'storage', match: PAYLOAD, times, what });

test.each([
  ['truncated', { kind: 'cut', after: 3000 }, {}, 'download-interrupted'],
  ['without a single byte', { kind: 'cut', after: 0 }, {}, 'download-interrupted'],
  ['corrupted', { kind: 'corrupt', at: 5000 }, {}, 'artifact-digest'],
  ['longer than the manifest says', { kind: 'oversize', by: 100_000 }, {}, /artifact-too-large|artifact-digest|download-interrupted/u],
  ['a web page', { kind: 'html' }, {}, 'source-invalid'],
  ['trickling and then silent', { kind: 'stall', after: 2000 }, { download_timeout: 0.5 }, 'download-stalled'],
  ['silent from the start', { kind: 'stall', after: -1 }, { download_timeout: 0.5 }, 'download-stalled'],
  ['trickling for ever', { kind: 'trickle', bytes: 5, everyMs: 50 }, { download_deadline: 1 }, 'download-deadline'],
  ['refused by the storage', { kind: 'status', status: 500 }, {}, 'source-server'],
  ['gone from the storage', { kind: 'status', status: 404 }, {}, 'source-not-found'],
] as const)('a download that is %s', async (_what, fault, settings, code) => {
  world.configure(settings);
  spoil(fault);
  const before = heldBy(world);
  const ran = await world.holdline([...UPDATE, '--json']);
  expect(ran).toMatchObject({ code: 1, json: { outcome: 'failed', code: typeof code === 'string' ? code : expect.stringMatching(code), message: expect.stringContaining(PAYLOAD), hint: expect.any(String) } });
  expect(heldBy(world)).toEqual(before);
  // What is kept of it must not spoil the next try.
  world.github.clearFaults();
  world.configure({});
  const dry = await world.holdline([...UPDATE, '--dry-run', '--json']);
  expect(dry).toMatchObject({ code: 0, json: { to: '1.1.0' } });
});
