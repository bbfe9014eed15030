// One signed manifest of two components, from the source to the payload on disk: each its own part, and nothing that is the other's.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatFilesList } from '../../src/artifact/files-list.js';
import { obtainManifest } from '../../src/artifact/obtain-manifest.js';
import { obtainPayload, type ObtainPayloadSettings } from '../../src/artifact/obtain-release.js';
import type { ComponentFacts } from '../../src/domain/components.js';
import { sortTree } from '../../src/domain/tree.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { codeOfAsync } from '../support/code-of.js';
import { assetOf, createFakeSource, createJumpingClock, releaseOf, sha256 } from '../support/fake-source.js';
import { makeReleaseOfSeveral, makeTestKey, SAMPLE_TREE } from '../support/signed-release.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const key = makeTestKey('release key');
// Of one length, so that nothing but the digests tells them apart.
const payloads = { app: gzipSync(randomBytes(3000), { level: 0 }), database: gzipSync(randomBytes(3000), { level: 0 }) };
const trees = { app: SAMPLE_TREE, database: sortTree([{ path: 'VERSION', mode: '0644', size: 6, sha256: sha256(Buffer.from('9.9.9\n')) }]) };
const parts = { app: { payload: payloads.app, tree: trees.app }, database: { payload: payloads.database, tree: trees.database } };
const made = (change?: (manifest: Record<string, unknown>) => Record<string, unknown>): Record<string, Buffer> => makeReleaseOfSeveral({ repo: 'acme/suite', tag: 'v1.2.0', key, parts, ...(change === undefined ? {} : { change }) });
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
beforeEach(() => { folder = makeTempFolder('part'); });
afterEach(() => removeTempFolder(folder));

async function obtain(contents: Record<string, Buffer>, name: string | null, more: Partial<ObtainPayloadSettings> = {}) {
  const facts: ComponentFacts | null = name === null ? null : { name, kind: 'tree', enabled: true, pin: null, dependsOn: {}, sharesRepo: true, tagMates: ['app', 'database'].filter((other) => other !== name) };
  const settings: ObtainPayloadSettings = {
    githubRepo: 'acme/suite', component: facts, trust: { require: 'signature', keys: [key] }, asset: null, downloadTimeout: 30, downloadDeadline: 3600, maxRetries: 1, retryDelay: 1,
    limits: { payloadBytes: 1e6, unpackedBytes: 1e6, entries: 100, depth: 64, ratio: 200 },
    installDir: join(folder, 'app'), stateDir: join(folder, 'state'), runtimeDir: join(folder, 'run'), backupPath: join(folder, 'backups'), ...more,
  };
  const source = createFakeSource(contents);
  const deps = { source, clock: createJumpingClock(() => source.activity, new Date('2026-11-21T00:00:00Z')), log, fs: createFilesystem(), report: () => undefined };
  const release = releaseOf('v1.2.0', Object.entries(contents).map(([asset, content]) => assetOf(asset, content)));
  const { signal } = new AbortController();
  const { manifest, foreign } = await obtainManifest(deps, settings, release, signal);
  if (foreign !== null) return { foreign, opened: source.opened };
  return { payload: await obtainPayload(deps, settings, release, manifest, signal), foreign, opened: source.opened };
}

