// What comes by itself and what waits, through the engine: the release below what must wait, a person's word, holds before and at the
// switch, and the explanation of it all.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit.js';
import type { ExplainReport } from '../../src/domain/explain.js';
import type { Job } from '../../src/domain/jobs.js';
import type { CheckResult } from '../../src/domain/results.js';
import type { Ruling } from '../../src/domain/ruling.js';
import type { DeviceState } from '../../src/domain/state.js';
import { changeDeviceState, readDeviceState } from '../../src/engine/device-state.js';
import { findUpdate } from '../../src/engine/find-update.js';
import { readHistory } from '../../src/engine/history.js';
import { writeHold } from '../../src/engine/hold-files.js';
import { createUpdater } from '../../src/engine/updater.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, PLAIN, seeThrough, updateWorld, type DeviceWorld } from '../support/device-world.js';
import { NO_WINDOWS, policyOf } from '../support/policy.js';
import { partsWithReleases, type Shown } from '../support/releases.js';

const NOW = new Date('2026-11-21T09:30:00.000Z');
const signal = new AbortController().signal;
let world: DeviceWorld;
let events: AuditEvent[];
let now: Date;
beforeEach(async () => { world = makeDeviceWorld(); await adoptWorld(world); events = []; now = NOW; });
afterEach(() => destroyDeviceWorld(world));

const state = (): DeviceState => readDeviceState(partsOf(world).fs, world.layout);
const run = async <T>(job: Job, releases: readonly Shown[]): Promise<T> => {
  const { parts } = partsWithReleases(world, releases, now);
  return await createUpdater({ ...parts, audit: { note: (event) => { events.push(event); }, head: () => undefined } }).run(job, signal) as T;
};
const told = (...kinds: string[]): AuditEvent[] => events.filter(({ event }) => kinds.includes(event));
const hold = (until = '2026-11-21T11:30:00.000Z'): void => {
  writeHold(partsOf(world), { format: 1, id: 'm1', owner: 'measurement', reason: 'night run', by: 'alice', taken_at: now.toISOString(), until, until_uptime_s: null, boot_id: 'other', process: null, ended: null }, String(readdirSync(world.layout.stateDir).length));
};

