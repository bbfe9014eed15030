// Releases from a folder, a payload or a manifest on a real disk.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Release } from '../../src/domain/release.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createDirectorySource } from '../../src/source/directory.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { codeOf, NEVER, readAll } from './setup.js';

let folder: string;
beforeEach(() => { folder = makeTempFolder('stick é '); });
afterEach(() => removeTempFolder(folder));

const put = (path: string, content: string | Buffer = 'x'): string => {
  const full = join(folder, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, content);
  return full;
};
const manifest = (tag: string, asset: string): string => JSON.stringify({ format: 1, tag, version: tag.replace(/^v/, ''), created: '2026-11-21T09:00:00Z', payload: { asset } });
const list = async (path = folder, component: string | null = null, part: string | null = null): Promise<readonly Release[]> =>
  (await createDirectorySource({ fs: createFilesystem(), path, component, part }).list(NEVER)).releases;
const names = (release: Release | undefined): string[] => (release?.assets ?? []).map((asset) => asset.name).sort();

it('one release with its manifest', async () => {
  put('holdline.json', manifest('v1.2.0', 'app-1.2.0.tar.gz'));
  for (const name of ['holdline.json.minisig', 'holdline.files.json.gz', 'SHA256SUMS', 'app-1.2.0.tar.gz']) put(name, 'abc');
  const [release, ...others] = await list();
  expect(others).toEqual([]);
  expect(release).toMatchObject({ tag: 'v1.2.0', version: '1.2.0', publishedAt: '2026-11-21T09:00:00.000Z', sourceTarball: undefined });
  expect(release?.guessed).toBeUndefined();
  expect(names(release)).toEqual(['SHA256SUMS', 'app-1.2.0.tar.gz', 'holdline.files.json.gz', 'holdline.json', 'holdline.json.minisig']);
  expect(release?.assets.find((asset) => asset.name === 'SHA256SUMS')).toMatchObject({ size: 3, sha256: null, uploaded: true });
});

it('several releases: in sub folders, and side by side with prefixes', async () => {
  for (const version of ['1.0.0', '1.1.0']) {
    put(`${version}/holdline.json`, manifest(`v${version}`, 'app.tar.gz'));
    put(`${version}/app.tar.gz`);
  }
  for (const version of ['2.0.0', '2.1.0']) {
    put(`app-${version}.holdline.json`, manifest(`v${version}`, `app-${version}.tar.gz`));
    put(`app-${version}.holdline.json.minisig`, version);
    put(`app-${version}.tar.gz`);
  }
  const releases = await list();
  expect(releases.map((release) => release.version).sort()).toEqual(['1.0.0', '1.1.0', '2.0.0', '2.1.0']);
  const side = releases.find((release) => release.version === '2.0.0');
  expect(names(side)).toEqual(['app-2.0.0.tar.gz', 'app-2.1.0.tar.gz', 'holdline.json', 'holdline.json.minisig']);
  expect(side?.assets.find((asset) => asset.name === 'holdline.json.minisig')?.url).toBe(join(folder, 'app-2.0.0.holdline.json.minisig'));
});

it('one release of several components: by its folder or manifest for each of them, by a payload only for the one whose it is', async () => {
  const several = put('holdline.json', JSON.stringify({ format: 1, tag: 'v1.2.0', version: '1.2.0', created: '2026-11-21T09:00:00Z', components: { app: { payload: { asset: 'app-1.2.0.tar.gz' } }, database: { payload: { asset: 'database-1.2.0.tar.gz' } }, odd: null } }));
  const files = ['app', 'database'].map((name) => put(`${name}-1.2.0.tar.gz`));
  put('other-1.0.0.tar.gz');
  for (const path of [folder, several]) for (const part of ['app', 'database', 'cache', null]) expect((await list(path, null, part)).map(({ tag }) => tag)).toEqual(['v1.2.0']);
  const [app = '', database = ''] = files;
  expect([await list(app, null, 'app'), await list(app, null, null)]).toMatchObject([[{ tag: 'v1.2.0' }], [{ tag: 'v1.2.0' }]]);
  expect([await list(database, null, 'app'), await list(app, null, 'database'), await list(app, null, 'cache'), await list(app, 'suite', 'app')]).toEqual([[], [], [], []]);
  expect(await list(join(folder, 'other-1.0.0.tar.gz'), null, 'app')).toMatchObject([{ version: '1.0.0', guessed: true }]);
});

