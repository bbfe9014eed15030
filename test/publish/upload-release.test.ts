// Uploading against the local GitHub over real sockets: a draft, every asset, the check, and only then the release; cut off anywhere and run again.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock, Fetch } from '../../src/domain/ports.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createFetch } from '../../src/platform/http.js';
import { checkUploadUrl } from '../../src/publish/github-api.js';
import { uploadRelease, type UploadRequest, type UploadResult } from '../../src/publish/upload-release.js';
import { startLocalGitHub, type LocalGitHub } from '../support/github.js';
import { silentLog } from '../support/extraction.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const TOKEN = 'ghp_very_secret_token';
const REPO = 'acme/monitoring';
const ASSETS = { 'monitoring-1.0.0.tar.gz': Buffer.alloc(300_000, 'payload'), 'holdline.json': Buffer.from('{}'), 'holdline.json.minisig': Buffer.from('sig'), 'SHA256SUMS': Buffer.from('sums') };
const fetch: Fetch = createFetch({ proxy: { https: null, http: null, no: null } });

let root: string;
let github: LocalGitHub;
let slept: number[];
let files: string[];
beforeEach(async () => {
  root = makeTempFolder('upload');
  github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*', write: true }, reader: { read: '*' } } });
  github.addRepository(REPO);
  slept = [];
  files = Object.entries(ASSETS).map(([name, bytes]) => {
    writeFileSync(join(root, name), bytes);
    return join(root, name);
  });
});
afterEach(async () => {
  await github.close();
  removeTempFolder(root);
});

const clock: Clock = { now: () => new Date(), monotonicMs: () => performance.now(), sleep: async (ms) => { slept.push(ms); } };
const upload = async (change: Partial<UploadRequest> = {}, signal = new AbortController().signal): Promise<UploadResult> => await uploadRelease(
  { fs: createFilesystem(), clock, fetch, log: silentLog },
  { repo: REPO, apiUrl: github.apiUrl, token: TOKEN, tag: 'v1.0.0', prerelease: false, notes: 'First', files, ...change }, signal,
);

interface Shown { readonly tag_name: string; readonly draft: boolean; readonly prerelease: boolean; readonly body: string; readonly assets: readonly { readonly name: string; readonly size: number; readonly digest: string }[] }
async function shown(token: string | null = null): Promise<Shown[]> {
  const answer = await fetch(`${github.apiUrl}/repos/${REPO}/releases`, { headers: { 'user-agent': 'test', ...(token === null ? {} : { authorization: `token ${token}` }) } });
  return JSON.parse(await answer.text()) as Shown[];
}
const assetNames = (release: Shown | undefined): string[] => (release?.assets ?? []).map(({ name }) => name).sort();

