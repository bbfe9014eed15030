// The device judged for a release by the real engine: before anything is fetched, by a check, an update and the second look.
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceFacts } from '../../src/domain/device-facts.js';
import { bytesOfDayFile } from '../../src/domain/layout.js';
import type { Manifest } from '../../src/domain/manifest.js';
import type { Settings } from '../../src/domain/settings.js';
import { judgeDevice } from '../../src/engine/judge-device.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { createUpdater } from '../../src/engine/updater.js';
import { ANY_LIMITS } from '../support/any-condition.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, type DeviceWorld } from '../support/device-world.js';
import { NO_WINDOWS, policyOf } from '../support/policy.js';
import { assetOf, releaseOf } from '../support/fake-source.js';

let world: DeviceWorld;
let facts: Partial<DeviceFacts>;
let limits: Partial<Settings>;
let kept: number;
let asked: string[];
const NOW = new Date('2026-11-26T10:00:00Z');
beforeEach(async () => { world = makeDeviceWorld(); await adoptWorld(world); facts = {}; limits = {}; kept = 0; asked = []; });
afterEach(() => destroyDeviceWorld(world));

const manifest = { version: '1.1.0', expires: null, requires: { node: '>=20' }, type: 'minor', payload: { size: 5000, unpacked_size: 9000 }, processes: [], hooks: {} } as unknown as Manifest;
const release = releaseOf('v1.1.0', ['holdline.json', 'holdline.json.minisig', 'holdline.files.json.gz', 'app-1.1.0.tar.gz'].map((name) => assetOf(name, Buffer.alloc(1))));

function parts(): EngineParts {
  const base = partsOf(world);
  const settings = {
    ...world.settings, channel: 'stable', policy: policyOf('auto'), windows: NO_WINDOWS, asset: null, incompleteReleaseWait: 0, trust: { require: 'signature', keys: [], maxMajorJump: 10 }, freshness: { alarmAfter: 0 },
    githubRepo: 'acme/app', githubToken: null, ...ANY_LIMITS, ...limits,
  };
  return {
    ...base, settings, clock: { ...base.clock, now: () => NOW },
    facts: () => Promise.resolve({ node: '20.19.0', arch: 'x64', memoryMb: 1000, diskMb: 1000, ...facts }),
    source: { description: 'the fake source', requestsToday: () => 0, rateLimit: () => null, open: () => Promise.reject(new Error('not asked')), list: () => Promise.resolve({ releases: [release], rateLimit: null }) },
    artifact: () => ({
      rememberStatement: () => undefined, keptBytes: () => kept,
      obtainManifest: () => Promise.resolve({ manifest, clockIsBehind: false, sha256: 'a'.repeat(64), signedBy: 'main', statement: null }),
      obtainPayload: () => { asked.push('payload'); return Promise.reject(new Error('fetched')); },
    }),
  } as unknown as EngineParts;
}

const run = (kind: 'check' | 'cycle' | 'update'): Promise<unknown> => createUpdater(parts()).run(kind === 'update' ? { kind, version: undefined, from: undefined, dryRun: false } : { kind }, new AbortController().signal);
const spent = (bytes: number): void => writeFileSync(bytesOfDayFile(world.layout), JSON.stringify({ day: '2026-11-26', bytes }));
const HOT = { requirements: { ...ANY_LIMITS.requirements, maxTemperature: 80 } };
const BUDGET = { network: { ...ANY_LIMITS.network, dailyBytes: 8000 } };

describe.each(['check', 'cycle', 'update'] as const)('a %s', (kind) => {
  it('waits for the device to be fit, says what is wrong and when it looks again, and fetches nothing', async () => {
    [facts, limits] = [{ temperature: 91 }, HOT];
    const result = await run(kind);
    const detail = expect.stringContaining('temperature at most 80 °C (here: 91 °C)') as unknown;
    expect(result).toMatchObject(kind === 'update' ? { outcome: 'waiting', code: 'requirements', reason: detail } : { outcome: 'waiting', waiting: { reason: 'requirements', detail, until: '2026-11-26T10:05:00.000Z' } });
    expect(asked).toEqual([]);
  });
  it('waits for the next day when the payload does not fit into this one', async () => {
    limits = BUDGET;
    spent(3001);
    expect(await run(kind)).toMatchObject(kind === 'update' ? { outcome: 'waiting', code: 'budget' } : { outcome: 'waiting', waiting: { reason: 'budget', until: '2026-11-27T00:00:00.000Z' } });
    expect(asked).toEqual([]);
  });
  it('goes on where the device is fit and the day has room: what is here already costs nothing', async () => {
    [facts, limits, kept] = [{ temperature: 79 }, { ...HOT, ...BUDGET }, 4000];
    spent(7000);
    if (kind === 'check') expect(await run(kind)).toMatchObject({ outcome: 'available', requirements: { ok: true, score: 83, checks: expect.any(Array) as unknown } });
    else await expect(run(kind)).rejects.toThrow('fetched');
    expect(asked).toEqual(kind === 'check' ? [] : ['payload']);
  });
});

