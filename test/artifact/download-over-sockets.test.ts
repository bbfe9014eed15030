// The whole way over real sockets: GitHub source, undici, storage origin, disk.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { obtainManifest } from '../../src/artifact/obtain-manifest.js';
import { obtainPayload, type ObtainPayloadSettings } from '../../src/artifact/obtain-release.js';
import { systemClock } from '../../src/platform/clock.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createFetch } from '../../src/platform/http.js';
import { createGitHubSource } from '../../src/source/github.js';
import { codeOfAsync } from '../support/code-of.js';
import { sha256 } from '../support/fake-source.js';
import { startLocalGitHub, type Fault, type LocalGitHub } from '../support/github.js';
import { makeSignedRelease, makeTestKey, SAMPLE_TREE } from '../support/signed-release.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const REPO = 'acme/monitoring';
const SIZE = 3_000_000;
const key = makeTestKey('release key');
const payload = gzipSync(randomBytes(SIZE), { level: 1 });
const signed = makeSignedRelease({ repo: REPO, tag: 'v1.2.0', payload, tree: SAMPLE_TREE, key });
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const ASSET = 'app-1.2.0.tar.gz';
let folder: string;
let github: LocalGitHub;

beforeEach(async () => {
  folder = makeTempFolder('sockets');
  github = await startLocalGitHub({ tokens: { secret: { read: '*' } } });
  github.addRepository(REPO, { private: true });
  await github.addRelease(REPO, { tag: 'v1.2.0', assets: signed });
});
afterEach(async () => {
  await github.close();
  removeTempFolder(folder);
});

/** Everything made anew, as in a new process; only the disk stays. */
async function obtain(changes: Partial<ObtainPayloadSettings> = {}, onBytes: (done: number) => void = () => undefined, signal = new AbortController().signal) {
  const settings: ObtainPayloadSettings = {
    githubRepo: REPO, component: null, trust: { require: 'signature', keys: [key] }, asset: null, downloadTimeout: 10, downloadDeadline: 60, maxRetries: 2, retryDelay: 0.001,
    limits: { payloadBytes: 1e7, unpackedBytes: 1e7, entries: 100, depth: 64, ratio: 200 },
    installDir: join(folder, 'app'), stateDir: join(folder, 'state'), runtimeDir: join(folder, 'run'), backupPath: join(folder, 'backups'), ...changes,
  };
  const fs = createFilesystem();
  const source = createGitHubSource({
    fetch: createFetch({ proxy: { https: null, http: null, no: null } }), fs, clock: systemClock, log, cacheFile: join(folder, 'cache.json'),
    repo: REPO, apiUrl: github.apiUrl, token: 'secret', retries: { maxRetries: 0, retryDelayMs: 1 }, userAgent: 'holdline/test',
  });
  const { releases } = await source.list(signal);
  const release = releases[0];
  if (release === undefined) throw new Error('the release is not listed');
  const deps = { source, clock: systemClock, log, fs, report: (event: { type: string; done?: number }) => { if (event.type === 'progress') onBytes(event.done ?? 0); } };
  const { manifest } = await obtainManifest(deps, settings, release, signal);
  return obtainPayload(deps, settings, release, manifest, signal);
}
const storageRequests = () => github.requests.filter((request) => request.origin === 'storage' && request.path.includes(ASSET));
const onStorage = (what: Fault['what'], times = 1): void => github.fault({ on: 'storage', match: ASSET, what, times });
const expectWhole = (path: string): void => expect(sha256(readFileSync(path))).toBe(sha256(payload));

