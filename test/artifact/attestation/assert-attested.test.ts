// The way of a payload through obtain-release when an attestation is asked for: where bundles are looked for, and what a refusal leaves.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseAttestationAssets } from '../../../src/artifact/attestation/attestation-assets.js';
import type { ExpectedAttestation } from '../../../src/artifact/attestation/attestation-checks.js';
import { obtainPayload, type ObtainedPayload, type ObtainPayloadSettings } from '../../../src/artifact/obtain-release.js';
import { HoldlineError } from '../../../src/domain/errors.js';
import { createFilesystem } from '../../../src/platform/filesystem.js';
import { createAttestationWorld, EXPECTED, goodParts, type AttestationWorld } from '../../support/attestation-world.js';
import { codeOfAsync } from '../../support/code-of.js';
import { assetOf, createFakeSource, createJumpingClock, releaseOf, sha256 } from '../../support/fake-source.js';
import { makeTempFolder, removeTempFolder } from '../../support/temp-folder.js';

const payload = gzipSync(randomBytes(3000));
const expected: ExpectedAttestation = { ...EXPECTED, sha256: sha256(payload) };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const NAME = 'app.tar.gz';
let world: AttestationWorld;
let good: Buffer;
let wrongTag: Buffer;
let wrongDigest: Buffer;
let folder: string;
beforeAll(async () => {
  world = await createAttestationWorld('public');
  const make = async (changes: Partial<ExpectedAttestation>): Promise<Buffer> => Buffer.from(JSON.stringify(await world.attest(goodParts({ ...expected, ...changes }))));
  [good, wrongTag, wrongDigest] = [await make({}), await make({ tag: 'v1.2.30' }), await make({ sha256: 'cd'.repeat(32) })];
});
beforeEach(() => { folder = makeTempFolder('attested'); });
afterEach(() => removeTempFolder(folder));

interface Scene {
  /** Beside the payload. */
  readonly assets?: Record<string, Buffer>;
  /** What the source keeps; an error: it cannot be asked; left out: it keeps none. */
  readonly kept?: readonly unknown[] | Error;
  readonly root?: string | null;
  /** Nobody states a digest. */
  readonly unpinned?: boolean;
  readonly off?: boolean;
}

interface Seen { readonly opened: readonly string[]; readonly asked: readonly string[]; readonly result: ObtainedPayload | undefined; readonly code: string }

async function obtain(scene: Scene): Promise<Seen> {
  const contents = { [NAME]: payload, ...scene.assets };
  const assets = Object.entries(contents).map(([name, content]) => assetOf(name, content, name === NAME && scene.unpinned !== true ? { sha256: sha256(payload) } : {}));
  const fake = createFakeSource(contents);
  const asked: string[] = [];
  const { kept } = scene;
  const source = kept === undefined ? fake : { ...fake, attestations: (digest: string) => { asked.push(digest); return kept instanceof Error ? Promise.reject(kept) : Promise.resolve(kept); } };
  const shippedRootFile = join(folder, 'shipped.json');
  writeFileSync(shippedRootFile, JSON.stringify(world.root));
  if (typeof scene.root === 'string') writeFileSync(join(folder, 'root.json'), scene.root);
  const rootFile = scene.root === undefined ? null : join(folder, 'root.json');
  const settings: ObtainPayloadSettings = {
    githubRepo: expected.repo, component: null, asset: NAME, downloadTimeout: 30, downloadDeadline: 3600, maxRetries: 1, retryDelay: 1,
    trust: { require: 'none', keys: [], ...(scene.off === true ? {} : { attestation: { ...expected, rootFile } }) },
    limits: { payloadBytes: 1e6, unpackedBytes: 1e6, entries: 100, depth: 64, ratio: 200 },
    installDir: join(folder, 'app'), stateDir: join(folder, 'state'), runtimeDir: join(folder, 'run'), backupPath: join(folder, 'backups'),
  };
  const deps = { source, clock: createJumpingClock(() => fake.activity), log, fs: createFilesystem(), report: () => undefined, shippedRootFile };
  let result: ObtainedPayload | undefined;
  const code = await codeOfAsync(async () => { result = await obtainPayload(deps, settings, releaseOf(expected.tag, assets), null, new AbortController().signal); });
  return { opened: fake.opened.map(({ name }) => name), asked, result, code };
}
const lines = (...bundles: Buffer[]): Buffer => Buffer.from(bundles.map((bundle) => `${bundle.toString()}\n`).join(''));

