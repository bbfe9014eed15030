// What a device remembers of releases and of the silence of a source, and what it makes of it; through the real engine.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeFreshness } from '../../src/decide/judge-freshness.js';
import type { Manifest } from '../../src/domain/manifest.js';
import type { AuditEvent } from '../../src/domain/audit.js';
import { HoldlineError } from '../../src/domain/errors.js';
import { readDeviceState } from '../../src/engine/device-state.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { createUpdater } from '../../src/engine/updater.js';
import { codeOfAsync } from '../support/code-of.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, type DeviceWorld } from '../support/device-world.js';
import { policyOf } from '../support/policy.js';
import { assetOf, releaseOf } from '../support/fake-source.js';

let world: DeviceWorld;
let events: AuditEvent[];
let shown: { tag: string; sha256: string; expires: string | null };
let answers: 'list' | 'fail';
let now: number;
const START = Date.UTC(2026, 10, 21, 9, 30);
const DAY = 86_400_000;
beforeEach(async () => {
  world = makeDeviceWorld();
  await adoptWorld(world);
  events = [];
  shown = { tag: 'v1.1.0', sha256: 'a'.repeat(64), expires: null };
  answers = 'list';
  now = START;
});
afterEach(() => destroyDeviceWorld(world));

function parts(): EngineParts {
  const base = partsOf(world);
  const settings = { ...world.settings, channel: 'stable', policy: policyOf('approve'), asset: null, incompleteReleaseWait: 0, trust: { require: 'signature', keys: [], maxMajorJump: 10 }, freshness: { alarmAfter: 7 * 86_400 }, githubRepo: 'acme/app', githubToken: null };
  const version = shown.tag.slice(1);
  return {
    ...base, settings, clock: { ...base.clock, now: () => new Date(now) },
    audit: { note: (event: AuditEvent) => { events.push(event); }, head: () => undefined },
    source: {
      description: 'the fake source', requestsToday: () => 0, rateLimit: () => null, open: () => Promise.reject(new Error('not asked')),
      list: () => (answers === 'fail' ? Promise.reject(new HoldlineError('source-network', 'cannot reach it')) : Promise.resolve({
        releases: [releaseOf(shown.tag, ['holdline.json', 'holdline.json.minisig', 'holdline.files.json.gz', `app-${version}.tar.gz`].map((name) => assetOf(name, Buffer.alloc(1))))], rateLimit: null })),
    },
    artifact: () => ({ keptBytes: () => 0, rememberStatement: () => undefined, obtainManifest: () => Promise.resolve({ manifest: { version, expires: shown.expires, requires: {}, type: 'minor', payload: { size: 1 }, processes: [], hooks: {} } as unknown as Manifest, clockIsBehind: false, sha256: shown.sha256, signedBy: 'main', statement: null }) }),
  } as unknown as EngineParts;
}
const run = (kind: 'check' | 'cycle'): Promise<unknown> => createUpdater(parts()).run({ kind }, new AbortController().signal);
const unblock = (version: string): Promise<unknown> => createUpdater(parts()).run({ kind: 'unblock', version }, new AbortController().signal);
const state = () => readDeviceState(partsOf(world).fs, world.layout);
const told = (): string[] => events.map(({ event }) => event).filter((event) => event !== 'settings-changed');

describe('a release that changes under its tag', () => {
  it.each(['check', 'cycle'] as const)('is refused with both digests, in a %s', async (kind) => {
    expect(await run(kind)).toMatchObject({ outcome: 'available' });
    shown.sha256 = 'b'.repeat(64);
    await expect(run(kind)).rejects.toMatchObject({ code: 'release-changed', message: expect.stringMatching(/a{64}.*b{64}/u) as unknown });
    shown.sha256 = 'a'.repeat(64);
    expect(await run(kind)).toMatchObject({ outcome: 'available' });
  });
  it('is taken again when a person has unblocked it, and under a higher version at once', async () => {
    await run('check');
    shown.sha256 = 'b'.repeat(64);
    expect(await unblock('1.1.0')).toMatchObject({ unblocked: true });
    expect(await run('check')).toMatchObject({ outcome: 'available' });
    shown = { ...shown, tag: 'v1.1.1', sha256: 'c'.repeat(64) };
    expect(await run('check')).toMatchObject({ outcome: 'available', latest_version: '1.1.1' });
  });
  it('is remembered only as far as a tag can still matter', async () => {
    for (let patch = 0; patch < 105; patch += 1) {
      now += 1000;
      shown = { ...shown, tag: `v1.1.${patch}` };
      await run('check');
    }
    expect(Object.keys(state().seen)).toHaveLength(100);
    expect(state().seen).not.toHaveProperty(['v1.1.0']);
  });
});

