// The local GitHub is faithful: its answers fit GitHub's own description, and it does what FACTS says the real one does.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalGitHub } from '../../support/github.js';
import { startLocalGitHub } from '../../support/github.js';
import type { SchemaName } from '../../support/github-schema.js';
import { createGithubValidators } from '../../support/github-schema.js';

const AGENT = { 'user-agent': 'test' };
const as = (token: string): Record<string, string> => ({ ...AGENT, authorization: `Bearer ${token}` });
const OCTETS = { accept: 'application/octet-stream' };
let github: LocalGitHub;
let assetId = 0;

beforeEach(async () => {
  github = await startLocalGitHub({ tokens: { reader: { read: ['o/private'] }, writer: { read: '*', write: true }, stranger: { read: [] } } });
  const release = await github.addRelease('o/r', { tag: 'v1.0.0', notes: 'first', assets: { 'app.tar.gz': Buffer.from('0123456789'), 'half.bin': { content: Buffer.alloc(3), state: 'open', digest: null } } });
  assetId = release.assets[0]!.id;
  github.putFile('o/r', 'holdline/stable.json', 'x'.repeat(100));
  github.addRepository('o/private', { private: true });
  await github.addRelease('o/private', { tag: 'v2.0.0' });
});
afterEach(() => github.close());

const get = (path: string, headers: Record<string, string> = AGENT): Promise<Response> => fetch(github.apiUrl + path, { headers, redirect: 'manual' });
const link = async (): Promise<string> => (await get(`/repos/o/r/releases/assets/${assetId}`, { ...AGENT, ...OCTETS })).headers.get('location') ?? '';

const ANSWERS: readonly { path: string; schema: SchemaName; list?: boolean; headers?: Record<string, string>; status?: number }[] = [
  { path: '/repos/o/r/releases', schema: 'release', list: true },
  { path: '/repos/o/r/releases/latest', schema: 'release' },
  { path: '/repos/o/r/releases/tags/v1.0.0', schema: 'release' },
  { path: '/repos/o/r', schema: 'full-repository' },
  { path: '/repos/o/private', schema: 'full-repository', headers: as('reader') },
  { path: '/rate_limit', schema: 'rate-limit-overview' },
  { path: '/user', schema: 'simple-user', headers: as('reader') },
  { path: '/user', schema: 'basic-error', status: 401 },
  { path: '/repos/o/r', schema: 'basic-error', headers: as('bogus'), status: 401 },
  { path: '/repos/o/private/releases', schema: 'basic-error', status: 404 },
  { path: '/repos/o/private/releases', schema: 'basic-error', headers: as('stranger'), status: 404 },
  { path: '/repos/o/r/contents/holdline/stable.json', schema: 'content-file' },
  { path: '/repos/o/r/contents/holdline/beta.json', schema: 'basic-error', status: 404 },
  { path: '/repos/o/none', schema: 'basic-error', status: 404 },
];

describe('answers fit GitHub\'s OpenAPI description', () => {
  it.each(ANSWERS)('$path as $schema', async ({ path, schema, list, headers, status }) => {
    const response = await get(path, headers);
    expect(response.status).toBe(status ?? 200);
    const validate = createGithubValidators()(schema, list);
    const body: unknown = await response.json();
    validate(body);
    expect(validate.errors).toBeNull();
    expect(response.headers.get('x-ratelimit-limit')).toMatch(/^\d+$/);
  });

  it('the asset on its own', async () => {
    const validate = createGithubValidators()('release-asset');
    validate(await (await get(`/repos/o/r/releases/assets/${assetId}`)).json());
    expect(validate.errors).toBeNull();
  });

  // The negative control: a checker that accepts these would accept anything.
  it.each<[string, (release: Record<string, unknown>) => void]>([
    ['a missing tag', (release) => { delete release['tag_name']; }],
    ['a number as a tag', (release) => { release['tag_name'] = 1; }],
    ['draft as text', (release) => { release['draft'] = 'false'; }],
    ['a date that is none', (release) => { release['published_at'] = 'yesterday'; }],
    ['an asset without digest', (release) => { delete (release['assets'] as Record<string, unknown>[])[0]!['digest']; }],
    ['an asset state GitHub does not have', (release) => { (release['assets'] as Record<string, unknown>[])[0]!['state'] = 'done'; }],
    ['an author without a login', (release) => { delete (release['author'] as Record<string, unknown>)['login']; }],
    ['an address that is none', (release) => { release['url'] = 'not a url'; }],
  ])('refuses %s', async (_name, mutate) => {
    const [release] = await (await get('/repos/o/r/releases')).json() as Record<string, unknown>[];
    mutate(release!);
    expect(createGithubValidators()('release')(release)).toBe(false);
  });
});

