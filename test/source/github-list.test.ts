// Listing releases from a real server: paging, ETags across restarts, limits obeyed, every refusal as its code.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { githubScopeKey } from '../../src/source/github.js';
import { readSourceCache, recallSource } from '../../src/source/source-cache.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { FaultKind } from '../support/github.js';
import { codeOf, createBench, errorOf, NEVER, TOKEN, type Bench } from './setup.js';

let bench: Bench;
beforeEach(async () => { bench = await createBench(); });
afterEach(() => bench.close());

const apiCalls = (): number => bench.github.requests.filter((request) => request.origin === 'api').length;
const api = (what: FaultKind, times = 1): void => bench.github.fault({ on: 'api', match: '/releases', times, what });

it('lists releases with strict tags, without drafts, addresses built by us', async () => {
  await bench.github.addRelease('o/r', { tag: 'v1.2.0', notes: 'text', assets: { 'a.tar.gz': Buffer.from('abc'), 'b': { content: Buffer.from('d'), digest: null, state: 'open' } } });
  await bench.github.addRelease('o/r', { tag: '1.3.0-beta.1', prerelease: true });
  for (const tag of ['v1.2.3.4', 'latest', 'other-v9.0.0', 'v2']) await bench.github.addRelease('o/r', { tag });
  await bench.github.addRelease('o/r', { tag: 'v3.0.0', draft: true });
  const { releases, rateLimit } = await bench.source({ token: TOKEN }).list(NEVER);
  expect(releases.map((release) => release.version).sort()).toEqual(['1.2.0', '1.3.0-beta.1']);
  const [first] = releases.filter((release) => release.version === '1.2.0');
  expect(first).toMatchObject({ tag: 'v1.2.0', prerelease: false, notes: 'text', assets: [
    { name: 'a.tar.gz', size: 3, uploaded: true, sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' }, { name: 'b', sha256: null, uploaded: false },
  ] });
  expect(first?.assets[0]?.url.startsWith(`${bench.github.apiUrl}/repos/o/r/releases/assets/`)).toBe(true);
  expect(first?.sourceTarball?.url).toBe(`${bench.github.apiUrl}/repos/o/r/tarball/refs/tags/v1.2.0`);
  expect(rateLimit).toMatchObject({ limit: 5000, remaining: 4999 });
});

it('knows a component\'s releases by their prefix', async () => {
  for (const tag of ['v9.0.0', 'sensor-v1.2.0', 'sensor-v1.3.0-20261121', 'sensor-hub-v4.0.0']) await bench.github.addRelease('o/r', { tag });
  expect((await bench.source({ component: 'sensor' }).list(NEVER)).releases.map((release) => release.version).sort()).toEqual(['1.2.0', '1.3.0']);
});

it('an empty repository is an empty list', async () => {
  bench.github.addRepository('o/r');
  expect((await bench.source().list(NEVER)).releases).toEqual([]);
});

it('reads all pages of 250 releases, and a restart pays nothing for them with a token', async () => {
  for (let patch = 0; patch < 250; patch += 1) await bench.github.addRelease('o/r', { tag: `v1.0.${patch}`, createdAt: new Date(1.7e12 + patch * 1000).toISOString() });
  expect((await bench.source({ token: TOKEN }).list(NEVER)).releases).toHaveLength(250);
  expect(apiCalls()).toBe(3);
  const again = bench.source({ token: TOKEN });
  expect((await again.list(NEVER)).releases).toHaveLength(250);
  expect(bench.github.requests.slice(3).map((request) => request.status)).toEqual([304, 304, 304]);
  expect(again.rateLimit()?.remaining).toBe(4997);
  expect(again.requestsToday()).toBe(6);
  // A new release is seen through the old ETag.
  await bench.github.addRelease('o/r', { tag: 'v2.0.0' });
  expect((await bench.source({ token: TOKEN }).list(NEVER)).releases).toHaveLength(251);
});

it('an ETag of one token is not used for another, and no token reaches the disk', async () => {
  await bench.github.addRelease('o/r', { tag: 'v1.0.0' });
  await bench.source({ token: TOKEN }).list(NEVER);
  await bench.source().list(NEVER);
  expect(bench.github.requests.map((request) => [request.status, request.headers['if-none-match']])).toEqual([[200, undefined], [200, undefined]]);
  await bench.source().list(NEVER);
  expect(bench.github.requests.at(-1)?.status).toBe(304);
  expect(readFileSync(bench.cacheFile, 'utf8')).not.toContain('secret');
  expect(bench.log.lines.join()).not.toContain('secret');
});

it('counts requests per UTC day, readable without the source', async () => {
  bench.github.addRepository('o/r');
  await bench.source().list(NEVER);
  const recall = (): number => recallSource(readSourceCache(createFilesystem(), bench.cacheFile, bench.log), githubScopeKey(`${bench.github.apiUrl}/`, 'O/R', null), bench.clock.now()).requestsToday;
  expect(recall()).toBe(1);
  bench.clock.advance(25 * 3_600_000);
  expect(recall()).toBe(0);
  const later = bench.source();
  await later.list(NEVER);
  expect([later.requestsToday(), recall()]).toEqual([1, 1]);
});

describe('limits', () => {
  it('a used-up quota is remembered over a restart, and nothing is sent until it is full again', async () => {
    await bench.github.addRelease('o/r', { tag: 'v1.0.0' });
    bench.github.setRateLimit(null, 1, 900);
    await bench.source().list(NEVER);
    const error = await errorOf(() => bench.source().list(NEVER));
    expect(error.code).toBe('source-rate-limited');
    expect(Math.abs(Date.parse(String(error.context['until'])) - bench.clock.now().getTime() - 900_000)).toBeLessThanOrEqual(2000);
    expect(apiCalls()).toBe(1);
    bench.clock.advance(901_500);
    expect((await bench.source().list(NEVER)).releases).toHaveLength(1);
  });

  const WAITS: readonly [string, FaultKind, number][] = [
    ['retry-after on 429', { kind: 'status', status: 429, headers: { 'retry-after': '120' } }, 120],
    ['retry-after of a secondary limit', { kind: 'status', status: 403, headers: { 'retry-after': '90', 'x-ratelimit-remaining': '4000' } }, 90],
    ['retry-after before the reset', { kind: 'status', status: 403, headers: { 'retry-after': '30', 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' } }, 30],
    ['a secondary limit without a time', { kind: 'status', status: 403, body: '{"message":"You have exceeded a secondary rate limit."}' }, 60],
    ['429 without a time', { kind: 'status', status: 429 }, 60],
    ['a forged reset in a thousand years, bounded', { kind: 'status', status: 403, headers: { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999999' } }, 86_400],
  ];
  it.each(WAITS)('%s', async (_name, fault, seconds) => {
    bench.github.addRepository('o/r');
    api(fault);
    const error = await errorOf(() => bench.source().list(NEVER));
    expect([error.code, Math.round((Date.parse(String(error.context['until'])) - bench.clock.now().getTime()) / 1000)]).toEqual(['source-rate-limited', seconds]);
    expect(await codeOf(() => bench.source().list(NEVER))).toBe('source-rate-limited');
    expect(apiCalls()).toBe(1);
    bench.clock.advance(seconds * 1000);
    expect(await codeOf(() => bench.source().list(NEVER))).toBe('accepted');
  });

  it('refusals without a time double, and an answer ends that', async () => {
    bench.github.addRepository('o/r');
    for (const seconds of [60, 120, 240]) {
      api({ kind: 'status', status: 429 });
      const error = await errorOf(() => bench.source().list(NEVER));
      expect(Math.round((Date.parse(String(error.context['until'])) - bench.clock.now().getTime()) / 1000)).toBe(seconds);
      bench.clock.advance(seconds * 1000);
    }
    await bench.source().list(NEVER);
    api({ kind: 'status', status: 429 });
    const error = await errorOf(() => bench.source().list(NEVER));
    expect(Math.round((Date.parse(String(error.context['until'])) - bench.clock.now().getTime()) / 1000)).toBe(60);
  });

  it('a wait written under a clock that has since jumped back does not freeze the device', async () => {
    bench.github.addRepository('o/r');
    bench.clock.advance(400 * 86_400_000);
    api({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
    await codeOf(() => bench.source().list(NEVER));
    bench.clock.advance(-400 * 86_400_000);
    expect(await codeOf(() => bench.source().list(NEVER))).toBe('accepted');
  });
});

describe('refusals and faults', () => {
  it.each<[string, FaultKind, string]>([
    ['401', { kind: 'status', status: 401 }, 'source-unauthorized'],
    ['a real 403', { kind: 'status', status: 403, headers: { 'x-ratelimit-remaining': '50' } }, 'source-forbidden'],
    ['a firewall\'s 403', { kind: 'status', status: 403, headers: { 'content-type': 'text/html' }, body: '<html>blocked</html>' }, 'source-forbidden'],
    ['404', { kind: 'status', status: 404 }, 'source-not-found'],
    ['451', { kind: 'status', status: 451 }, 'source-forbidden'],
    ['418', { kind: 'status', status: 418 }, 'source-invalid'],
    ['a login page', { kind: 'html' }, 'source-invalid'],
    ['511', { kind: 'status', status: 511 }, 'source-network'],
    ['an error with an empty body', { kind: 'status', status: 401, body: '' }, 'source-unauthorized'],
    ['JSON that is no list', { kind: 'status', status: 200, body: '{"a":1}' }, 'source-invalid'],
    ['broken JSON', { kind: 'status', status: 200, body: '[{"tag_name":' }, 'source-invalid'],
    ['a next page elsewhere', { kind: 'status', status: 200, body: '[]', headers: { link: '<http://127.0.0.1:1/repos>; rel="next"' } }, 'source-invalid'],
    ['a redirect elsewhere', { kind: 'redirect', to: 'https://evil.example/repos/o/r/releases' }, 'source-invalid'],
  ])('%s is not tried again', async (_name, fault, code) => {
    bench.github.addRepository('o/r');
    api(fault);
    expect(await codeOf(() => bench.source({ token: TOKEN }).list(NEVER))).toBe(code);
    expect(apiCalls()).toBe(1);
  });

  it.each<[string, FaultKind, string]>([
    ['500', { kind: 'status', status: 500 }, 'source-server'],
    ['a closed connection', { kind: 'close' }, 'source-network'],
    ['a cut answer', { kind: 'cut', after: 20 }, 'source-network'],
  ])('%s is tried again, with growing waits, and then given up', async (_name, fault, code) => {
    await bench.github.addRelease('o/r', { tag: 'v1.0.0' });
    api(fault, 2);
    expect((await bench.source().list(NEVER)).releases).toHaveLength(1);
    expect(bench.clock.slept).toEqual([5000, 10_000]);
    api(fault, 3);
    // A fresh memory: a 304 has no body that could be cut.
    expect(await codeOf(() => bench.source({ cacheFile: `${bench.folder}/other.json` }).list(NEVER))).toBe(code);
  });

  it('a private repository is 404 without a token, and the hint says so', async () => {
    bench.github.addRepository('o/r', { private: true });
    const error = await errorOf(() => bench.source().list(NEVER));
    expect([error.code, error.hint]).toEqual(['source-not-found', expect.stringContaining('Contents: read')]);
    expect(await codeOf(() => bench.source({ token: TOKEN }).list(NEVER))).toBe('accepted');
    expect(await codeOf(() => bench.source({ token: 'bogus' }).list(NEVER))).toBe('source-unauthorized');
  });

  it('nobody listening', async () => {
    const source = bench.source();
    await bench.github.close();
    expect(await codeOf(() => source.list(NEVER))).toBe('source-network');
  });

  it('a server that never answers ends with the deadline, and an abort at once', async () => {
    bench.github.addRepository('o/r');
    api({ kind: 'stall', after: -1 }, 10);
    const impatient = { ...bench.clock, sleep: () => Promise.resolve() };
    expect(await codeOf(() => bench.source({ clock: impatient, retries: { maxRetries: 0, retryDelayMs: 1 } }).list(NEVER))).toBe('source-network');
    const stop = new AbortController();
    const listing = codeOf(() => bench.source().list(stop.signal));
    stop.abort();
    expect(await listing).toBe('interrupted');
  });

  it('a moved repository is followed inside the API, and said', async () => {
    await bench.github.addRelease('o/new', { tag: 'v1.0.0' });
    bench.github.fault({ on: 'api', match: '/repos/o/r/', what: { kind: 'redirect', to: `${bench.github.apiUrl}/repos/o/new/releases?per_page=100` } });
    expect((await bench.source({ token: TOKEN }).list(NEVER)).releases).toHaveLength(1);
    expect(bench.log.lines.some((line) => line.startsWith('warn') && line.includes('moved'))).toBe(true);
  });
});

describe('the cache file', () => {
  it.each(['', 'not json', '{"format":1}', '{"format":2,"day":"x","requests":1,"scopes":{}}', '{"format":1,"day":"x","requests":-1,"scopes":{"a":{"pages":[1]}}}', '[]', '\u0000\u0000'])('damaged (%j) costs a request, nothing else', async (content) => {
    await bench.github.addRelease('o/r', { tag: 'v1.0.0' });
    await bench.source().list(NEVER);
    writeFileSync(bench.cacheFile, content);
    expect((await bench.source().list(NEVER)).releases).toHaveLength(1);
    expect(JSON.parse(readFileSync(bench.cacheFile, 'utf8'))).toMatchObject({ format: 1, requests: 1 });
  });

  it('that cannot be written is a warning', async () => {
    await bench.github.addRelease('o/r', { tag: 'v1.0.0' });
    writeFileSync(`${bench.folder}/file`, '');
    expect((await bench.source({ cacheFile: `${bench.folder}/file/cache.json` }).list(NEVER)).releases).toHaveLength(1);
    expect(bench.log.lines.some((line) => line.startsWith('warn'))).toBe(true);
  });
});

it('works below an Enterprise base path', async () => {
  const enterprise = await createBench({ basePath: '/api/v3' });
  await enterprise.github.addRelease('o/r', { tag: 'v1.0.0', assets: { 'a.tar.gz': Buffer.from('abc') } });
  const source = enterprise.source({ apiUrl: `${enterprise.github.apiUrl}/` });
  const [release] = (await source.list(NEVER)).releases;
  expect((await source.open(release!.assets[0]!, undefined, NEVER)).total).toBe(3);
  expect(await codeOf(() => enterprise.source({ apiUrl: new URL(enterprise.github.apiUrl).origin }).list(NEVER))).toBe('source-not-found');
  await enterprise.close();
});

it.each([['ftp://x', 'o/r', null], ['nonsense', 'o/r', null], ['http://ghe.example/api/v3', 'o/r', TOKEN], ['https://api.github.com', 'o', null], ['https://api.github.com', 'o/..', null], ['https://api.github.com', 'o/r?x', null]])(
  'refuses %s %s', async (apiUrl, repo, token) => { expect(await codeOf(() => bench.source({ apiUrl, repo, token }).list(NEVER))).toBe('settings-invalid'); },
);
