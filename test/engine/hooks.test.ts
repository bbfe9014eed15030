// Hooks in the engine: which are called when, from which tree, and what follows from each answer.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit.js';
import { readDeviceState } from '../../src/engine/device-state.js';
import { readHistory } from '../../src/engine/history.js';
import { findUnsettled } from '../../src/engine/journal.js';
import { rollBack } from '../../src/engine/rollback.js';
import { settleEnded } from '../../src/engine/settle.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { adopted, makeKeepingWorld, RELEASE } from '../support/device-scenario.js';
import { destroyDeviceWorld, partsOf, quickCalls, seeThrough, updateWorld, type DeviceWorld, type UpdateWay } from '../support/device-world.js';
import { giveHooks, HOOKS, makeHooks, outside, type HookMisdeeds } from '../support/hook-world.js';
import { giveModule, makeModule, type Misdeeds } from '../support/module-world.js';

const fs = createFilesystem();
const signal = new AbortController().signal;
let world: DeviceWorld;
let told: string[];
beforeEach(async () => {
  world = makeKeepingWorld();
  await adopted(world);
  giveHooks(world);
  told = [];
  behave();
});
afterEach(() => destroyDeviceWorld(world));

function behave(misdeeds: HookMisdeeds = {}): void { world.hooks.hook = (calls) => makeHooks(world, calls, misdeeds, told); }
const update = (way: UpdateWay = {}) => updateWorld(world, quickCalls(), { files: RELEASE, ...way });
const version = (): string => (seeThrough(world)['VERSION'] ?? '').trim();
const state = () => readDeviceState(fs, world.layout);
const blocked = (): readonly string[] => state().blocked.map((entry) => entry.version);
const warnings = (): readonly string[] => readHistory(fs, world.layout, 1)[0]?.warnings ?? [];

const ASKED = 'before_switch in 1.0.0, running';
const MOVED = 'after_switch in 1.1.0, stopped';
const BACK = 'after_revert in 1.0.0, running';

describe('an update with hooks', () => {
  it('asks before anything stops, calls between the switch and the start, and tells when it is final', async () => {
    expect((await update()).outcome).toBe('committed');
    expect(told).toEqual([ASKED, MOVED, 'after_commit in 1.1.0, running']);
    expect([version(), warnings()]).toEqual(['1.1.0', []]);
  });

  it.each([
    ['before_switch says not now', { before_switch: 'not-now' }, 'discarded', [ASKED], []],
    ['before_switch fails', { before_switch: 'fails' }, 'discarded', [ASKED, BACK], []],
    ['after_switch fails', { after_switch: 'fails' }, 'reverted', [ASKED, MOVED, BACK], ['1.1.0']],
  ] as const)('whose %s leaves the device as it was', async (_, misdeeds, outcome, calls, blocks) => {
    behave(misdeeds);
    expect((await update()).outcome).toBe(outcome);
    expect(told).toEqual(calls);
    expect([version(), blocked(), world.service.tree === null]).toEqual(['1.0.0', blocks, false]);
  });

  it('that must wait by the word of before_switch is no error, and is tried again', async () => {
    behave({ before_switch: 'not-now' });
    expect(await update()).toMatchObject({ outcome: 'discarded', error: undefined, waiting: { reason: 'hold', detail: expect.stringContaining('measuring') as unknown, until: null } });
    expect(state()).toMatchObject({ last_error: null, waiting: { reason: 'hold' } });
    behave();
    expect((await update()).outcome).toBe('committed');
  });

  it('says which hook failed, with its last words', async () => {
    behave({ after_switch: 'fails' });
    expect(await update()).toMatchObject({ code: 'hook-failed', reason: expect.stringMatching(/hook after_switch of app: it failed \(exit code 1: no room\)/u) as unknown });
    behave({ before_switch: 'fails' });
    expect((await update({ version: '1.2.0', files: { ...RELEASE, VERSION: '1.2.0\n' } })).error).toMatchObject({ code: 'hook-refused', exitCode: 1 });
  });

  it('that fails its probation, or is kept away by the second look, tells after_revert what before_switch had begun', async () => {
    world.hooks.verdict = 'failed';
    expect((await update()).outcome).toBe('reverted');
    expect(told).toEqual([ASKED, MOVED, BACK]);
    told.length = 0;
    expect((await update({ version: '1.2.0', files: { ...RELEASE, VERSION: '1.2.0\n' }, admitSwitch: async () => ({ reason: 'hold', detail: 'held', until: null }) })).outcome).toBe('discarded');
    expect(told).toEqual([ASKED, BACK]);
  });

  it('tells nobody of a switch that was never begun where there is no before_switch', async () => {
    giveHooks(world, { after_revert: HOOKS.after_revert! });
    expect((await update({ admitSwitch: async () => ({ reason: 'hold', detail: 'held', until: null }) })).outcome).toBe('discarded');
    expect(told).toEqual([]);
    world.hooks.verdict = 'failed';
    expect((await update()).outcome).toBe('reverted');
    expect(told).toEqual([BACK]);
  });

  it.each([['after_commit', 'healthy', 'committed'], ['after_revert', 'failed', 'reverted']] as const)('%s changes nothing by failing: log, audit, history and answer say so', async (hook, verdict, outcome) => {
    behave({ [hook]: 'fails' });
    world.hooks.verdict = verdict;
    const events: AuditEvent[] = [];
    const words = expect.stringContaining(`hook ${hook} of app: it failed (exit code 1: no room)`) as unknown;
    const end = await update({ audit: { note: (event) => { events.push(event); }, head: () => undefined } });
    expect(end).toMatchObject({ outcome, results: { warnings: [words] } });
    expect(warnings()).toEqual([words]);
    expect(events.filter(({ event }) => event === 'hook-warned')).toMatchObject([{ reason: words }]);
    expect(world.notes.filter((note) => note.startsWith(`warn cannot finish the hook ${hook}`))).toHaveLength(1);
    expect(state().last_error === null).toBe(outcome === 'committed');
  });

  it('whose module does not undo tells after_revert only when it has', async () => {
    const module = (misdeeds: Misdeeds): void => { world.hooks.module = (calls) => makeModule(world, calls, misdeeds); };
    giveModule(world);
    giveHooks(world, { after_revert: HOOKS.after_revert! });
    module({ undo: 'fails' });
    world.hooks.verdict = 'failed';
    expect((await update()).outcome).toBe('reverted');
    await expect(settleEnded(partsOf(world))).rejects.toMatchObject({ code: 'module-undo' });
    expect(told).toEqual([]);
    module({});
    await settleEnded(partsOf(world));
    expect(told).toEqual([BACK]);
  });
});

