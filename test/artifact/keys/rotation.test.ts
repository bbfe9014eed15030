// The drills, through the code a device runs: a release that carries a change of keys, and one signed after it.
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { obtainManifest, type ObtainedManifest } from '../../../src/artifact/obtain-manifest.js';
import type { ObtainPayloadSettings } from '../../../src/artifact/obtain-release.js';
import { readKeyStore, rememberStatement } from '../../../src/artifact/keys/key-store.js';
import type { TrustKey } from '../../../src/domain/settings.js';
import { createFilesystem } from '../../../src/platform/filesystem.js';
import { codeOf, codeOfAsync } from '../../support/code-of.js';
import { assetOf, createFakeSource, createJumpingClock, releaseOf, sha256 } from '../../support/fake-source.js';
import { KEY_REPO, makeKeyNamed, makeTestStatement, statementAssets, type StatementParts } from '../../support/key-statement.js';
import { makeSignedRelease, SAMPLE_TREE, type TestKey } from '../../support/signed-release.js';
import { makeTempFolder, removeTempFolder } from '../../support/temp-folder.js';

const main = makeKeyNamed('main', '1');
const second = makeKeyNamed('second', '2');
const spare: TestKey = { ...makeKeyNamed('spare', '4'), purpose: 'spare' };
const thief = makeKeyNamed('thief', '5');
const fs = createFilesystem();
let places: { readonly fs: typeof fs; readonly layout: { readonly stateDir: string } };
beforeEach(() => { places = { fs, layout: { stateDir: makeTempFolder('keys') } }; });
afterEach(() => removeTempFolder(places.layout.stateDir));

interface Shown { readonly tag: string; readonly key: TestKey; readonly statement?: StatementParts; readonly keys?: readonly TrustKey[]; readonly digests?: boolean }

/** One look of the device: what it accepts, it remembers. */
async function look({ tag, key, statement, keys = [main, spare], digests = false }: Shown): Promise<ObtainedManifest & { readonly asked: readonly string[] }> {
  const payload = gzipSync(tag);
  const made = statement === undefined ? undefined : makeTestStatement(statement);
  const contents = { ...makeSignedRelease({ repo: KEY_REPO, tag, payload, tree: SAMPLE_TREE, key }), ...(made === undefined ? {} : statementAssets(made, statement?.by ?? [])) };
  const source = createFakeSource(contents);
  const release = releaseOf(tag, Object.entries(contents).map(([name, content]) => assetOf(name, content, digests ? { sha256: sha256(content) } : {})));
  const settings = {
    githubRepo: KEY_REPO, component: null, trust: { require: 'signature', keys }, downloadTimeout: 30, downloadDeadline: 60, maxRetries: 0, retryDelay: 0,
    limits: { payloadBytes: 1e6, unpackedBytes: 1e6, entries: 100, depth: 64, ratio: 200 },
  } as unknown as ObtainPayloadSettings;
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const obtained = await obtainManifest({ source, clock: createJumpingClock(() => source.activity), log }, settings, release, new AbortController().signal, readKeyStore(places));
  if (obtained.statement !== null) rememberStatement(places, obtained.statement);
  return { ...obtained, asked: source.opened.map(({ name }) => name) };
}

const ROTATION: StatementParts = { keys: [second], revoked: [main], by: [main, second] };

describe('a planned rotation', () => {
  it('comes with a release of the old key; then the new key signs, and the old one no longer', async () => {
    expect(await look({ tag: 'v1.2.0', key: main })).toMatchObject({ signedBy: 'main', statement: null });
    expect(await codeOfAsync(() => look({ tag: 'v1.3.0', key: second }))).toBe('signature-key');
    // The statement counts at once: the release that retires its own key is signed by the new one.
    expect(await look({ tag: 'v1.3.0', key: second, statement: ROTATION })).toMatchObject({ signedBy: 'second' });
    expect(await look({ tag: 'v1.4.0', key: second })).toMatchObject({ signedBy: 'second' });
    expect(await codeOfAsync(() => look({ tag: 'v1.5.0', key: main }))).toBe('signature-key');
  });
  it('is fetched once: where the source states its digest, it is not asked for again', async () => {
    await look({ tag: 'v1.3.0', key: second, statement: ROTATION, digests: true });
    expect((await look({ tag: 'v1.4.0', key: second, statement: ROTATION, digests: true })).asked).toEqual(['holdline.json.minisig', 'holdline.json']);
    expect(readKeyStore(places)).toHaveLength(1);
  });
  it('an older statement in an older release changes nothing', async () => {
    await look({ tag: 'v1.3.0', key: second, statement: { ...ROTATION, serial: 3 } });
    expect(await look({ tag: 'v1.4.0', key: second, statement: { serial: 2, keys: [thief], by: [main, thief] } })).toMatchObject({ statement: null });
    expect(await codeOfAsync(() => look({ tag: 'v1.5.0', key: thief }))).toBe('signature-key');
  });
});

describe('the main key is lost or stolen: the drill', () => {
  it('the spare signs no release by itself', async () => {
    expect(await codeOfAsync(() => look({ tag: 'v1.3.0', key: spare }))).toBe('signature-key');
  });
  it('lost: the spare takes over with a statement of its own, and releases go on', async () => {
    expect(await look({ tag: 'v1.3.0', key: spare, statement: { keys: [spare], revoked: [main], by: [spare] } })).toMatchObject({ signedBy: 'spare' });
    expect(await look({ tag: 'v1.4.0', key: spare })).toMatchObject({ signedBy: 'spare' });
  });
  it('stolen: what the thief brought in goes out with the spare\'s word, for good', async () => {
    expect(await look({ tag: 'v1.3.0', key: thief, statement: { keys: [thief], by: [main, thief] } })).toMatchObject({ signedBy: 'thief' });
    expect(await codeOfAsync(() => look({ tag: 'v1.3.1', key: thief, statement: { serial: 2, keys: [thief], revoked: [spare], by: [thief] } }))).toBe('key-statement');
    expect(await look({ tag: 'v1.4.0', key: second, statement: { serial: 3, keys: [second], revoked: [main, thief], by: [spare, second] } })).toMatchObject({ signedBy: 'second' });
    for (const key of [main, thief]) {
      expect(await codeOfAsync(() => look({ tag: 'v1.5.0', key }))).toBe('signature-key');
      expect(await codeOfAsync(() => look({ tag: 'v1.5.0', key, statement: { serial: 4, keys: [thief], by: [main, thief] } }))).toBe('key-statement');
    }
  });
});

describe('a key and its time', () => {
  it.each<[string, Partial<TrustKey>, string]>([
    ['within it', { notBefore: '2026-01-01T00:00:00.000Z', notAfter: '2027-01-01T00:00:00.000Z' }, 'accepted'],
    ['before it', { notBefore: '2027-01-01T00:00:00.000Z' }, 'signature-key'],
    ['after it', { notAfter: '2026-11-20T00:00:00.000Z' }, 'signature-key'],
  ])('%s', async (_, time, code) => { expect(await codeOfAsync(() => look({ tag: 'v1.2.0', key: main, keys: [{ ...main, ...time }] }))).toBe(code); });
});

it('a store that is not ours stops everything rather than forget a revocation', async () => {
  fs.writeDurably(`${places.layout.stateDir}/keys.json`, '{"format":1}');
  expect(codeOf(() => readKeyStore(places))).toBe('recovery-failed');
  expect(await codeOfAsync(() => look({ tag: 'v1.2.0', key: main }))).toBe('recovery-failed');
});