describe('right before the switch', () => {
  const look = async (): Promise<ReturnType<typeof judgeDevice>> => {
    const all = parts();
    return judgeDevice(all, { source: all.source, release, manifest, type: 'minor' }, '1.0.0', await all.facts(), 'switch');
  };
  it('looks again with fresh facts', async () => {
    limits = HOT;
    expect((await look()).waiting).toBeNull();
    facts = { temperature: 91 };
    expect((await look()).waiting).toMatchObject({ reason: 'requirements' });
  });
  it('asks for no more than the margins, and for no network: all is here', async () => {
    limits = { ...BUDGET, requirements: { ...ANY_LIMITS.requirements, diskMarginMb: 10 }, network: { ...BUDGET.network, metered: 'wait' } };
    spent(8000);
    facts = { metered: true, disks: { install_dir: { freeMb: 10, device: 1 } } };
    expect((await look()).waiting).toBeNull();
    facts = { disks: { install_dir: { freeMb: 9, device: 1 } } };
    expect((await look()).waiting).toMatchObject({ reason: 'requirements' });
  });
});

it('a folder by hand costs no line', async () => {
  [facts, limits] = [{ metered: true }, { network: { ...ANY_LIMITS.network, metered: 'wait', dailyBytes: 1 } }];
  const all = parts();
  const now = await all.facts();
  expect(judgeDevice(all, { source: all.source, release, manifest, type: 'minor' }, '1.0.0', now, 'fetch').waiting).toMatchObject({ reason: 'requirements' });
  const folder = { ...all.source, description: '/media/usb' };
  expect(judgeDevice(all, { source: folder, release, manifest, type: 'minor' }, '1.0.0', now, 'fetch').waiting).toBeNull();
});

it('is told by explain, with the rule that waits and the remedy', async () => {
  [facts, limits] = [{ temperature: 91 }, HOT];
  const report = await createUpdater(parts()).run({ kind: 'explain', version: undefined }, new AbortController().signal);
  expect(report).toMatchObject({
    decision: 'wait', waiting: { reason: 'requirements', until: '2026-11-26T10:05:00.000Z' },
    requirements: { ok: false, score: 66, checks: expect.arrayContaining([expect.objectContaining({ name: 'temperature', verdict: 'failed', remedy: expect.stringContaining('fan') as unknown })]) as unknown },
    releases: [{ tag: 'v1.1.0', decision: 'wait', rulings: [{ rule: 'release', verdict: 'pass' }, { rule: 'requirements', verdict: 'wait' }] }],
  });
});

it('a release that needs another device does not keep a lower one away; heat keeps all away', async () => {
  const lower = releaseOf('v1.0.5', release.assets.map((asset) => ({ ...asset, name: asset.name.replace('1.1.0', '1.0.5') })));
  const both = (): EngineParts => {
    const all = parts();
    const of = (version: string): Manifest => ({ ...manifest, version, requires: version === '1.1.0' ? { node: '>=99' } : {} });
    return {
      ...all, source: { ...all.source, list: () => Promise.resolve({ releases: [release, lower], rateLimit: null }) },
      artifact: () => ({ ...all.artifact(all.source), obtainManifest: ({ version }: { version: string }) => Promise.resolve({ manifest: of(version), clockIsBehind: false, sha256: null, signedBy: 'main', statement: null }) }),
    } as unknown as EngineParts;
  };
  const check = (): Promise<unknown> => createUpdater(both()).run({ kind: 'check' }, new AbortController().signal);
  expect(await check()).toMatchObject({ outcome: 'available', latest_version: '1.1.0', release: { tag: 'v1.0.5' }, requirements: { ok: true } });
  [facts, limits] = [{ temperature: 91 }, HOT];
  expect(await check()).toMatchObject({ outcome: 'waiting', waiting: { reason: 'requirements' } });
});
