// What GitHub keeps of attestations: asked by digest, handed on unjudged, absent on an Enterprise server.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultKind } from '../support/github.js';
import { codeOf, createBench, directFetch, errorOf, NEVER, TOKEN, type Bench } from './setup.js';

const SHA256 = 'ab'.repeat(32);
let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
  bench.github.addRepository('o/r');
});
afterEach(() => bench.close());

const ask = (change?: Parameters<Bench['source']>[0]): Promise<readonly unknown[]> => bench.source(change).attestations!(SHA256, NEVER);

describe('attestations', () => {
  it('are handed on as they are, for this digest only, with one request that is counted', async () => {
    bench.github.addAttestation('o/r', SHA256, { a: 1 });
    bench.github.addAttestation('o/r', SHA256, { b: 2 });
    bench.github.addAttestation('o/r', 'cd'.repeat(32), { c: 3 });
    const source = bench.source({ token: TOKEN });
    expect(await source.attestations!(SHA256, NEVER)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(bench.github.requests.map(({ path }) => path)).toEqual([`/repos/o/r/attestations/sha256:${SHA256}?per_page=100`]);
    expect(source.requestsToday()).toBe(1);
  });
  it('are none where GitHub knows none, or does not show them', async () => {
    expect(await ask()).toEqual([]);
    bench.github.addRepository('o/secret', { private: true });
    bench.github.addAttestation('o/secret', SHA256, {});
    expect(await ask({ repo: 'o/secret' })).toEqual([]);
  });
  it('that are only named by an address are left out, said, and not fetched from there', async () => {
    bench.github.addAttestation('o/r', SHA256, null);
    expect(await ask()).toEqual([]);
    expect(bench.log.lines.join()).toContain('put the bundle into the release');
    expect(bench.github.requests.every(({ origin }) => origin === 'api')).toBe(true);
  });
  it.each<[string, FaultKind, string]>([
    ['a server error', { kind: 'status', status: 500 }, 'source-server'], ['no right', { kind: 'status', status: 403 }, 'source-forbidden'],
  ])('of %s are an error', async (_, what, code) => {
    bench.github.addAttestation('o/r', SHA256, {});
    bench.github.fault({ on: 'api', what });
    expect(await codeOf(() => ask())).toBe(code);
  });
  it('of a nonsensical answer are an error with a hint', async () => {
    const elsewhere: typeof directFetch = (_url, options) => directFetch(`${bench.github.apiUrl}/repos/o/r/releases`, options);
    const error = await errorOf(() => ask({ fetch: elsewhere }));
    expect(error).toMatchObject({ code: 'source-invalid', hint: expect.stringContaining('github_api_url') as unknown });
  });
  it('do not exist on an Enterprise server', () => {
    expect(bench.source({ apiUrl: 'https://ghe.example.com/api/v3' }).attestations).toBeUndefined();
  });
});