describe('which release is next', () => {
  const cases: readonly (readonly [string, Parameters<typeof policyOf>, readonly Shown[], string, string])[] = [
    ['the highest', ['auto'], [{ tag: 'v1.0.1' }, { tag: 'v2.0.0' }], 'install v2.0.0', 'v2.0.0'],
    ['a patch below a major that waits for a person', ['auto', { types: { ...policyOf('auto').types, major: 'approve' } }], [{ tag: 'v1.0.1' }, { tag: 'v2.0.0' }], 'install v1.0.1', 'v2.0.0 v1.0.1'],
    ['a minor below a major that never comes', ['auto', { types: { ...policyOf('auto').types, major: 'never' } }], [{ tag: 'v1.1.0' }, { tag: 'v2.0.0' }, { tag: 'v2.1.0' }], 'install v1.1.0', 'v2.1.0 v2.0.0 v1.1.0'],
    ['nothing below a major that never comes', ['auto', { types: { ...policyOf('auto').types, major: 'never' } }], [{ tag: 'v2.0.0' }], 'current', 'v2.0.0'],
    ['an old one below a young one', ['auto', { minimumAge: 86_400 }], [{ tag: 'v1.1.0' }, { tag: 'v1.2.0', publishedAt: '2026-11-21T09:00:00Z' }], 'install v1.1.0', 'v1.2.0 v1.1.0'],
    ['a young one, when there is no other', ['auto', { minimumAge: 86_400 }], [{ tag: 'v1.2.0', publishedAt: '2026-11-21T09:00:00Z' }], 'waiting age until 2026-11-22T09:00:00.000Z', 'v1.2.0'],
    ['only the pinned one', ['auto', { pin: '1.1.0' }], [{ tag: 'v1.0.5' }, { tag: 'v1.1.0' }, { tag: 'v1.2.0' }], 'install v1.1.0', 'v1.1.0'],
    ['the highest in the range', ['auto', { range: '~1.1' }], [{ tag: 'v1.1.0' }, { tag: 'v1.1.7' }, { tag: 'v1.2.0' }], 'install v1.1.7', 'v1.1.7'],
    ['a stepping stone that the policy admits', ['auto'], [{ tag: 'v1.1.0' }, { tag: 'v1.2.0', minVersion: '1.1.0' }], 'install v1.1.0', 'v1.2.0 v1.1.0'],
    ['security below what waits, whatever its number says', ['approve', { types: { ...policyOf('approve').types, security: 'auto' } }], [{ tag: 'v1.0.1', type: 'security' }, { tag: 'v1.1.0' }], 'install v1.0.1', 'v1.1.0 v1.0.1'],
    ['the highest of those that all wait', ['approve'], [{ tag: 'v1.0.1' }, { tag: 'v1.1.0' }], 'available approval', 'v1.1.0 v1.0.1'],
  ];
  it.each(cases)('%s', async (_name, policy, releases, expected, looked) => {
    world.settings = { ...world.settings, policy: policyOf(...policy) };
    const { parts, asked } = partsWithReleases(world, releases, now);
    const { candidate, result } = await findUpdate(parts, parts.source, { who: 'daemon', named: undefined }, signal);
    const until = result.waiting?.until === undefined || result.waiting.until === null ? '' : ` until ${result.waiting.until}`;
    expect(candidate === null ? `${result.outcome}${result.waiting === null ? '' : ` ${result.waiting.reason}${until}`}` : `install ${candidate.release.tag}`).toBe(expected);
    expect(asked.join(' ')).toBe(looked);
  });
  it('looks at a handful below one that waits, not at all of them', async () => {
    world.settings = { ...world.settings, policy: policyOf('approve') };
    const { parts, asked } = partsWithReleases(world, Array.from({ length: 40 }, (_, i) => ({ tag: `v1.${i + 1}.0` })), now);
    const { result } = await findUpdate(parts, parts.source, { who: 'daemon', named: undefined }, signal);
    expect(result).toMatchObject({ outcome: 'available', latest_version: '1.40.0', waiting: { reason: 'approval' }, release: { tag: 'v1.40.0' } });
    expect(asked).toHaveLength(6);
  });
  it('a window says when it opens', async () => {
    world.settings = { ...world.settings, policy: policyOf('window'), windows: { ...NO_WINDOWS, when: [{ kind: 'weekly', text: 'Sun 02:00-05:00', days: [0], from: 120, to: 300 }] } };
    expect(await run<CheckResult>({ kind: 'cycle' }, [{ tag: 'v1.1.0' }])).toMatchObject({ outcome: 'waiting', waiting: { reason: 'window', until: '2026-11-22T02:00:00.000Z' } });
    expect(state().waiting).toMatchObject({ reason: 'window', until: '2026-11-22T02:00:00.000Z' });
  });
});

it('a timer that asks for an update is no person', async () => {
  world.settings = { ...world.settings, policy: policyOf('approve') };
  const update = (unattended: boolean): Promise<unknown> => run({ kind: 'update', version: undefined, from: undefined, dryRun: false, unattended }, [{ tag: 'v1.1.0' }]);
  expect(await update(true)).toMatchObject({ outcome: 'waiting', code: 'approval' });
  // Only the payload is missing here.
  await expect(update(false)).rejects.toThrow(/obtainPayload/u);
});

describe('a person\'s word', () => {
  const releases = [{ tag: 'v2.0.0' }];
  const say = (verdict: 'approved' | 'rejected', version = '2.0.0'): Promise<unknown> => run({ kind: 'approve', version, verdict, by: 'alice (uid 1000)', reason: 'seen it' }, releases);
  beforeEach(() => { world.settings = { ...world.settings, policy: policyOf('approve') }; });
  it('is waited for, kept with who, when and why, and told to the audit log', async () => {
    expect(await run({ kind: 'check' }, releases)).toMatchObject({ outcome: 'available', update_available: true, waiting: { reason: 'approval', until: null, detail: expect.stringContaining('holdline approve 2.0.0') } });
    expect(await say('approved')).toMatchObject({ approval: { version: '2.0.0', verdict: 'approved' }, note: null });
    expect(state().approvals).toEqual([{ version: '2.0.0', verdict: 'approved', by: 'alice (uid 1000)', reason: 'seen it', at: NOW.toISOString() }]);
    expect(told('approved')).toEqual([{ event: 'approved', reason: 'seen it', facts: { version: '2.0.0', by: 'alice (uid 1000)' } }]);
    expect(await run({ kind: 'check' }, releases)).toMatchObject({ outcome: 'available', waiting: null });
  });
  it('can be taken back, and a no is a no until it is named', async () => {
    await say('approved');
    await say('rejected');
    expect(state().approvals).toHaveLength(1);
    expect(await run({ kind: 'check' }, releases)).toMatchObject({ outcome: 'current', waiting: null, update_available: false, latest_version: '2.0.0' });
    const { parts } = partsWithReleases(world, releases, now);
    expect((await findUpdate(parts, parts.source, { who: 'person', named: undefined }, signal)).candidate).toBeNull();
    expect((await findUpdate(parts, parts.source, { who: 'person', named: '2.0.0' }, signal)).candidate?.release.tag).toBe('v2.0.0');
  });
  it('counts for that version only, and says what nobody may expect', async () => {
    expect(await say('approved', 'v3.0.0')).toMatchObject({ approval: { version: '3.0.0' }, note: expect.stringContaining('not seen') });
    expect(await say('approved', '1.0.0')).toMatchObject({ note: expect.stringContaining('1.0.0 runs here already') });
    expect(await run({ kind: 'check' }, releases)).toMatchObject({ waiting: { reason: 'approval' } });
    await expect(say('approved', 'the newest')).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('it is no version') });
  });
});