describe('storage', () => {
  it.each([[{ authorization: 'Bearer reader' }], [{ 'x-github-api-version': '2022-11-28' }], [{ 'x-anything': '1' }], [{ cookie: 'a=b' }]])('answers 400 to %o', async (headers) => {
    expect((await fetch(await link(), { headers })).status).toBe(400);
  });

  it('serves ranges, If-Range and 416', async () => {
    const url = await link();
    const part = await fetch(url, { headers: { range: 'bytes=4-' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 4-9/10', '456789']);
    const etag = part.headers.get('etag')!;
    expect((await fetch(url, { headers: { 'range': 'bytes=4-', 'if-range': etag } })).status).toBe(206);
    expect((await fetch(url, { headers: { 'range': 'bytes=4-', 'if-range': '"other"' } })).status).toBe(200);
    const beyond = await fetch(url, { headers: { range: 'bytes=10-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10']);
  });

  it('refuses a changed and an expired link', async () => {
    const url = await link();
    expect((await fetch(url.replace(/exp=\d/, 'exp=9'))).status).toBe(403);
    github.setLinkLife(-1);
    expect((await fetch(await link())).status).toBe(403);
  });

  it('sends a source tarball without a length', async () => {
    const response = await fetch((await get('/repos/o/r/tarball/refs/tags/v1.0.0')).headers.get('location')!);
    expect([response.status, response.headers.get('content-length')]).toEqual([200, null]);
    expect(Buffer.from(await response.arrayBuffer()).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  it('an asset half uploaded cannot be had', async () => {
    const [release] = await (await get('/repos/o/r/releases')).json() as { assets: { id: number; state: string }[] }[];
    const half = release!.assets.find((asset) => asset.state === 'open')!;
    expect((await get(`/repos/o/r/releases/assets/${half.id}`, { ...AGENT, ...OCTETS })).status).toBe(404);
  });
});

describe('limits and etags', () => {
  it('a 304 is free with a token only, and etags differ per token', async () => {
    const used = async (headers: Record<string, string>): Promise<number> => (await (await get('/rate_limit', headers)).json() as { rate: { used: number } }).rate.used;
    const etags = new Set<string>();
    for (const [headers, cost] of [[as('reader'), 0], [AGENT, 1]] as const) {
      const etag = (await get('/repos/o/r/releases', headers)).headers.get('etag')!;
      etags.add(etag);
      const before = await used(headers);
      expect((await get('/repos/o/r/releases', { ...headers, 'if-none-match': etag })).status).toBe(304);
      expect(await used(headers) - before).toBe(cost);
    }
    expect(etags.size).toBe(2);
  });

  it('refuses when the quota is gone, and not without a user agent', async () => {
    github.setRateLimit(null, 0, 100);
    const response = await get('/repos/o/r/releases');
    expect([response.status, response.headers.get('x-ratelimit-remaining')]).toEqual([403, '0']);
    expect((await get('/repos/o/r/releases', as('reader'))).status).toBe(200);
  });
});

it('a publisher drafts, uploads, publishes; others see it only then', async () => {
  const send = (method: string, url: string, body: unknown, token: string): Promise<Response> =>
    fetch(url, { method, headers: as(token), body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) });
  const validate = createGithubValidators();
  const releases = `${github.apiUrl}/repos/o/r/releases`;
  expect((await send('POST', releases, { tag_name: 'v1.1.0' }, 'stranger')).status).toBe(403);
  const taken = await send('POST', releases, { tag_name: 'v1.0.0' }, 'writer');
  expect(taken.status).toBe(422);
  expect(validate('validation-error')(await taken.json())).toBe(true);
  const created = await send('POST', releases, { tag_name: 'v1.1.0', draft: true }, 'writer');
  const draft = await created.json() as { id: number; upload_url: string };
  expect([created.status, validate('release')(draft)]).toEqual([201, true]);
  const uploadTo = draft.upload_url.replace(/\{.*\}$/, '?name=');
  const uploaded = await send('POST', `${uploadTo}my%20app.tar.gz`, Buffer.from('bytes'), 'writer');
  const asset: unknown = await uploaded.json();
  expect([uploaded.status, validate('release-asset')(asset), (asset as { name: string }).name]).toEqual([201, true, 'my.app.tar.gz']);
  expect((await send('POST', `${uploadTo}my%20app.tar.gz`, Buffer.from('bytes'), 'writer')).status).toBe(422);
  const tags = async (): Promise<string[]> => (await (await get('/repos/o/r/releases')).json() as { tag_name: string }[]).map((release) => release.tag_name);
  expect(await tags()).toEqual(['v1.0.0']);
  const published = await send('PATCH', `${releases}/${draft.id}`, { draft: false }, 'writer');
  expect(validate('release')(await published.json())).toBe(true);
  expect(await tags()).toContain('v1.1.0');
});

it('a file of the default branch is written with the sha it has now, and read with an etag', async () => {
  const validate = createGithubValidators();
  const url = `${github.apiUrl}/repos/o/r/contents/holdline/stable.json`;
  const put = (body: object, token = 'writer'): Promise<Response> => fetch(url, { method: 'PUT', headers: as(token), body: JSON.stringify(body) });
  const content = Buffer.from('new').toString('base64');
  const read = async (): Promise<{ sha: string; content: string }> => await (await get('/repos/o/r/contents/holdline/stable.json')).json() as { sha: string; content: string };
  expect(Buffer.from((await read()).content, 'base64').toString()).toBe('x'.repeat(100));
  const etag = (await get('/repos/o/r/contents/holdline/stable.json')).headers.get('etag')!;
  expect((await get('/repos/o/r/contents/holdline/stable.json', { ...AGENT, 'if-none-match': etag })).status).toBe(304);
  expect([(await put({ message: 'm', content })).status, (await put({ message: 'm', content, sha: '0'.repeat(40) })).status, (await put({ content })).status, (await put({ message: 'm', content }, 'stranger')).status]).toEqual([422, 409, 422, 403]);
  const changed = await put({ message: 'm', content, sha: (await read()).sha });
  const commit: unknown = await changed.json();
  expect([changed.status, validate('file-commit')(commit), validate('file-commit')({ ...commit as object, commit: { message: 1 } })]).toEqual([200, true, false]);
  expect(Buffer.from((await read()).content, 'base64').toString()).toBe('new');
  expect((await get('/repos/o/r/contents/holdline/stable.json', { ...AGENT, 'if-none-match': etag })).status).toBe(200);
  // The sha is git's own, so that a publisher can name it without asking.
  github.putFile('o/r', 'empty', '');
  expect((await (await get('/repos/o/r/contents/empty')).json() as { sha: string }).sha).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
});

it('latest goes by date, not by version', async () => {
  await github.addRelease('o/dates', { tag: 'v1.10.0', createdAt: '2026-01-01T00:00:00Z' });
  await github.addRelease('o/dates', { tag: 'v1.8.5', createdAt: '2026-02-01T00:00:00Z' });
  expect((await (await get('/repos/o/dates/releases/latest')).json() as { tag_name: string }).tag_name).toBe('v1.8.5');
});