describe('a release of two components', () => {
  it.each(['app', 'database'] as const)('gives %s its own payload, and fetches nothing of the other', async (name) => {
    const { payload, opened } = await obtain(made(), name);
    expect(payload?.files).toEqual(trees[name]);
    expect(readFileSync(payload?.path ?? '')).toEqual(payloads[name]);
    expect(opened.map((one) => one.name).sort()).toEqual([`${name}-1.2.0.tar.gz`, `holdline.${name}.files.json.gz`, 'holdline.json', 'holdline.json.minisig'].sort());
  });
  it('is nothing for a third one, which fetches only what says so', async () => {
    const { foreign, opened } = await obtain(made(), 'cache');
    expect(foreign).toEqual({ carries: ['app', 'database'], expires: null, why: 'it carries app and database, and nothing for cache' });
    expect(opened.map((one) => one.name).sort()).toEqual(['holdline.json', 'holdline.json.minisig']);
  });
  it('is nothing for a third one either when it has expired', async () => {
    const old = made((m) => ({ ...m, expires: '2026-11-02T00:00:00Z' }));
    expect((await obtain(old, 'cache')).foreign).toMatchObject({ expires: '2026-11-02T00:00:00Z' });
    expect(await codeOfAsync(() => obtain(old, 'app'))).toBe('manifest-expired');
  });
  it('burdens one with nothing that the other brings', async () => {
    const limits = { payloadBytes: 1e6, unpackedBytes: 1e6, entries: 100, depth: 64, ratio: 200 };
    const huge = made((m) => { const { components } = m as { components: Record<string, { payload: object }> }; return { ...m, components: { ...components, database: { ...components['database'], payload: { ...components['database']?.payload, size: 1e7 } } } }; });
    expect((await obtain(huge, 'app', { limits })).payload?.files).toEqual(trees.app);
    expect(await codeOfAsync(() => obtain(huge, 'database', { limits }))).toBe('artifact-too-large');
  });
  it('without a manifest is nobody\'s, unless a pattern says whose', async () => {
    const bare = { 'app.tar.gz': payloads.app };
    const checksum = { trust: { require: 'none', keys: [] } } as const;
    expect((await obtain(bare, 'app', checksum)).foreign?.why).toMatch(/no holdline\.json that says which of its files is app's/u);
    expect((await obtain(bare, 'app', { ...checksum, asset: 'app.*' })).payload?.sha256).toBe(sha256(payloads.app));
  });
});

type Parts = Record<string, Record<string, unknown>>;
const swapped = (keys: readonly string[]) => (m: Record<string, unknown>): Record<string, unknown> => {
  const { app = {}, database = {} } = m['components'] as Parts;
  const from = (other: Record<string, unknown>): object => Object.fromEntries(keys.map((one) => [one, other[one]]));
  return { ...m, components: { app: { ...app, ...from(database) }, database: { ...database, ...from(app) } } };
};
const good = made();
const edited = (change: (m: Record<string, unknown>) => Record<string, unknown>): Record<string, Buffer> => ({ ...good, 'holdline.json': Buffer.from(JSON.stringify(change(JSON.parse(good['holdline.json']?.toString() ?? '') as Record<string, unknown>))) });
const exchanged = (one: string, other: string): Record<string, Buffer> => ({ ...good, [one]: good[other] ?? Buffer.alloc(0), [other]: good[one] ?? Buffer.alloc(0) });
const lists = ['app', 'database'].map((name) => [`holdline.${name}.files.json.gz`, gzipSync(formatFilesList(trees[name as 'app']), { level: 0 })] as const);

describe('the parts of two components swapped', () => {
  it('are of one length, so that the size alone tells nothing', () => {
    expect(payloads.app.length).toBe(payloads.database.length);
    expect(new Set(lists.map(([, list]) => list.length)).size).toBe(1);
  });
  it.each<[string, Record<string, Buffer>, string | null, string]>([
    ['in the manifest, after signing', edited(swapped(['payload', 'tree_digest', 'files'])), 'app', 'signature-invalid'],
    ['by their names in the manifest, after signing', edited((m) => { const { app, database } = m['components'] as Parts; return { ...m, components: { app: database, database: app } }; }), 'app', 'signature-invalid'],
    ['as files: the payloads', exchanged('app-1.2.0.tar.gz', 'database-1.2.0.tar.gz'), 'app', 'artifact-digest'],
    ['as files: the lists', exchanged('holdline.app.files.json.gz', 'holdline.database.files.json.gz'), 'app', 'artifact-digest'],
    ['as files: one under the other\'s name', { ...good, 'database-1.2.0.tar.gz': payloads.app }, 'database', 'artifact-digest'],
    ['by the publisher\'s mistake: the tree digests', made(swapped(['tree_digest'])), 'app', 'tree-digest'],
    ['by the publisher\'s mistake: the lists', made(swapped(['files'])), 'app', 'tree-digest'],
    ['on a device whose settings name no components', good, null, 'manifest-component'],
  ])('%s', async (_, contents, name, code) => { expect(await codeOfAsync(() => obtain(contents, name))).toBe(code); });
});
