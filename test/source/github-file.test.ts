// A small file of the default branch: bounded, conditional, counted, and never an error when it is not there.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceFile } from '../../src/domain/ports.js';
import type { FaultKind } from '../support/github.js';
import { codeOf, createBench, NEVER, TOKEN, type Bench } from './setup.js';

const PATH = 'holdline/stable.json';
let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
  bench.github.addRepository('o/r');
});
afterEach(() => bench.close());
const read = (etag: string | null = null, change?: Parameters<Bench['source']>[0], most = 1000): Promise<SourceFile> => bench.source(change).file!(PATH, etag, most, NEVER);

describe('a file of the default branch', () => {
  it('comes as its bytes, then as unchanged, each a request that is counted', async () => {
    bench.github.putFile('o/r', PATH, '{"ü": 1}\n'.repeat(50));
    const first = await read();
    expect(first.kind === 'content' ? first.content.toString() : first.kind).toBe('{"ü": 1}\n'.repeat(50));
    const etag = first.kind === 'content' ? first.etag : null;
    const source = bench.source();
    expect(await source.file!(PATH, etag, 1000, NEVER)).toEqual({ kind: 'unchanged' });
    expect(source.requestsToday()).toBe(2);
    expect(bench.github.requests.map(({ path, status }) => [path, status])).toEqual([['/repos/o/r/contents/holdline/stable.json', 200], ['/repos/o/r/contents/holdline/stable.json', 304]]);
    bench.github.putFile('o/r', PATH, 'new');
    expect(await read(etag)).toMatchObject({ kind: 'content', content: Buffer.from('new') });
  });
  it('is missing where there is none, or where it may not be seen', async () => {
    expect(await read()).toEqual({ kind: 'missing' });
    bench.github.addRepository('o/secret', { private: true });
    bench.github.putFile('o/secret', PATH, 'secret');
    expect(await read(null, { repo: 'o/secret' })).toEqual({ kind: 'missing' });
    expect(await read(null, { repo: 'o/secret', token: TOKEN })).toMatchObject({ kind: 'content' });
  });
  it.each<[string, FaultKind, string]>([
    ['a server error', { kind: 'status', status: 500 }, 'source-server'], ['no right', { kind: 'status', status: 403 }, 'source-forbidden'], ['a login page', { kind: 'html' }, 'source-invalid'],
    ['a folder', { kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }, 'source-invalid'], ['broken base64', { kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, body: '{"type":"file","encoding":"base64","content":"%%"}' }, 'source-invalid'],
    ['a used-up quota', { kind: 'status', status: 429, headers: { 'retry-after': '60' } }, 'source-rate-limited'],
  ])('%s is an error', async (_name, what, code) => {
    bench.github.putFile('o/r', PATH, 'x');
    bench.github.fault({ on: 'api', what });
    expect(await codeOf(() => read())).toBe(code);
  });
  it('that is too long is not taken', async () => {
    bench.github.putFile('o/r', PATH, 'x'.repeat(1001));
    expect(await codeOf(() => read())).toBe('source-invalid');
  });
});
