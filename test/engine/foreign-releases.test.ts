// Releases of a component's tags that carry others only, through the real engine: passed by with the reason, asked for once, never in the way of a lower one.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExplainReport } from '../../src/domain/explain.js';
import type { Manifest } from '../../src/domain/manifest.js';
import type { Release } from '../../src/domain/release.js';
import type { CheckResult, ComponentVersions } from '../../src/domain/results.js';
import type { DeviceState } from '../../src/domain/state.js';
import { judgeFreshness } from '../../src/decide/judge-freshness.js';
import { changeDeviceState, readDeviceState } from '../../src/engine/device-state.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { createUpdater } from '../../src/engine/updater.js';
import { codeOfAsync } from '../support/code-of.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, type DeviceWorld } from '../support/device-world.js';
import { assetOf, releaseOf, sha256 } from '../support/fake-source.js';
import { policyOf } from '../support/policy.js';

let world: DeviceWorld;
/** Tag to what it carries; none: one payload. */
let shown: Record<string, readonly string[]>;
/** Digests of manifests as the source shows them; none where it shows none. */
let digests: Record<string, string>;
let asked: string[];
beforeEach(async () => {
  world = makeDeviceWorld();
  await adoptWorld(world);
  [shown, digests, asked] = [{}, {}, []];
});
afterEach(() => destroyDeviceWorld(world));

const digestOf = (tag: string): string => sha256(Buffer.from(tag));
const toRelease = (tag: string): Release => releaseOf(tag, ['holdline.json', 'holdline.json.minisig', 'x.tar.gz'].map((name) => assetOf(name, Buffer.alloc(1), name === 'holdline.json' ? { sha256: digests[tag] ?? null } : {})));

function parts(tagMates: readonly string[] = ['app']): EngineParts {
  const base = partsOf(world);
  const component = { name: 'database', kind: 'tree', enabled: true, pin: null, dependsOn: {}, sharesRepo: true, tagMates };
  const settings = { ...world.settings, component, channel: 'stable', policy: policyOf('auto'), asset: null, incompleteReleaseWait: 0, trust: { require: 'signature', keys: [], maxMajorJump: 10 }, freshness: { alarmAfter: 0 }, githubRepo: 'acme/app', githubToken: null };
  const obtainManifest = ({ tag, version }: Release): Promise<unknown> => {
    asked.push(tag);
    const carries = shown[tag] ?? [];
    const manifest = { version, expires: null, requires: {}, type: 'minor', payload: { size: 1 }, processes: [], hooks: {} } as unknown as Manifest;
    const common = { clockIsBehind: false, sha256: digests[tag] ?? digestOf(tag), signedBy: 'main', statement: null };
    return Promise.resolve(carries.includes('database') ? { ...common, manifest, foreign: null } : { ...common, manifest: null, foreign: { carries, expires: null, why: `it carries ${carries.join()}` } });
  };
  return {
    ...base, settings,
    source: {
      description: 'the fake source', requestsToday: () => 0, rateLimit: () => null, open: () => Promise.reject(new Error('not asked')),
      list: () => Promise.resolve({ releases: Object.keys(shown).map(toRelease), rateLimit: null }),
    },
    artifact: () => ({ keptBytes: () => 0, rememberStatement: () => undefined, obtainManifest }),
  } as unknown as EngineParts;
}
type Asked = Parameters<ReturnType<typeof createUpdater>['run']>[0];
const run = (job: Asked, tagMates?: readonly string[]): Promise<unknown> => createUpdater(parts(tagMates)).run(job, new AbortController().signal);
const check = async (): Promise<CheckResult> => await run({ kind: 'check' }) as CheckResult;
const explain = async (): Promise<ExplainReport> => await run({ kind: 'explain', version: undefined }) as ExplainReport;