describe('a jump', () => {
  it.each([['v11.0.0', 'available'], ['v12.0.0', 'current']])('to %s is %s', async (tag, outcome) => {
    shown = { ...shown, tag };
    expect(await run('check')).toMatchObject({ outcome });
  });
  it('beyond the bound is taken when it is named', async () => {
    shown = { ...shown, tag: 'v999.0.0' };
    const named = createUpdater({ ...parts(), artifact: () => ({ ...parts().artifact(parts().source), obtainPayload: () => Promise.reject(new HoldlineError('source-network', 'as far as here')) }) } as unknown as EngineParts);
    expect(await codeOfAsync(() => named.run({ kind: 'update', version: '999.0.0', from: undefined, dryRun: false }, new AbortController().signal))).toBe('source-network');
    expect(await run('check')).toMatchObject({ outcome: 'current' });
  });
});

describe('silence', () => {
  it('is told once when it has lasted too long, and taken back by an answer', async () => {
    await run('cycle');
    answers = 'fail';
    for (const days of [1, 7]) { now = START + days * DAY; await run('cycle').catch(() => undefined); }
    expect(told()).not.toContain('freshness-alarm');
    for (const days of [7.1, 8, 9]) { now = START + days * DAY; await run('cycle').catch(() => undefined); }
    expect(told().filter((event) => event === 'freshness-alarm')).toHaveLength(1);
    expect(world.notes.filter((note) => note.includes('nothing usable has come'))).toHaveLength(1);
    answers = 'list';
    await run('cycle');
    expect(state()).toMatchObject({ alarmed_at: null, last_answer: new Date(now).toISOString() });
  });
  it('of a source that never answered counts from the first job', async () => {
    answers = 'fail';
    await run('cycle').catch(() => undefined);
    now += 8 * DAY;
    await run('cycle').catch(() => undefined);
    expect(told()).toContain('freshness-alarm');
  });
  it.each<[string, Parameters<typeof judgeFreshness>, boolean]>([
    ['switched off', [{ last_answer: '2020-01-01T00:00:00Z', seen: {} }, '1.0.0', 0, new Date(START)], false],
    ['a clock that is not set', [{ last_answer: '2026-11-01T00:00:00Z', seen: {} }, '1.0.0', 60, new Date(0)], false],
    ['an answer in time', [{ last_answer: '2026-11-21T09:29:30Z', seen: {} }, '1.0.0', 60, new Date(START)], false],
    ['the running release expired', [{ last_answer: '2026-11-21T09:29:30Z', seen: { t: { version: '1.0.0', sha256: '', expires: '2026-11-20T00:00:00Z', at: '' } } }, '1.0.0', 60, new Date(START)], true],
    ['another release expired', [{ last_answer: '2026-11-21T09:29:30Z', seen: { t: { version: '1.1.0', sha256: '', expires: '2026-11-20T00:00:00Z', at: '' } } }, '1.0.0', 60, new Date(START)], false],
  ])('%s', (_, given, alarm) => { expect(judgeFreshness(...given).alarm !== null).toBe(alarm); });
});

describe('the audit log hears', () => {
  it('a check only when its answer is another, a proof once, and one refusal once', async () => {
    for (let n = 0; n < 3; n += 1) await run('cycle');
    expect(told()).toEqual(['checked', 'verified']);
    shown.sha256 = 'b'.repeat(64);
    for (let n = 0; n < 3; n += 1) await run('cycle').catch(() => undefined);
    expect(told()).toEqual(['checked', 'verified', 'refused']);
    expect(events.at(-1)).toMatchObject({ facts: { code: 'release-changed' } });
  });
  it('which sections of the settings changed, never a value; and of the token nothing at all', async () => {
    await run('cycle');
    world.settings = { ...world.settings, maxBackups: 9, preserve: ['src/secret-name/**'] };
    await run('cycle');
    const changes = events.filter(({ event }) => event === 'settings-changed');
    expect(changes.map(({ facts }) => facts)).toEqual([{ require: 'signature', repo: 'acme/app' }, { sections: 'preserve, maxBackups' }]);
    expect(JSON.stringify([changes, state().settings])).not.toContain('secret-name');
  });
});
