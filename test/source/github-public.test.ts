// Downloads of public releases without a token: where nobody counts, so that a fleet behind one address keeps its requests for looking.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Asset } from '../../src/domain/release.js';
import type { FaultKind } from '../support/github.js';
import { codeOf, createBench, NEVER, readAll, TOKEN, type Bench } from './setup.js';

const CONTENT = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
  await bench.github.addRelease('o/r', { tag: 'v1.0.0', assets: { 'app+1.tar.gz': CONTENT } });
});
afterEach(() => bench.close());
const source = (change: object = {}) => bench.source({ webUrl: bench.github.webUrl, ...change });
const assetOf = async (change: object = {}): Promise<Asset> => (await source(change).list(NEVER)).releases[0]!.assets[0]!;
const origins = (): string[] => bench.github.requests.slice(1).map(({ origin }) => origin);

describe('a public download', () => {
  it('costs none of the quota, whole and in parts', async () => {
    const asset = await assetOf();
    const from = source();
    const counted = from.requestsToday();
    const whole = await from.open(asset, undefined, NEVER);
    expect((await readAll(whole.body)).equals(CONTENT)).toBe(true);
    const part = await from.open(asset, { from: 40_000, etag: whole.etag! }, NEVER);
    expect([part.status, (await readAll(part.body)).equals(CONTENT.subarray(40_000))]).toEqual([206, true]);
    expect(origins()).toEqual(['web', 'storage', 'web', 'storage']);
    expect(from.requestsToday()).toBe(counted);
    expect(bench.github.requests.slice(1).every(({ headers }) => headers.authorization === undefined && headers['x-github-api-version'] === undefined)).toBe(true);
  });
  it.each<[string, FaultKind]>([
    ['is not there', { kind: 'status', status: 404 }], ['has a login page before it', { kind: 'html' }], ['does not answer', { kind: 'close' }], ['leads to a forbidden place', { kind: 'redirect', to: 'http://169.254.169.254/x' }], ['is in trouble', { kind: 'status', status: 503 }],
  ])('that %s comes through the API instead', async (_name, what) => {
    const asset = await assetOf();
    bench.github.fault({ on: 'web', what });
    expect((await readAll((await source().open(asset, undefined, NEVER)).body)).equals(CONTENT)).toBe(true);
    expect(origins()).toEqual(['web', 'api', 'storage']);
  });
  it('is not asked for with a token, nor at another server than GitHub\'s own', async () => {
    for (const change of [{ token: TOKEN }, { webUrl: undefined }, { webUrl: null }]) expect((await assetOf(change)).publicUrl).toBeUndefined();
  });
  it('of something that nobody has is told as the API tells it', async () => {
    const asset = await assetOf();
    bench.github.removeRelease('o/r', 'v1.0.0');
    expect(await codeOf(() => source().open(asset, undefined, NEVER))).toBe('source-not-found');
  });
  it('is stopped when it is asked to', async () => {
    const asset = await assetOf();
    const stop = new AbortController();
    stop.abort(new Error('stop'));
    expect(await codeOf(() => source().open(asset, undefined, stop.signal))).toBe('interrupted');
  });
});
