// A device that obeys rollouts, through the real engine, memory and signatures; the source is in memory.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pinnedRing } from '../../src/artifact/keys/key-ring.js';
import { obtainRollout, recallRollout } from '../../src/artifact/rollout/obtain-rollout.js';
import type { RolloutTrust } from '../../src/artifact/rollout/prove-rollout.js';
import { readRolloutStore, writeRolloutStore } from '../../src/artifact/rollout/rollout-store.js';
import { bucketOf } from '../../src/decide/rollout-bucket.js';
import type { AuditEvent } from '../../src/domain/audit.js';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Manifest } from '../../src/domain/manifest.js';
import type { SourceFile } from '../../src/domain/ports.js';
import type { RateLimit } from '../../src/domain/release.js';
import { rolloutPath, type RolloutStatement, type SignedRollout } from '../../src/domain/rollout.js';
import type { CheckResult, UpdateResult } from '../../src/domain/results.js';
import { changeDeviceState, readDeviceState } from '../../src/engine/device-state.js';
import type { EngineParts, RolloutDesk } from '../../src/engine/parts.js';
import { writeHold } from '../../src/engine/hold-files.js';
import { createUpdater } from '../../src/engine/updater.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, runningTree, updateWorld, type DeviceWorld } from '../support/device-world.js';
import { assetOf, releaseOf, sha256 } from '../support/fake-source.js';
import { rolloutOf, signRollout } from '../support/rollout.js';
import { makeTestKey } from '../support/signed-release.js';

const key = makeTestKey('main');
const thief = makeTestKey('thief', Buffer.from('ffffffffffffffff', 'hex'));
const START = Date.UTC(2026, 10, 21, 9, 30);
const HOUR = 3_600_000;
const PATH = rolloutPath('stable', null);
const idAt = (from: number): string => { for (let n = 0; ; n += 1) if (bucketOf(`d${n}`, 'pepper') >= from) return `d${n}`; };

let world: DeviceWorld;
let events: AuditEvent[];
let branch: Map<string, string>;
let tags: string[];
let asked: string[];
let now: number;
let id: string;
let maxAgeMs: number;
let limit: RateLimit | null;
let fails: boolean;
let autoUpdate: boolean;

beforeEach(async () => {
  world = makeDeviceWorld();
  await adoptWorld(world);
  [events, branch, tags, asked, now, id, maxAgeMs, limit, fails, autoUpdate] = [[], new Map(), ['v1.3.0'], [], START, idAt(5000), 6 * HOUR, null, false, true];
});
afterEach(() => destroyDeviceWorld(world));

const show = (signed: SignedRollout): void => { branch.set(PATH, signed.text); if (signed.signature !== null) branch.set(`${PATH}.minisig`, signed.signature); };
const say = (changes: Partial<RolloutStatement>): void => show(signRollout(key, rolloutOf(changes)));

function readBranch(path: string, etag: string | null): Promise<SourceFile> {
  asked.push(path);
  if (fails) return Promise.reject(new HoldlineError('source-network', 'cannot reach it'));
  const text = branch.get(path);
  if (text === undefined) return Promise.resolve({ kind: 'missing' });
  const mark = `"${sha256(Buffer.from(text))}"`;
  return Promise.resolve(etag === mark ? { kind: 'unchanged' } : { kind: 'content', content: Buffer.from(text), etag: mark });
}