describe('holds', () => {
  const releases = [{ tag: 'v1.0.1' }, { tag: 'v1.1.0' }];
  it('keep away everybody, whoever asks; a dry run still looks', async () => {
    hold();
    expect(await run({ kind: 'cycle' }, releases)).toMatchObject({ outcome: 'waiting', waiting: { reason: 'hold', until: '2026-11-21T11:30:00.000Z', detail: expect.stringContaining('measurement (night run)') } });
    for (const version of [undefined, '1.1.0']) expect(await run({ kind: 'update', version, from: undefined, dryRun: false }, releases)).toMatchObject({ outcome: 'waiting', code: 'hold', waiting: { until: '2026-11-21T11:30:00.000Z' } });
    const { parts, asked } = partsWithReleases(world, releases, now);
    expect((await findUpdate(parts, parts.source, { who: 'person', named: undefined, dryRun: true }, signal)).candidate?.release.tag).toBe('v1.1.0');
    // They hold all: nothing below is looked at.
    expect((await findUpdate(parts, parts.source, { who: 'daemon', named: undefined }, signal)).candidate).toBeNull();
    expect(asked).toEqual(['v1.1.0', 'v1.1.0']);
  });
  it('raise an alarm once when they last longer than the limit, and the update still waits', async () => {
    world.settings = { ...world.settings, holds: { ...world.settings.holds, limit: 3600 } };
    hold();
    const cycle = (): Promise<unknown> => run({ kind: 'cycle' }, releases);
    await cycle();
    expect(state()).toMatchObject({ held_since: NOW.toISOString(), hold_alarmed_at: null });
    now = new Date(NOW.getTime() + 3599_000);
    await cycle();
    expect(told('hold-alarm')).toEqual([]);
    now = new Date(NOW.getTime() + 3600_000);
    for (let i = 0; i < 2; i += 1) expect(await cycle()).toMatchObject({ outcome: 'waiting', waiting: { reason: 'hold' } });
    expect(told('hold-alarm')).toMatchObject([{ reason: expect.stringContaining('longer than holds.limit 3600 s (now: measurement)') }]);
    expect(world.notes.filter((note) => note.startsWith('error holds have kept'))).toHaveLength(1);
    now = new Date('2026-11-21T11:30:00.000Z');
    await run({ kind: 'check' }, releases);
    expect(state()).toMatchObject({ held_since: null, waiting: null });
  });
  it('one that comes before the switch discards what was prepared: nothing has changed, nothing is blocked, it is no failure', async () => {
    changeDeviceState(partsOf(world).fs, world.layout, (before) => ({ ...before, waiting: null }));
    const waiting = { reason: 'hold', detail: 'held by measurement', until: '2026-11-21T11:30:00.000Z' } as const;
    let asked = 0;
    const end = await updateWorld(world, undefined, { admitSwitch: async () => {
      asked += 1;
      // Everything is prepared by then.
      expect(readdirSync(join(world.layout.installDir, '.holdline/versions')).some((name) => name.startsWith('1.1.0'))).toBe(true);
      return waiting;
    } });
    expect(asked).toBe(1);
    expect(end).toMatchObject({ outcome: 'discarded', code: 'hold', reason: 'held by measurement', waiting });
    expect(seeThrough(world)).toMatchObject({ 'VERSION': PLAIN['VERSION'], 'src/main.js': PLAIN['src/main.js'] });
    expect(existsSync(join(world.layout.installDir, '.holdline/staging')) ? readdirSync(join(world.layout.installDir, '.holdline/staging')) : []).toEqual([]);
    expect(state()).toMatchObject({ waiting, held_since: expect.any(String), last_error: null, blocked: [], interrupted: {} });
    expect(readHistory(partsOf(world).fs, world.layout, 1)).toMatchObject([{ outcome: 'discarded', to: '1.1.0', reason: 'held by measurement' }]);
    expect((await updateWorld(world)).outcome).toBe('committed');
    expect(state()).toMatchObject({ waiting: null, held_since: null });
  });
  it('nothing is asked when a rollback switches', async () => {
    await updateWorld(world);
    hold('2999-01-01T00:00:00.000Z');
    expect(await run({ kind: 'rollback', target: undefined, dryRun: false }, releases)).toMatchObject({ outcome: 'rolled_back', to: '1.0.0' });
  });
});