describe('a release that carries others only', () => {
  it('leaves the component current, and explain says why', async () => {
    shown = { 'v1.2.0': ['app'], 'v1.1.0': ['app', 'web'] };
    expect(await check()).toMatchObject({ outcome: 'current', latest_version: null, update_available: false, waiting: null });
    expect((await explain()).releases).toMatchObject([
      { tag: 'v1.2.0', decision: 'leave', why: 'it carries app, and nothing for database' }, { tag: 'v1.1.0', decision: 'leave', why: 'it carries app and web, and nothing for database', rulings: [{ rule: 'release', verdict: 'refuse' }] },
    ]);
  });

  it('does not keep a lower one away that carries it', async () => {
    shown = { 'v1.3.0': ['app'], 'v1.2.0': ['app', 'database'], 'v1.1.0': ['database'] };
    expect(await check()).toMatchObject({ outcome: 'available', latest_version: '1.2.0', release: { tag: 'v1.2.0' } });
    expect(asked).toEqual(['v1.3.0', 'v1.2.0']);
  });

  it('is asked for once; where the source shows that it changed, again, and it is refused', async () => {
    shown = { 'v1.1.0': ['app'] };
    await check();
    await check();
    await explain();
    expect(asked).toEqual(['v1.1.0']);
    digests = { 'v1.1.0': digestOf('v1.1.0') };
    await check();
    expect(asked).toHaveLength(1);
    digests = { 'v1.1.0': 'b'.repeat(64) };
    expect(await codeOfAsync(check)).toBe('release-changed');
    expect(await run({ kind: 'unblock', version: '1.1.0' })).toMatchObject({ unblocked: true });
    expect(await check()).toMatchObject({ outcome: 'current' });
  });

  it('is refused where a person names it, by its own code, and nothing is remembered against it', async () => {
    shown = { 'v1.1.0': ['app'] };
    await check();
    expect(await codeOfAsync(() => run({ kind: 'update', version: '1.1.0', from: undefined, dryRun: false }))).toBe('manifest-component');
    expect(await run({ kind: 'explain', version: '1.1.0' })).toMatchObject({ releases: [{ tag: 'v1.1.0', decision: 'leave', why: expect.stringContaining('cannot take release v1.1.0 for database') as unknown }] });
    expect(readDeviceState(partsOf(world).fs, world.layout).blocked).toEqual([]);
  });

  it('is no version to be had of this component', async () => {
    shown = { 'v1.2.0': ['app'], 'v1.1.0': ['database'] };
    await check();
    const [known] = await run({ kind: 'versions' }) as readonly ComponentVersions[];
    expect(known?.versions.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
  });

  it('costs a look at most eleven manifests; the next look goes on below them', async () => {
    shown = Object.fromEntries([...Array.from({ length: 15 }, (_, at) => [`v1.9.${at}`, ['app']] as const), ['v1.1.0', ['database']] as const]);
    expect(await check()).toMatchObject({ outcome: 'current' });
    expect(asked).toHaveLength(11);
    expect(await check()).toMatchObject({ outcome: 'available', latest_version: '1.1.0' });
    expect(asked).toHaveLength(16);
  });
});

it('a component that is left behind for good costs no more than the listing', async () => {
  shown = Object.fromEntries(Array.from({ length: 520 }, (_, at) => [`v1.9.${at}`, ['app']] as const));
  const seen = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`v1.9.${519 - at}`, { version: `1.9.${519 - at}`, sha256: digestOf(`v1.9.${519 - at}`), expires: null, at: '2026-11-01T00:00:00Z', carries: ['app'] }]));
  changeDeviceState(partsOf(world).fs, world.layout, (state) => ({ ...state, seen: { ...seen, 'v1.0.0': { version: '1.0.0', sha256: 'a', expires: null, at: '2026-10-01T00:00:00Z' } } }));
  expect(await check()).toMatchObject({ outcome: 'current' });
  expect(asked).toEqual([]);
  shown = { ...shown, 'v2.1.0': ['database'] };
  expect(await check()).toMatchObject({ outcome: 'available', latest_version: '2.1.0' });
  asked = [];
  shown = { 'v2.0.0': ['app'], 'v1.9.519': ['app'], 'v1.0.0': ['database'] };
  await check();
  expect(asked).toEqual(['v2.0.0']);
  const after = readDeviceState(partsOf(world).fs, world.layout).seen;
  expect(Object.keys(after)).toHaveLength(502);
  expect(after).toHaveProperty(['v1.0.0']);
});

it('what was one payload for nobody is taken when nobody else has these releases any more', async () => {
  shown = { 'v1.1.0': [] };
  expect(await check()).toMatchObject({ outcome: 'current' });
  shown = { 'v1.1.0': ['database'] };
  expect(await run({ kind: 'check' }, [])).toMatchObject({ outcome: 'available', latest_version: '1.1.0' });
});

it.each<[string, Record<string, readonly [string, string | null, boolean]>, boolean]>([
  ['the running release has expired and nothing is newer', { t: ['1.0.0', '2026-11-20T00:00:00Z', false] }, true],
  ['a newer one for others is not expired: news does come', { t: ['1.0.0', '2026-11-20T00:00:00Z', false], u: ['1.1.0', '2026-12-20T00:00:00Z', true] }, false],
  ['a newer one for others promises nothing', { t: ['1.0.0', '2026-11-20T00:00:00Z', false], u: ['1.1.0', null, true] }, false],
  ['a newer one for others has expired, too', { t: ['1.0.0', '2026-11-19T00:00:00Z', false], u: ['1.1.0', '2026-11-20T00:00:00Z', true] }, true],
  ['an older one for others tells nothing', { t: ['1.0.0', '2026-11-20T00:00:00Z', false], u: ['0.9.0', '2026-12-20T00:00:00Z', true] }, true],
])('freshness: %s', (_, known, alarm) => {
  const seen: DeviceState['seen'] = Object.fromEntries(Object.entries(known).map(([tag, [version, expires, foreign]]) => [tag, { version, sha256: '', expires, at: '', ...(foreign ? { carries: ['app'] } : {}) }]));
  const now = new Date('2026-11-21T09:30:00Z');
  expect(judgeFreshness({ last_answer: '2026-11-21T09:29:30Z', seen }, '1.0.0', 60, now).alarm !== null).toBe(alarm);
});
