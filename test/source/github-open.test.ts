// Opening assets: ranges, fresh links, faults, and above all where the token may not go.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AssetResponse, ReleaseSource } from '../../src/domain/ports.js';
import type { Asset } from '../../src/domain/release.js';
import type { FaultKind } from '../support/github.js';
import { codeOf, createBench, NEVER, readAll, TOKEN, type Bench } from './setup.js';

const CONTENT = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
let bench: Bench;
let source: ReleaseSource;
let asset: Asset;
let elsewhere: Server | undefined;

beforeEach(async () => {
  bench = await createBench();
  bench.github.addRepository('o/r', { private: true });
  await bench.github.addRelease('o/r', { tag: 'v1.0.0', assets: { 'app 1.tar.gz': CONTENT, 'empty': Buffer.alloc(0) } });
  source = bench.source({ token: TOKEN });
  asset = (await source.list(NEVER)).releases[0]!.assets[0]!;
});
afterEach(async () => {
  await bench.close();
  await new Promise<void>((resolve) => { if (elsewhere === undefined) resolve();
    elsewhere?.close(() => resolve());
    elsewhere?.closeAllConnections();
  });
  elsewhere = undefined;
});

const open = (range?: { from: number; etag?: string }): Promise<AssetResponse> => source.open(asset, range, NEVER);
const storage = (what: FaultKind): void => bench.github.fault({ on: 'storage', what });
const atStorage = (): IncomingHttpHeaders[] => bench.github.requests.filter((request) => request.origin === 'storage').map((request) => request.headers);