describe('accepted', () => {
  it('with the bundle as an asset: asked for before the payload, and nobody else is asked', async () => {
    const seen = await obtain({ assets: { [`${NAME}.sigstore.json`]: good }, kept: [] });
    expect(seen).toMatchObject({ code: 'accepted', opened: [`${NAME}.sigstore.json`, NAME], asked: [], result: { sha256: expected.sha256, bytesDownloaded: payload.length + good.length } });
  });
  it.each<[string, Scene]>([
    ['as gh attestation download names it', { get assets() { return { [`sha256.${expected.sha256}.jsonl`]: lines(good) }; } }],
    ['as the action calls its output', { get assets() { return { 'attestation.json': good }; } }],
    ['under any bundle\'s name', { get assets() { return { 'release.intoto.jsonl': lines(wrongDigest, good) }; } }],
    ['behind others\' bundles', { get assets() { return { 'other.tar.gz.sigstore.json': wrongDigest, 'z.sigstore.json': good }; } }],
    ['behind a broken one', { get assets() { return { [`${NAME}.sigstore.json`]: Buffer.from('{'), [`${NAME}.sigstore.jsonl`]: lines(good) }; } }],
    ['under a root of the settings', { get root() { return JSON.stringify(world.root); }, get assets() { return { [`${NAME}.sigstore`]: good }; } }],
    ['of a payload whose digest nobody stated', { unpinned: true, get assets() { return { [`${NAME}.sigstore.json`]: good }; } }],
  ])('%s', async (_, scene) => {
    expect((await obtain(scene)).code).toBe('accepted');
  });
  it('from the source where the release has none, also behind one that is about something else', async () => {
    const kept = [null, { predicate: 'odd' }, JSON.parse(good.toString()) as unknown];
    expect(await obtain({ kept })).toMatchObject({ code: 'accepted', asked: [expected.sha256] });
    expect(await obtain({ kept, assets: { 'other.sigstore.json': wrongDigest } })).toMatchObject({ code: 'accepted', asked: [expected.sha256] });
  });
  it('without any, when none is asked for', async () => {
    expect(await obtain({ off: true, kept: [] })).toMatchObject({ code: 'accepted', opened: [NAME], asked: [] });
  });
});

describe('refused, and the payload is not even fetched', () => {
  const unreachable = new HoldlineError('source-server', 'cannot ask');
  it.each<[string, Scene, string]>([
    ['no attestation anywhere', { kept: [] }, 'attestation-missing'],
    ['none in the release, and a source that keeps none', {}, 'attestation-missing'],
    ['a source that cannot be asked', { kept: unreachable }, 'source-server'],
    ['a wrong one, and a source that cannot be asked', { kept: unreachable, get assets() { return { [`${NAME}.sigstore.json`]: wrongTag }; } }, 'attestation-workflow'],
    ['only of another file', { get assets() { return { [`${NAME}.sigstore.json`]: wrongDigest }; } }, 'attestation-subject'],
    ['several: the one about this payload tells', { get assets() { return { 'a.sigstore.jsonl': lines(wrongDigest, wrongTag, wrongDigest) }; }, kept: [{}] }, 'attestation-workflow'],
    ['a file that is no JSON', { assets: { [`${NAME}.sigstore.json`]: Buffer.from('not yet') } }, 'attestation-invalid'],
    ['a file that is no text', { assets: { [`${NAME}.sigstore.json`]: Buffer.from([0xff, 0xfe]) } }, 'attestation-invalid'],
    ['a file of very many', { assets: { [`${NAME}.sigstore.jsonl`]: Buffer.from('{}\n'.repeat(65)) } }, 'attestation-invalid'],
    ['a root file that is not there', { root: null, get assets() { return { [`${NAME}.sigstore.json`]: good }; } }, 'attestation-root'],
    ['a root file that is none', { root: '{}', get assets() { return { [`${NAME}.sigstore.json`]: good }; } }, 'attestation-root'],
  ])('%s', async (_, scene, code) => {
    const seen = await obtain(scene);
    expect(seen.code).toBe(code);
    expect(seen.opened).not.toContain(NAME);
  });
  it('a payload whose digest nobody stated is fetched, and not given out', async () => {
    const seen = await obtain({ unpinned: true, assets: { [`${NAME}.sigstore.json`]: wrongDigest } });
    expect(seen).toMatchObject({ code: 'attestation-subject', result: undefined });
  });
  it('a bundle that is too large is not read', async () => {
    expect((await obtain({ assets: { [`${NAME}.sigstore.json`]: Buffer.alloc(4 * 1024 * 1024 + 1, ' ') } })).code).toBe('artifact-too-large');
    const downloads = join(folder, 'state', 'downloads');
    expect(existsSync(downloads) ? readdirSync(downloads) : []).toEqual([]);
  });
});

it('looks into few files, likeliest first', () => {
  const others = Array.from({ length: 20 }, (_, index) => `other-${index}.sigstore.json`);
  const names = ['notes.md', NAME, ...others, `sha256-${'cd'.repeat(32)}.jsonl`, 'attestation.json', `sha256-${expected.sha256}.jsonl`, `${NAME}.sigstore.json`];
  const release = releaseOf('v1.2.3', names.map((name) => assetOf(name, Buffer.alloc(1))));
  expect(chooseAttestationAssets(release, { name: NAME, sha256: expected.sha256 }).map(({ name }) => name)).toEqual([`${NAME}.sigstore.json`, `sha256-${expected.sha256}.jsonl`, 'attestation.json', ...others.slice(0, 5)]);
});