describe('a rollback by hand', () => {
  const back = () => rollBack(partsOf(world), { target: undefined, dryRun: false }, signal);
  it('calls them too', async () => {
    await update();
    told.length = 0;
    expect((await back()).outcome).toBe('rolled_back');
    expect(told).toEqual(['before_switch in 1.1.0, running', 'after_switch in 1.0.0, stopped', 'after_commit in 1.0.0, running']);
  });
  it('does not hang on a program that the older version never had', async () => {
    giveHooks(world, {});
    await update({ files: { ...RELEASE, 'src/migrate.js': 'new\n' } });
    giveHooks(world, { after_switch: { ...HOOKS.after_switch!, command: ['src/migrate.js'] } });
    expect(await back()).toMatchObject({ outcome: 'rolled_back', warnings: ['the hook after_switch of app was left out: this version has no src/migrate.js'] });
    expect(told).toEqual([]);
  });
});

describe('a hook that a crash kept from being told', () => {
  const cutOff = async (): Promise<void> => {
    world.hooks.onWatch = () => { throw new Error('the power went'); };
    await update().catch(() => undefined);
    delete world.hooks.onWatch;
    told.length = 0;
    // The disk loses the tree on probation: recovery takes the update back.
    rmSync(join(world.layout.installDir, '.holdline/current'));
  };
  it('is told at the next start, once its service runs', async () => {
    await cutOff();
    const parts = partsOf(world);
    expect(parts.recover().outcome).toBe('repaired');
    await settleEnded(parts);
    expect(told).toEqual([BACK]);
    expect(outside(world)).toBe('full after_revert 1.0.0');
    await settleEnded(parts);
    expect(told).toHaveLength(1);
  });
  it('and that takes the device down each time is told three times, then no more', async () => {
    await cutOff();
    partsOf(world).recover();
    let starts = 0;
    world.hooks.hook = () => ({ run: () => new Promise(() => { starts += 1; }) });
    for (let boot = 0; boot < 3; boot += 1) {
      const before = starts;
      void settleEnded(partsOf(world));
      for (let turn = 0; turn < 1000 && starts === before; turn += 1) await Promise.resolve();
    }
    expect(starts).toBe(3);
    await settleEnded(partsOf(world));
    expect(starts).toBe(3);
    expect(findUnsettled(fs, join(world.layout.stateDir, 'journal'))).toEqual([]);
    expect(warnings()).toEqual(['the hook after_revert of app is not called any more: 3 times it did not come to its end']);
  });
});
