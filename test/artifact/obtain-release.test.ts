import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { obtainManifest } from '../../src/artifact/obtain-manifest.js';
import { obtainPayload, type ObtainedPayload, type ObtainPayloadSettings } from '../../src/artifact/obtain-release.js';
import type { Asset, Release } from '../../src/domain/release.js';
import type { TrustSettings } from '../../src/domain/settings.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { codeOfAsync } from '../support/code-of.js';
import { assetOf, createFakeSource, createJumpingClock, releaseOf, sha256 } from '../support/fake-source.js';
import { makeSignedRelease, makeTestKey, SAMPLE_TREE, signAs, type ReleaseParts } from '../support/signed-release.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const key = makeTestKey('release key');
const foreign = makeTestKey('foreign', Buffer.from('ffffffffffffffff', 'hex'));
const payload = gzipSync(randomBytes(5000));
const parts: ReleaseParts = { repo: 'acme/monitoring', tag: 'v1.2.0', payload, tree: SAMPLE_TREE, key };
const signature: TrustSettings = { require: 'signature', keys: [key] };
const checksum: TrustSettings = { require: 'checksum', keys: [] };
const none: TrustSettings = { require: 'none', keys: [] };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
beforeEach(() => { folder = makeTempFolder('obtain'); });
afterEach(() => removeTempFolder(folder));

interface Scene {
  readonly contents?: Record<string, Buffer>;
  readonly trust?: TrustSettings;
  readonly settings?: Partial<ObtainPayloadSettings>;
  readonly assets?: (assets: Asset[]) => Asset[];
  readonly release?: Partial<Release>;
  readonly now?: string;
}

async function obtain(scene: Scene): Promise<ObtainedPayload & { readonly signedBy: string | null; readonly requests: number }> {
  const contents = scene.contents ?? makeSignedRelease(parts);
  const settings: ObtainPayloadSettings = {
    githubRepo: 'acme/monitoring', component: null, trust: scene.trust ?? signature, asset: null, downloadTimeout: 30, downloadDeadline: 3600, maxRetries: 1, retryDelay: 1,
    limits: { payloadBytes: 1e6, unpackedBytes: 1e6, entries: 100, depth: 64, ratio: 200 },
    installDir: join(folder, 'app'), stateDir: join(folder, 'state'), runtimeDir: join(folder, 'run'), backupPath: join(folder, 'backups'), ...scene.settings,
  };
  const assets = Object.entries(contents).filter(([name]) => name !== 'source').map(([name, content]) => assetOf(name, content));
  const release = releaseOf('v1.2.0', scene.assets?.(assets) ?? assets, scene.release);
  const source = createFakeSource(contents);
  const clock = createJumpingClock(() => source.activity, new Date(scene.now ?? '2026-11-21T00:00:00Z'));
  const deps = { source, clock, log, fs: createFilesystem(), report: () => undefined };
  const { signal } = new AbortController();
  const obtained = await obtainManifest(deps, settings, release, signal);
  const result = await obtainPayload(deps, settings, release, obtained.manifest, signal);
  expect(source.openBodies()).toBe(0);
  return { ...result, signedBy: obtained.signedBy, requests: source.opened.length };
}
const without = (...names: string[]) => (contents: Record<string, Buffer>): Record<string, Buffer> => Object.fromEntries(Object.entries(contents).filter(([name]) => !names.includes(name)));
const stating = (name: string, digest: string) => (assets: Asset[]) => assets.map((asset) => (asset.name === name ? { ...asset, sha256: digest } : asset));
const signed = makeSignedRelease(parts);
const bare = { 'app.tar.gz': payload };
const sums = Buffer.from(`${sha256(payload)}  app.tar.gz\n`);