function parts(actor = 'daemon'): EngineParts {
  const base = partsOf(world);
  const word = autoUpdate ? 'auto' : 'approve';
  const settings = {
    ...world.settings, channel: 'stable', autoUpdate, asset: null, incompleteReleaseWait: 0, trust: { require: 'signature', keys: [key], maxMajorJump: 10 }, freshness: { alarmAfter: 0 }, githubRepo: 'acme/app', githubToken: null,
    policy: { types: { patch: word, minor: word, major: word, security: word, hotfix: word }, hardware: 'never', minimumAge: 0, range: null, pin: null }, windows: { when: [], pass: [], margin: 0, timeZone: 'UTC' },
  };
  const clock = { ...base.clock, now: () => new Date(now) };
  const trust: RolloutTrust = { ring: pinnedRing('acme/app', [key]), repo: 'acme/app', channel: 'stable', component: null };
  const desk: RolloutDesk = {
    device: { id, group: null }, maxAgeMs, recall: () => readRolloutStore(base, PATH), inForce: (remembered) => recallRollout(trust, remembered), remember: (remembered) => writeRolloutStore(base, PATH, remembered),
    ask: (source, releases, signal) => obtainRollout({ source, clock, log: base.log }, { trust, remembered: readRolloutStore(base, PATH), releases, bounds: { stallMs: 1e3, deadlineMs: 1e4, maxRetries: 0, retryDelayMs: 0 } }, signal),
  };
  return {
    ...base, settings, clock, actor, rollouts: desk, audit: { note: (event: AuditEvent) => { events.push(event); }, head: () => undefined },
    facts: () => ({ node: '20.19.0', arch: 'x64', memoryMb: 1000, diskMb: 1000 }),
    source: {
      description: 'the fake source', requestsToday: () => 0, rateLimit: () => limit, open: () => Promise.reject(new Error('not asked')), file: (path: string, etag: string | null) => readBranch(path, etag),
      list: () => Promise.resolve({ releases: tags.map((tag) => releaseOf(tag, ['holdline.json', 'holdline.json.minisig', 'holdline.files.json.gz', `app-${tag.slice(1)}.tar.gz`].map((name) => assetOf(name, Buffer.alloc(1))))), rateLimit: null }),
    },
    artifact: () => ({
      rememberStatement: () => undefined, keptBytes: () => 0, obtainPayload: () => Promise.reject(new HoldlineError('source-network', 'as far as here')),
      obtainManifest: (release: { tag: string }) => { asked.push(`manifest ${release.tag}`); return Promise.resolve({ manifest: { version: release.tag.slice(1), expires: null, requires: {}, type: 'minor', payload: { size: 1 }, processes: [], hooks: {} } as unknown as Manifest, clockIsBehind: false, sha256: release.tag, signedBy: 'main', statement: null }); },
    }),
  } as unknown as EngineParts;
}
const run = (kind: 'check' | 'cycle'): Promise<CheckResult | UpdateResult> => createUpdater(parts()).run({ kind }, new AbortController().signal) as Promise<CheckResult | UpdateResult>;
const update = (version?: string): Promise<unknown> => createUpdater(parts('uid 1000')).run({ kind: 'update', version, from: undefined, dryRun: false }, new AbortController().signal);
const state = () => readDeviceState(partsOf(world).fs, world.layout);
const told = (event: string): AuditEvent[] => events.filter((one) => one.event === event);
const memory = () => readRolloutStore(partsOf(world), PATH);

describe('a rollout', () => {
  it('is waited for without anything of the release being fetched, and one question is enough for hours', async () => {
    say({ percent: 10 });
    expect(await run('cycle')).toMatchObject({ outcome: 'waiting', latest_version: '1.3.0', waiting: { reason: 'rollout', until: null } });
    expect(asked).toEqual([PATH, `${PATH}.minisig`]);
    for (let hour = 1; hour <= 5; hour += 1) { now += HOUR; expect(await run('cycle')).toMatchObject({ outcome: 'waiting' }); }
    expect(asked).toHaveLength(2);
    now += HOUR;
    expect(await run('cycle')).toMatchObject({ outcome: 'waiting' });
    // Unchanged, so the signature is not asked for again.
    expect(asked.slice(2)).toEqual([PATH]);
  });
  it('lets in who is reached, after asking once more', async () => {
    say({ percent: 10, add_percent: 90, every_s: 3600, start: new Date(START).toISOString() });
    expect(await run('cycle')).toMatchObject({ waiting: { until: new Date(START + HOUR).toISOString() } });
    now += HOUR;
    await expect(run('cycle')).rejects.toMatchObject({ code: 'source-network', message: 'as far as here' });
    expect(asked).toEqual([PATH, `${PATH}.minisig`, 'manifest v1.3.0', PATH]);
    say({ serial: 4, percent: 100, paused: true });
    expect(await run('cycle')).toMatchObject({ waiting: { reason: 'rollout', detail: expect.stringContaining('paused') as unknown } });
  });
  it('of one version leaves a lower one to everybody', async () => {
    say({ percent: 10 });
    tags = ['v1.3.0', 'v1.2.5'];
    expect(await run('check')).toMatchObject({ outcome: 'available', release: { tag: 'v1.2.5' } });
    say({ serial: 4, withdrawn: ['1.2.5'] });
    maxAgeMs = 0;
    expect(await run('check')).toMatchObject({ outcome: 'waiting', latest_version: '1.3.0' });
  });
  it('that nobody has begun is for everybody', async () => {
    expect(await run('check')).toMatchObject({ outcome: 'available' });
    expect(memory()).toMatchObject({ signed: null, problem: null });
  });
  it('keeps nobody from what a person asks for', async () => {
    say({ percent: 0 });
    await expect(update()).rejects.toMatchObject({ message: 'as far as here' });
    await expect(update('1.3.0')).rejects.toMatchObject({ message: 'as far as here' });
    expect(asked.filter((path) => path === PATH)).toEqual([]);
  });
  it('is told in the log when it changes', async () => {
    say({ percent: 10 });
    await run('cycle');
    maxAgeMs = 0;
    await run('cycle');
    expect(told('rollout')).toMatchObject([{ facts: { serial: 3, version: '1.3.0', percent: 10 } }]);
  });
  it('is not waited for when the source cannot be asked for it: the check fails and is tried again', async () => {
    fails = true;
    await expect(run('cycle')).rejects.toMatchObject({ code: 'source-network' });
  });
});