describe('over sockets', () => {
  it('a signed private release arrives, and the token stays at the API', async () => {
    expectWhole((await obtain()).path);
    expect(github.requests.filter((request) => request.origin === 'storage').every((request) => request.headers.authorization === undefined)).toBe(true);
  });

  it('cuts are resumed where they happened, each with a fresh link', async () => {
    onStorage({ kind: 'cut', after: 1_000_000 });
    onStorage({ kind: 'cut', after: 500_000 });
    const got = await obtain();
    expectWhole(got.path);
    const asked = storageRequests();
    expect(asked).toHaveLength(3);
    expect(asked.map((request) => request.status)).toEqual([200, 206, 206]);
    expect(asked.slice(1).every((request) => request.headers['if-range'] !== undefined && /^bytes=[1-9]\d*-$/.test(request.headers.range ?? ''))).toBe(true);
    expect(new Set(asked.map((request) => request.path)).size).toBe(3);
  });

  it('a new process goes on where the old one was stopped', async () => {
    const stop = new AbortController();
    onStorage({ kind: 'stall', after: 2_000_000 });
    const part = join(folder, 'state', 'downloads');
    expect(await codeOfAsync(() => obtain({}, (done) => { if (done > 0) stop.abort(); }, stop.signal))).toBe('interrupted');
    expect(existsSync(part)).toBe(true);
    const got = await obtain();
    expectWhole(got.path);
    expect(got.bytesDownloaded).toBeLessThan(payload.length);
    expect(storageRequests().at(-1)?.status).toBe(206);
  });

  it.each<[string, Fault['what'], string]>([
    ['a stall', { kind: 'stall', after: 1_000_000 }, 'download-stalled'],
    ['no headers', { kind: 'stall', after: -1 }, 'download-stalled'],
  ])('%s ends by itself and is resumed', async (_, what, code) => {
    onStorage(what);
    expectWhole((await obtain({ downloadTimeout: 0.3 })).path);
    onStorage(what, 9);
    removeTempFolder(join(folder, 'state'));
    expect(await codeOfAsync(() => obtain({ downloadTimeout: 0.3, maxRetries: 0 }))).toBe(code);
  });

  it.each<[string, Fault['what']]>([
    ['an expired link', { kind: 'status', status: 403 }], ['a storage that is down', { kind: 'status', status: 503 }], ['a closed connection', { kind: 'close' }],
    ['a captive portal', { kind: 'html' }], ['a server that ignores ranges', { kind: 'ignore-range' }], ['a server that sends another part', { kind: 'wrong-range', by: 10 }],
  ])('%s after a cut is survived', async (_, what) => {
    onStorage({ kind: 'cut', after: 1_000_000 });
    onStorage(what);
    expectWhole((await obtain()).path);
  });

  it.each<[string, Fault['what'], number, Partial<ObtainPayloadSettings>, string]>([
    ['corrupted bytes', { kind: 'corrupt', at: 1_234_567 }, 9, {}, 'artifact-digest'],
    ['more bytes than signed', { kind: 'oversize', by: 100 }, 9, {}, 'artifact-too-large'],
    ['a length that promises more', { kind: 'wrong-length', by: 100 }, 9, {}, 'artifact-too-large'],
    ['a length that promises less', { kind: 'wrong-length', by: -100 }, 9, {}, 'artifact-truncated'],
    ['a page for ever', { kind: 'html' }, 9, {}, 'source-invalid'],
    ['a trickle past the deadline', { kind: 'trickle', bytes: 10, everyMs: 5 }, 9, { downloadDeadline: 0.3 }, 'download-deadline'],
  ])('%s: refused with a code', async (_, what, times, changes, code) => {
    onStorage(what, times);
    expect(await codeOfAsync(() => obtain(changes))).toBe(code);
  });

  it('corruption after a cut is cured by one clean try', async () => {
    onStorage({ kind: 'cut', after: 1_000_000 });
    onStorage({ kind: 'corrupt', at: 2_000_000 });
    expectWhole((await obtain()).path);
    expect(storageRequests().map((request) => request.status)).toEqual([200, 206, 200]);
  });

  it('an asset replaced between two tries never becomes a mixture', async () => {
    onStorage({ kind: 'cut', after: 1_000_000 });
    const other = gzipSync(randomBytes(SIZE), { level: 1 });
    const changed = obtain({}, () => { void github.changeAsset(REPO, 'v1.2.0', ASSET, { content: other }); });
    expect(await codeOfAsync(() => changed)).toMatch(/^artifact-(digest|too-large|truncated)$|^manifest-mismatch$|^source-not-found$/);
  });

});