describe('accepted', () => {
  it('a signed release, with its manifest and files', async () => {
    const got = await obtain({});
    expect(got).toMatchObject({ size: payload.length, sha256: sha256(payload), files: SAMPLE_TREE, strip: 'auto', signedBy: 'release key', warnings: [], requests: 4 });
    expect(got.manifest?.version).toBe('1.2.0');
    expect(readFileSync(got.path).equals(payload)).toBe(true);
    expect(got.path.startsWith(join(folder, 'state', 'downloads'))).toBe(true);
  });

  it.each<[string, Scene, Partial<ObtainedPayload>, number]>([
    ['a signed release under checksum: its sizes and tree are used, and it is said what was not checked', { trust: checksum, contents: signed }, { files: SAMPLE_TREE, warnings: ['The manifest\'s signature was not checked: trust.require is checksum.'] }, 4],
    ['SHA256SUMS alone', { trust: checksum, contents: { ...bare, 'SHA256SUMS': sums } }, { manifest: null, files: null, warnings: [] }, 2],
    ['the digest of the source alone', { trust: checksum, contents: bare, assets: stating('app.tar.gz', sha256(payload)) }, { warnings: [] }, 1],
    ['both, in agreement', { trust: checksum, contents: { ...bare, 'SHA256SUMS': sums }, assets: stating('app.tar.gz', sha256(payload)) }, {}, 2],
    ['nothing but the connection, with a warning', { trust: none, contents: bare }, { warnings: ['Nobody states a checksum of app.tar.gz: only the connection vouches for it.'] }, 1],
    ['the source tarball where there is nothing else', { trust: none, contents: { source: payload }, release: { sourceTarball: assetOf('source', payload, { size: undefined }) } }, { strip: 'always' }, 1],
    ['an asset by pattern among others', { trust: none, contents: { ...bare, 'app-arm64.tar.gz': payload, 'notes.pdf': payload }, settings: { asset: 'app-*.tar.gz' } }, { strip: 'auto' }, 1],
    ['an expired manifest while the clock is not set', { contents: makeSignedRelease({ ...parts, change: (m) => ({ ...m, expires: '2026-11-02T00:00:00Z' }) }), now: '1970-01-02T00:00:00Z' }, {}, 4],
  ])('%s', async (_, scene, expected, requests) => {
    const got = await obtain(scene);
    expect(got).toMatchObject(expected);
    expect(got.requests).toBe(requests);
    expect(readFileSync(got.path).equals(payload)).toBe(true);
  });
});

const wrongly = (change: (manifest: Record<string, unknown>) => Record<string, unknown>): Scene => ({ contents: makeSignedRelease({ ...parts, change }) });
const flipped = Buffer.from(payload);
flipped[100] = (flipped[100] ?? 0) ^ 1;