describe('a statement that cannot be believed', () => {
  const bad: readonly [string, SignedRollout][] = [
    ['forged', signRollout(thief, rolloutOf({ serial: 9, percent: 100 }))], ['older', signRollout(key, rolloutOf({ serial: 2, percent: 100 }))],
    ['of another channel', signRollout(key, rolloutOf({ serial: 9, channel: 'beta', percent: 100 }))], ['of another repository', signRollout(key, rolloutOf({ serial: 9, repo: 'acme/other', percent: 100 }))],
    ['malformed', signRollout(key, { ...rolloutOf({ serial: 9 }), percent: 101 })], ['the same serial again with another text', signRollout(key, rolloutOf({ percent: 99 }))],
  ];
  it.each(bad)('%s: the last good one stays in force, and it is said once', async (_name, signed) => {
    maxAgeMs = 0;
    say({ percent: 10 });
    await run('cycle');
    show(signed);
    for (let turn = 0; turn < 3; turn += 1) expect(await run('cycle')).toMatchObject({ outcome: 'waiting', waiting: { detail: expect.stringContaining('rollout 3 of 1.3.0 is at 10 %') as unknown } });
    expect(told('refused')).toHaveLength(1);
    expect(memory()?.problem).not.toBeNull();
    say({ serial: 4, percent: 100 });
    await expect(run('cycle')).rejects.toMatchObject({ message: 'as far as here' });
    expect(memory()?.problem).toBeNull();
  });
  it.each(bad.filter(([name]) => name !== 'older' && !name.startsWith('the same')))('%s, and no good one is known: it waits, and says why', async (_name, signed) => {
    show(signed);
    expect(await run('cycle')).toMatchObject({ outcome: 'waiting', waiting: { reason: 'rollout', detail: expect.stringContaining('cannot be believed') as unknown } });
    branch.clear();
    maxAgeMs = 0;
    await expect(run('cycle')).rejects.toMatchObject({ message: 'as far as here' });
  });
  it('gone: the last good one stays in force', async () => {
    maxAgeMs = 0;
    say({ percent: 10 });
    await run('cycle');
    branch.clear();
    expect(await run('cycle')).toMatchObject({ outcome: 'waiting' });
    expect(memory()?.problem).toContain('any more');
  });
  it('without a signature: refused, then taken with one', async () => {
    show({ ...signRollout(key, rolloutOf({ percent: 0 })), signature: null });
    maxAgeMs = 0;
    expect(await run('cycle')).toMatchObject({ waiting: { detail: expect.stringContaining('no signature') as unknown } });
    say({ percent: 100 });
    await expect(run('cycle')).rejects.toMatchObject({ message: 'as far as here' });
  });
});