it('payloads without a manifest: the name says the version, VERSION will decide', async () => {
  put('app-1.2.0.tar.gz');
  put('app-1.3.0-rc.1.tgz');
  put('notes.tar.gz');
  put('SHA256SUMS');
  expect((await list()).map((release) => [release.version, release.guessed, names(release)])).toEqual([
    ['1.2.0', true, ['SHA256SUMS', 'app-1.2.0.tar.gz']], ['1.3.0-rc.1', true, ['SHA256SUMS', 'app-1.3.0-rc.1.tgz']],
  ]);
});

describe('one file', () => {
  it('a lone payload, named by its link, whatever it is called', async () => {
    put('payload here.tgz');
    symlinkSync(join(folder, 'payload here.tgz'), join(folder, 'link'));
    expect(await list(join(folder, 'link'))).toMatchObject([{ version: '0.0.0', guessed: true, tag: 'payload here.tgz' }]);
  });

  it('a manifest, or the payload it describes', async () => {
    const described = put('app-1.2.0.tar.gz');
    const other = put('app-1.1.0.tar.gz');
    const file = put('holdline.json', manifest('v1.2.0', 'app-1.2.0.tar.gz'));
    expect(await list(file)).toMatchObject([{ version: '1.2.0', tag: 'v1.2.0' }]);
    expect((await list(described))[0]?.guessed).toBeUndefined();
    expect(await list(other)).toMatchObject([{ version: '1.1.0', guessed: true }]);
  });

  it.each([['app.zip', 'source-invalid'], ['nowhere', 'source-not-found'], ['file/below', 'source-not-found']])('%s', async (name, code) => {
    put('app.zip');
    put('file');
    expect(await codeOf(() => list(join(folder, name)))).toBe(code);
  });
});

it.each(['', 'not json', '[]', '{}', '{"tag": 5}', 'null'])('a manifest that is %j', async (content) => {
  put('holdline.json', content);
  expect(await codeOf(() => list())).toBe('manifest-invalid');
});

it('other components and tags that are no versions are not ours', async () => {
  put('a/holdline.json', manifest('sensor-v1.0.0', 'a.tar.gz'));
  put('b/holdline.json', manifest('nightly', 'a.tar.gz'));
  expect(await list()).toEqual([]);
  expect(await list(folder, 'sensor')).toMatchObject([{ version: '1.0.0' }]);
});

it('an empty folder has no releases; links inside are not followed', async () => {
  expect(await list()).toEqual([]);
  symlinkSync('/etc/passwd', join(folder, 'app-1.0.0.tar.gz'));
  symlinkSync('/', join(folder, 'loop'));
  expect(await list()).toEqual([]);
});

it.runIf(process.getuid?.() !== 0)('a folder that may not be read', async () => {
  chmodSync(folder, 0);
  expect(await codeOf(() => list())).toBe('permission');
  chmodSync(folder, 0o700);
});

describe('open', () => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 253));
  const source = (): ReturnType<typeof createDirectorySource> => createDirectorySource({ fs: createFilesystem(), path: folder });

  it('the whole, a part, and from the start when it changed', async () => {
    put('app-1.0.0.tar.gz', content);
    const asset = (await source().list(NEVER)).releases[0]!.assets[0]!;
    const whole = await source().open(asset, undefined, NEVER);
    expect(whole).toMatchObject({ status: 200, from: 0, total: content.length });
    expect((await readAll(whole.body)).equals(content)).toBe(true);
    const part = await source().open(asset, { from: 100_001, etag: whole.etag }, NEVER);
    expect(part).toMatchObject({ status: 206, from: 100_001 });
    expect((await readAll(part.body)).equals(content.subarray(100_001))).toBe(true);
    expect(await source().open(asset, { from: 5, etag: '"other"' }, NEVER)).toMatchObject({ status: 200, from: 0 });
    expect(await source().open(asset, { from: content.length }, NEVER)).toMatchObject({ status: 200, from: 0 });
  });

  it('stopped in the middle, and gone', async () => {
    put('app-1.0.0.tar.gz', content);
    const asset = (await source().list(NEVER)).releases[0]!.assets[0]!;
    const stop = new AbortController();
    const answer = await source().open(asset, undefined, stop.signal);
    stop.abort();
    expect(await codeOf(() => readAll(answer.body))).toBe('interrupted');
    expect(await codeOf(() => source().open({ ...asset, url: join(folder, 'gone') }, undefined, NEVER))).toBe('source-not-found');
  });
});