/** A server that writes down the headers it gets. */
async function spy(status: number, headers: Record<string, string>): Promise<{ url: string; seen: IncomingHttpHeaders[] }> {
  const seen: IncomingHttpHeaders[] = [];
  elsewhere = createServer((request, response) => {
    seen.push(request.headers);
    response.writeHead(status, headers).end('x');
  });
  await new Promise<void>((resolve) => { elsewhere?.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x`, seen };
}

describe.each([['302 to storage', false], ['200 from the API', true]])('%s', (_name, direct) => {
  beforeEach(() => bench.github.setDirect(direct));

  it('the whole, a part, a part of something changed', async () => {
    const whole = await open();
    expect(whole).toMatchObject({ status: 200, from: 0, total: CONTENT.length });
    expect((await readAll(whole.body)).equals(CONTENT)).toBe(true);
    const { etag } = whole;
    const part = await open({ from: 150_000, etag: etag! });
    expect(part).toMatchObject({ status: 206, from: 150_000, total: CONTENT.length, etag });
    expect((await readAll(part.body)).equals(CONTENT.subarray(150_000))).toBe(true);
    const changed = await open({ from: 150_000, etag: '"other"' });
    expect(changed).toMatchObject({ status: 200, from: 0 });
    changed.cancel();
  });

  it('a range beyond the end gives the whole from the start', async () => {
    const answer = await open({ from: CONTENT.length });
    expect(answer).toMatchObject({ status: 200, from: 0, total: CONTENT.length });
    expect((await readAll(answer.body)).equals(CONTENT)).toBe(true);
  });

  it.each<[string, FaultKind, string]>([
    ['a login page', { kind: 'html' }, 'source-invalid'],
    ['a part elsewhere', { kind: 'wrong-range', by: -5 }, 'source-invalid'],
  ])('%s', async (_fault, what, code) => {
    storage(what);
    expect(await codeOf(() => open({ from: 1000 }))).toBe(code);
  });

  it('a range that is ignored', async () => {
    storage({ kind: 'ignore-range' });
    const answer = await open({ from: 1000 });
    expect(answer).toMatchObject({ status: 200, from: 0 });
    answer.cancel();
  });

  it.each<[string, FaultKind]>([['a cut', { kind: 'cut', after: 70_000 }], ['a length that promises too much', { kind: 'wrong-length', by: 10 }]])('%s is an interrupted download', async (_fault, what) => {
    storage(what);
    const answer = await open();
    expect(await codeOf(() => readAll(answer.body))).toBe('download-interrupted');
  });
});

it('an empty asset', async () => {
  const empty = (await source.list(NEVER)).releases[0]!.assets[1]!;
  const answer = await source.open(empty, undefined, NEVER);
  expect([answer.total, (await readAll(answer.body)).length]).toEqual([0, 0]);
});

it('a source tarball has no known length and starts from 0 even when a part is asked for', async () => {
  const { sourceTarball } = (await source.list(NEVER)).releases[0]!;
  const answer = await source.open(sourceTarball!, { from: 5 }, NEVER);
  expect(answer).toMatchObject({ status: 200, from: 0, total: undefined });
  expect((await readAll(answer.body)).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
});

it('each call asks for a fresh link', async () => {
  (await open()).cancel();
  (await open({ from: 5 })).cancel();
  const links = bench.github.requests.filter((request) => request.origin === 'storage').map((request) => request.path);
  expect(new Set(links).size).toBe(2);
});

it('counts only what GitHub counts, over restarts', async () => {
  (await open()).cancel();
  expect([source.requestsToday(), bench.source({ token: TOKEN }).requestsToday()]).toEqual([2, 2]);
});

it('a used-up quota is obeyed before an asset is asked for', async () => {
  bench.github.setRateLimit(TOKEN, 1, 600);
  (await open()).cancel();
  const sent = bench.github.requests.length;
  expect(await codeOf(open)).toBe('source-rate-limited');
  expect(bench.github.requests).toHaveLength(sent);
});

describe('the token and our headers stay at the API', () => {
  it('storage gets neither', async () => {
    (await open({ from: 5, etag: '"x"' })).cancel();
    const [headers] = atStorage();
    expect(JSON.stringify(headers)).not.toContain(TOKEN);
    expect(JSON.stringify(headers)).not.toContain('holdline');
    expect(Object.keys(headers ?? {}).filter((name) => name.startsWith('x-') || name === 'authorization')).toEqual([]);
  });

  it('the API itself gets them again when it sends on to itself', async () => {
    bench.github.fault({ on: 'api', match: '/assets/', what: { kind: 'redirect', to: asset.url } });
    (await open()).cancel();
    expect(bench.github.requests.filter((request) => request.path.includes('/releases/assets/')).map((request) => request.headers.authorization)).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
  });

  it('not even back at the API once a walk has left it', async () => {
    const { url, seen } = await spy(302, { location: asset.url });
    bench.github.fault({ on: 'api', match: '/assets/', what: { kind: 'redirect', to: url } });
    const before = bench.github.requests.length;
    expect(await codeOf(open)).toBe('source-not-found'); // private, and nobody says who asks
    expect(JSON.stringify(seen)).not.toContain(TOKEN);
    expect(bench.github.requests.slice(before).map((request) => request.headers.authorization)).toEqual([`Bearer ${TOKEN}`, undefined]);
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'http://example.com/x', 'http://169.254.169.254/latest/meta-data', 'https://169.254.1.1/x', 'https://[fe80::1]/x',
    'https://[::ffff:169.254.1.1]/x', 'http://2852039166/x', 'https://user:pass@127.0.0.1/x', 'https://0.0.0.0/x', 'javascript:alert(1)', 'http://'])('a redirect to %s is not followed', async (to) => {
    bench.github.fault({ on: 'api', match: '/assets/', what: { kind: 'redirect', to } });
    expect(await codeOf(open)).toBe('source-invalid');
  });

  it('round in circles ends', async () => {
    bench.github.fault({ on: 'api', match: '/assets/', times: 99, what: { kind: 'redirect', to: asset.url } });
    expect(await codeOf(open)).toBe('source-invalid');
    expect(bench.github.requests.length).toBeLessThan(10);
  });

  it('an asset address outside the API is not asked', async () => {
    const { url, seen } = await spy(200, {});
    expect(await codeOf(() => source.open({ ...asset, url }, undefined, NEVER))).toBe('source-invalid');
    expect(seen).toEqual([]);
  });
});

it.each<[string, FaultKind, string]>([
  ['an expired link', { kind: 'status', status: 403 }, 'source-server'],
  ['gone from storage', { kind: 'status', status: 404 }, 'source-not-found'],
  ['storage in trouble', { kind: 'status', status: 503 }, 'source-server'],
  ['a login wanted', { kind: 'status', status: 511 }, 'source-network'],
  ['storage that hangs up', { kind: 'close' }, 'source-network'],
])('%s', async (_name, what, code) => {
  storage(what);
  expect(await codeOf(open)).toBe(code);
  expect(await codeOf(async () => { (await open()).cancel(); })).toBe('accepted');
});

it('an answer that comes encoded is refused', async () => {
  const { url } = await spy(200, { 'content-encoding': 'x-odd' });
  bench.github.fault({ on: 'api', match: '/assets/', what: { kind: 'redirect', to: url } });
  expect(await codeOf(open)).toBe('source-invalid');
});

it('an abort ends a stalled body at once; cancel lets the connection go', async () => {
  storage({ kind: 'stall', after: 10 });
  const stop = new AbortController();
  const answer = await source.open(asset, undefined, stop.signal);
  const reading = codeOf(() => readAll(answer.body));
  stop.abort();
  expect(await reading).toBe('interrupted');
  storage({ kind: 'stall', after: 10 });
  const other = await open();
  const pieces = other.body[Symbol.asyncIterator]();
  await pieces.next();
  const waiting = codeOf(() => pieces.next());
  other.cancel();
  expect(await waiting).toBe('download-interrupted');
});