describe('explain', () => {
  /** Those this test is about: others may be heard as well. */
  const own = (rulings: readonly Ruling[]): readonly Ruling[] => rulings.filter(({ rule }) => ['release', 'age', 'policy', 'approval', 'window', 'hold'].includes(rule));
  const releases: readonly Shown[] = [{ tag: 'v0.9.0' }, { tag: 'v1.0.0' }, { tag: 'v1.0.1' }, { tag: 'v1.1.0-beta.1' }, { tag: 'v1.1.0', publishedAt: '2026-11-21T09:00:00Z' }, { tag: 'v2.0.0' }, { tag: 'v3.0.0' }];
  const short = ({ releases: all }: ExplainReport): string[] => all.map(({ tag, decision, why, rulings }) => `${tag} ${decision}: ${rulings.filter(({ verdict }) => verdict !== 'pass').map(({ rule }) => rule).join(', ')}: ${why}`);
  beforeEach(() => { world.settings = { ...world.settings, policy: { types: { ...policyOf('auto').types, major: 'approve' }, hardware: 'never', minimumAge: 3600 * 24, range: '<3', pin: null } }; });
  it('tells of every release which rule decided what', async () => {
    const report = await run<ExplainReport>({ kind: 'explain', version: undefined }, releases);
    expect(report).toMatchObject({ component: null, current_version: '1.0.0', latest_version: '3.0.0', channel: 'stable', decision: 'install', release: 'v1.0.1', waiting: null, policy: { minimum_age: 86_400, range: '<3', estimate: 900 } });
    expect(short(report)).toEqual([
      'v3.0.0 leave: release: not in the range <3 (policy.range)',
      'v2.0.0 wait: approval: v2.0.0 (major) waits for a person: holdline approve 2.0.0',
      'v1.1.0 wait: age: v1.1.0 was published 2026-11-21T09:00:00Z; policy.minimum_age lets it come when it is 86400 s old',
      'v1.1.0-beta.1 leave: release: not of the channel stable',
      'v1.0.1 install: : nothing keeps it away',
      'v1.0.0 leave: release: it runs already',
      'v0.9.0 leave: release: older than 1.0.0',
    ]);
  });
  it('says what is waited for, until when, and all the other rules as well', async () => {
    hold();
    const report = await run<ExplainReport>({ kind: 'explain', version: undefined }, [{ tag: 'v2.0.0', publishedAt: '2026-11-21T09:00:00Z' }]);
    expect(report).toMatchObject({ decision: 'wait', release: 'v2.0.0', waiting: { reason: 'age', until: '2026-11-22T09:00:00.000Z' }, holds: [{ id: 'm1', owner: 'measurement' }] });
    expect(own(report.releases[0]?.rulings ?? []).map(({ rule, verdict }) => `${rule} ${verdict}`)).toEqual(['release pass', 'age wait', 'policy pass', 'approval wait', 'window pass', 'hold wait']);
  });
  it('of one version hears all gates, also where a simpler rule has decided', async () => {
    const of = async (version: string): Promise<string[]> => (await run<ExplainReport>({ kind: 'explain', version }, releases)).releases.map(({ tag, decision, rulings }) => `${tag} ${decision}: ${own(rulings).map(({ rule, verdict }) => `${rule} ${verdict}`).join(', ')}`);
    expect(await of('3.0.0')).toEqual(['v3.0.0 leave: release refuse, age pass, policy pass, approval wait, window pass, hold pass']);
    expect(await of('2.0.0')).toEqual(['v2.0.0 wait: release pass, age pass, policy pass, approval wait, window pass, hold pass']);
    await expect(of('9.9.9')).rejects.toMatchObject({ code: 'version-unknown' });
  });
  it('changes nothing', async () => {
    const before = JSON.stringify(state());
    await run({ kind: 'explain', version: undefined }, releases);
    expect(JSON.stringify(state())).toBe(before);
    expect(events).toEqual([]);
  });
});