describe('refused', () => {
  it.each<[string, Scene, string]>([
    ['signature: no key', { trust: { require: 'signature', keys: [] } }, 'trust-key-missing'],
    ['signature: no manifest', { contents: without('holdline.json')(signed) }, 'manifest-missing'],
    ['signature: no signature', { contents: without('holdline.json.minisig')(signed) }, 'signature-missing'],
    ['signature: of a foreign key', { contents: makeSignedRelease({ ...parts, key: foreign }) }, 'signature-key'],
    ['signature: an edited manifest', { contents: { ...signed, 'holdline.json': Buffer.from(signed['holdline.json']!.toString().replace('minor', 'major')) } }, 'signature-invalid'],
    ['signature: manifest and signature of another tag', { contents: makeSignedRelease({ ...parts, tag: 'v1.1.0' }) }, 'manifest-mismatch'],
    ['signature: of another repo', { contents: makeSignedRelease({ ...parts, repo: 'acme/other' }) }, 'manifest-mismatch'],
    ['signature: a good manifest under a comment of another tag', { contents: { ...signed, 'holdline.json.minisig': signAs(key, signed['holdline.json']!, 'repo:acme/monitoring tag:v1.1.0') } }, 'manifest-mismatch'],
    ['signature: an older version under the new tag', wrongly((m) => ({ ...m, version: '1.1.0' })), 'manifest-mismatch'],
    ['signature: a manifest that is expired', wrongly((m) => ({ ...m, expires: '2026-11-02T00:00:00Z' })), 'manifest-expired'],
    ['signature: a malformed manifest', wrongly((m) => ({ ...m, payload: null })), 'manifest-invalid'],
    ['signature: a huge signature', { contents: { ...signed, 'holdline.json.minisig': Buffer.alloc(5000, 'x') } }, 'artifact-too-large'],
    ['signature: a huge manifest', { contents: { ...signed, 'holdline.json': Buffer.alloc(1024 * 1024 + 1, ' ') } }, 'artifact-too-large'],
    ['a payload other than signed', { contents: { ...signed, 'app-1.2.0.tar.gz': flipped } }, 'artifact-digest'],
    ['a payload shorter than signed', { contents: { ...signed, 'app-1.2.0.tar.gz': payload.subarray(1) } }, 'manifest-mismatch'],
    ['a payload cut behind the back of the listing', { contents: { ...signed, 'app-1.2.0.tar.gz': payload.subarray(0, -1) }, assets: (all) => all.map((one) => (one.name === 'app-1.2.0.tar.gz' ? { ...one, size: payload.length } : one)) }, 'artifact-truncated'],
    ['a payload the release does not have', { contents: without('app-1.2.0.tar.gz')(signed) }, 'manifest-mismatch'],
    ['a source that states another digest than signed', { assets: stating('app-1.2.0.tar.gz', 'ab'.repeat(32)) }, 'artifact-digest'],
    ['a manifest other than the source states', { assets: stating('holdline.json', 'ab'.repeat(32)) }, 'artifact-digest'],
    ['a files list the release does not have', { contents: without('holdline.files.json.gz')(signed) }, 'manifest-mismatch'],
    ['another files list', { contents: { ...signed, 'holdline.files.json.gz': Buffer.from(signed['holdline.files.json.gz']!).fill(1, 20, 21) } }, 'artifact-digest'],
    ['a files list of another tree', wrongly((m) => ({ ...m, tree_digest: 'ab'.repeat(32) })), 'tree-digest'],
    ['a payload above the limit', { settings: { limits: { payloadBytes: 5000, unpackedBytes: 1e6, entries: 100, depth: 64, ratio: 200 } } }, 'artifact-too-large'],
    ['an unfinished upload', { assets: (all) => all.map((one) => ({ ...one, uploaded: false })) }, 'source-invalid'],
    ['checksum: a manifest of another version', { trust: checksum, contents: makeSignedRelease({ ...parts, tag: 'v1.1.0' }) }, 'manifest-mismatch'],
    ['checksum: nobody states one', { trust: checksum, contents: bare }, 'artifact-not-covered'],
    ['checksum: SHA256SUMS of other files', { trust: checksum, contents: { ...bare, 'SHA256SUMS': Buffer.from(`${sha256(payload)}  x.tar.gz\n`) } }, 'artifact-not-covered'],
    ['checksum: SHA256SUMS and source disagree', { trust: checksum, contents: { ...bare, 'SHA256SUMS': sums }, assets: stating('app.tar.gz', 'ab'.repeat(32)) }, 'artifact-digest'],
    ['checksum: SHA256SUMS and manifest disagree', { trust: checksum, contents: { ...signed, 'SHA256SUMS': Buffer.from(`${'ab'.repeat(32)}  app-1.2.0.tar.gz\n`) } }, 'artifact-digest'],
    ['checksum: other bytes', { trust: checksum, contents: { 'app.tar.gz': flipped, 'SHA256SUMS': sums } }, 'artifact-digest'],
    ['checksum: a source tarball', { trust: checksum, contents: { source: payload }, release: { sourceTarball: assetOf('source', payload, { size: undefined }) } }, 'artifact-not-covered'],
    ['none: other bytes than the source states', { trust: none, contents: { 'app.tar.gz': flipped }, assets: stating('app.tar.gz', sha256(payload)) }, 'artifact-digest'],
    ['no payload at all', { trust: none, contents: { 'notes.pdf': payload } }, 'source-not-found'],
    ['a pattern nothing matches, even where there is a source tarball', { trust: none, contents: bare, settings: { asset: 'x-*' }, release: { sourceTarball: assetOf('app.tar.gz', payload) } }, 'source-not-found'],
    ['two tarballs and no pattern', { trust: none, contents: { ...bare, 'arm.tgz': payload } }, 'source-not-found'],
    ['an asset that is no tarball', { trust: none, contents: { 'app.tar.gz': Buffer.from('PK\u0003\u0004 zip') } }, 'archive-invalid'],
  ])('%s', async (_, scene, code) => {
    expect(await codeOfAsync(() => obtain(scene))).toBe(code);
    const downloads = join(folder, 'state', 'downloads');
    expect(existsSync(downloads) ? readdirSync(downloads).filter((name) => name.endsWith('.gz')) : []).toEqual([]);
  });

  it('a manifest of another release handed to the payload step', async () => {
    const other = makeSignedRelease({ ...parts, tag: 'v1.1.0' });
    const manifest = JSON.parse(other['holdline.json']!.toString()) as never;
    const source = createFakeSource(signed);
    const deps = { source, clock: createJumpingClock(() => source.activity), log, fs: createFilesystem(), report: () => undefined };
    const settings = { githubRepo: 'acme/monitoring', trust: signature } as ObtainPayloadSettings;
    expect(await codeOfAsync(() => obtainPayload(deps, settings, releaseOf('v1.2.0', []), manifest, new AbortController().signal))).toBe('manifest-mismatch');
  });
});

it('nothing is accepted that was not signed, whichever byte of whichever asset changes', async () => {
  const names = Object.keys(signed).filter((name) => name !== 'SHA256SUMS');
  await fc.assert(fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), async (name, at, by) => {
    const changed = Buffer.from(signed[name]!);
    changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ by;
    removeTempFolder(join(folder, 'state')); // a good payload of an earlier run would be used again
    const code = await codeOfAsync(() => obtain({ contents: { ...signed, [name]: changed } }));
    // The first line of a signature file is the only thing nobody signs.
    const untrusted = name === 'holdline.json.minisig' && at % changed.length < changed.indexOf('\n');
    if (code !== 'accepted' || !untrusted) expect(code).toMatch(/^(signature-(invalid|key)|artifact-digest|archive-invalid|source-invalid)$/);
  }), { numRuns: 150 });
});