describe('a withdrawn version', () => {
  beforeEach(async () => {
    await updateWorld(world);
    changeDeviceState(partsOf(world).fs, world.layout, (before) => ({ ...before, last_update: null }));
    tags = ['v1.1.0'];
    say({ version: '1.1.0', percent: 100, withdrawn: ['1.1.0'] });
  });
  it('is left by an ordinary rollback, blocked, and not tried again', async () => {
    expect(runningTree(world)).toContain('1.1.0-');
    expect(await run('check')).toMatchObject({ outcome: 'waiting', waiting: { reason: 'rollout', detail: expect.stringContaining('withdrawn 1.1.0') as unknown } });
    expect(runningTree(world)).toContain('1.1.0-');
    expect(await run('cycle')).toMatchObject({ outcome: 'rolled_back', from: '1.1.0', to: '1.0.0', code: null });
    expect(runningTree(world)).toContain('1.0.0-');
    expect(state().blocked).toMatchObject([{ version: '1.1.0', reason: 'the publisher has withdrawn 1.1.0 (rollout 3)' }]);
    for (let turn = 0; turn < 3; turn += 1) { now += 7 * HOUR; expect(await run('cycle')).toMatchObject({ outcome: 'current' }); }
    expect(runningTree(world)).toContain('1.0.0-');
    expect(told('withdrawn')).toHaveLength(1);
  });
  it('is left for a newer one where there is one', async () => {
    tags = ['v1.1.0', 'v1.2.0'];
    await expect(run('cycle')).rejects.toMatchObject({ message: 'as far as here' });
    expect(asked).toContain('manifest v1.2.0');
  });
  it('runs on where nothing is kept to go back to; said once', async () => {
    say({ serial: 4, version: '1.1.0', percent: 100, withdrawn: ['1.1.0', '1.0.0'] });
    for (let turn = 0; turn < 3; turn += 1) { now += 7 * HOUR; expect(await run('cycle')).toMatchObject({ outcome: 'waiting', waiting: { reason: 'rollout', detail: expect.stringContaining('neither a kept version') as unknown } }); }
    expect(told('withdrawn')).toHaveLength(1);
    expect(told('checked')).toHaveLength(1);
    expect(state()).toMatchObject({ waiting: { reason: 'rollout' }, blocked: [] });
  });
  it('runs on where nothing may be changed by itself', async () => {
    autoUpdate = false;
    expect(await run('cycle')).toMatchObject({ outcome: 'waiting', waiting: { detail: expect.stringContaining('holdline rollback 1.0.0') as unknown } });
    expect(runningTree(world)).toContain('1.1.0-');
  });
  it('runs on while somebody holds updates back, and is left when the hold is over', async () => {
    const hold = writeHold(partsOf(world), { format: 1, id: 'm1', owner: 'measurement', reason: null, by: 'alice', taken_at: new Date(now).toISOString(), until: new Date(now + 3_600_000).toISOString(), until_uptime_s: null, boot_id: 'other', process: null, ended: null }, '1');
    expect(await run('cycle')).toMatchObject({ outcome: 'waiting', waiting: { reason: 'rollout', detail: expect.stringContaining('measurement') as unknown } });
    expect(runningTree(world)).toContain('1.1.0-');
    rmSync(hold.file);
    expect(await run('cycle')).toMatchObject({ outcome: 'rolled_back', to: '1.0.0' });
  });
  it('is given up after going back has failed three times', async () => {
    world.hooks.verdict = 'failed';
    for (let turn = 0; turn < 5; turn += 1) { now += 7 * HOUR; await run('cycle'); }
    expect(told('withdrawn')).toHaveLength(4);
    expect(state().waiting?.detail).toContain('failed 3 times');
    expect(runningTree(world)).toContain('1.1.0-');
  });
  it('stays where a person has put it there knowing that it is withdrawn', async () => {
    await run('cycle');
    await expect(update('1.1.0')).rejects.toMatchObject({ message: 'as far as here' });
    expect(state().withdrawal).toMatchObject({ version: '1.1.0', stays: true });
    await updateWorld(world);
    for (let turn = 0; turn < 2; turn += 1) { now += 7 * HOUR; await run('cycle'); }
    expect(runningTree(world)).toContain('1.1.0-');
  });
  it('is not looked for when the quota is nearly spent', async () => {
    limit = { limit: 60, remaining: 5, resetsAt: new Date(now + HOUR / 2).toISOString() };
    expect(await run('cycle')).toMatchObject({ outcome: 'current' });
    expect(asked).toEqual([]);
    limit = { limit: 60, remaining: 50, resetsAt: new Date(now + HOUR / 2).toISOString() };
    expect(await run('cycle')).toMatchObject({ outcome: 'rolled_back' });
  });
});