describe('uploadRelease', () => {
  it('publishes last, with everything in it', async () => {
    const result = await upload({ prerelease: true });
    expect(result).toMatchObject({ uploaded: Object.keys(ASSETS), kept: [] });
    const [release] = await shown();
    expect(release).toMatchObject({ tag_name: 'v1.0.0', draft: false, prerelease: true, body: 'First' });
    expect(assetNames(release)).toEqual(Object.keys(ASSETS).sort());
    expect(github.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
    expect(github.requests.filter(({ method }) => method !== 'GET').at(-1)?.method).toBe('PATCH');
    expect(github.requests.filter(({ origin }) => origin === 'storage')).toEqual([]);
  });

  it.each(Object.keys(ASSETS))('cut off while %s goes up, it stays a draft, and the next run sends only what is missing', async (name) => {
    github.fault({ on: 'upload', match: name, what: { kind: 'status', status: 401 } });
    await expect(upload()).rejects.toMatchObject({ code: 'source-unauthorized' });
    expect(await shown()).toEqual([]);
    const before = Object.keys(ASSETS).slice(0, Object.keys(ASSETS).indexOf(name));
    expect(await upload()).toMatchObject({ kept: before });
    const releases = await shown(TOKEN);
    expect(releases.map(({ draft }) => draft)).toEqual([false]);
    expect(assetNames(releases[0])).toEqual(Object.keys(ASSETS).sort());
  });

  it.each<[string, object]>([['half uploaded', { state: 'open' }], ['other content', { content: Buffer.from('{]') }], ['other size', { content: Buffer.from('longer than it') }]])('replaces an asset that is broken: %s', async (_name, change) => {
    await github.addRelease(REPO, { tag: 'v1.0.0', draft: true, assets: { 'holdline.json': ASSETS['holdline.json'], 'SHA256SUMS': ASSETS.SHA256SUMS } });
    await github.changeAsset(REPO, 'v1.0.0', 'holdline.json', change);
    expect(await upload()).toMatchObject({ kept: ['SHA256SUMS'] });
    expect((await shown())[0]?.assets.find(({ name }) => name === 'holdline.json')?.size).toBe(2);
  });

  it('tries again what passes by itself, and gives up in the end', async () => {
    github.fault({ on: 'upload', what: { kind: 'status', status: 502 }, times: 2 });
    github.fault({ on: 'api', match: 'releases', what: { kind: 'close' } });
    await upload();
    expect(slept.length).toBeGreaterThanOrEqual(3);
    github.fault({ on: 'api', what: { kind: 'status', status: 503 }, times: 99 });
    await expect(upload({ tag: 'v2.0.0' })).rejects.toMatchObject({ code: 'source-server' });
  });

  it('takes an upload whose answer was lost for what it is', async () => {
    const lossy: Fetch = async (url, options) => {
      const answer = await fetch(url, options);
      if (!url.includes('name=holdline.json') || options?.method !== 'POST' || slept.length > 0) return answer;
      slept.push(0);
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
    };
    await uploadRelease({ fs: createFilesystem(), clock, fetch: lossy, log: silentLog }, { repo: REPO, apiUrl: github.apiUrl, token: TOKEN, tag: 'v1.0.0', prerelease: false, notes: '', files }, new AbortController().signal);
    expect(assetNames((await shown())[0])).toEqual(Object.keys(ASSETS).sort());
  });

  it.each<[string, string, Partial<UploadRequest>]>([
    ['a token that is none', 'source-unauthorized', { token: 'nonsense' }], ['a token that may not write', 'source-forbidden', { token: 'reader' }], ['no such repository', 'source-not-found', { repo: 'acme/none' }],
  ])('explains %s without showing the token', async (_name, code, change) => {
    const error = await upload(change).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'HoldlineError', code });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(change.token ?? TOKEN);
  });

  it('never changes a published release', async () => {
    await upload();
    const before = await shown();
    await expect(upload({ notes: 'changed' })).rejects.toMatchObject({ code: 'source-invalid' });
    expect(await shown()).toEqual(before);
  });

  it('refuses to choose between two drafts', async () => {
    await github.addRelease(REPO, { tag: 'v1.0.0', draft: true });
    await github.addRelease(REPO, { tag: 'v1.0.0', draft: true });
    await expect(upload()).rejects.toMatchObject({ code: 'source-invalid' });
  });

  it('explains no network, and stops when asked', async () => {
    await expect(upload({ apiUrl: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'source-network' });
    await expect(upload({}, AbortSignal.abort())).rejects.toMatchObject({ name: 'HoldlineError' });
  });

  it('sends nothing to a host that is not GitHub', async () => {
    const moved: Fetch = async (url, options) => {
      const answer = await fetch(url, options);
      const text = (await answer.text()).replaceAll(github.uploadUrl, 'http://evil.example');
      return { ...answer, status: answer.status, url: answer.url, headers: answer.headers, body: Object.assign((async function* body() { yield Buffer.from(text); })(), { cancel: async () => undefined }), text: async () => text };
    };
    await expect(uploadRelease({ fs: createFilesystem(), clock, fetch: moved, log: silentLog }, { repo: REPO, apiUrl: github.apiUrl, token: TOKEN, tag: 'v1.0.0', prerelease: false, notes: '', files }, new AbortController().signal))
      .rejects.toMatchObject({ code: 'source-invalid' });
  });
});

it.each([
  ['https://uploads.github.com/repos/a/b/releases/1/assets{?name,label}', 'https://api.github.com', true], ['https://ghes.example/api/uploads/repos/a/b/releases/1/assets{?name,label}', 'https://ghes.example/api/v3', true],
  ['https://uploads.acme.ghe.com/x', 'https://api.acme.ghe.com', true], ['http://uploads.github.com/x', 'https://api.github.com', false], ['https://uploads.github.com.evil.example/x', 'https://api.github.com', false],
  ['https://evil.example/x', 'https://api.github.com', false], ['https://user@uploads.github.com/x', 'https://api.github.com', false], ['nonsense', 'https://api.github.com', false],
])('upload address %s of %s: %s', (url, api, ok) => {
  if (ok) expect(checkUploadUrl(url, api)).toBe(url.replace(/\{.*/, ''));
  else expect(() => checkUploadUrl(url, api)).toThrow(expect.objectContaining({ code: 'source-invalid' }));
});

