import { describe, expect, it } from 'vitest';
import { existsSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { BeginRecord } from '../../src/domain/journal.js';
import type { PlanStep, StepName } from '../../src/domain/plan.js';
import { HoldlineError } from '../../src/domain/errors.js';
import { createJournal, findUnfinished, findUnsettled, openJournal, type Journal } from '../../src/engine/journal.js';
import { enterState, runPlan } from '../../src/engine/run-plan.js';
import { commitTransaction, revertTransaction } from '../../src/engine/revert-transaction.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { recover } from '../../src/recovery/recover.js';
import { forEveryEffect, verdicts, type Options, type Scenario } from '../support/for-every-effect.js';
import { afterCommit, beginRecord, checkWorld, destroyWorld, fixedClock, makeWorld, planSteps, smallRun, type SmallWorld } from '../support/small-world.js';

interface Way { readonly failIn?: StepName; readonly unhealthy?: boolean; readonly wrapJournal?: (journal: Journal) => Journal; readonly skipRecovery?: boolean; readonly reportEarly?: boolean; readonly destructiveUndo?: boolean }

/** The workflow in small: plan, probation of one judgement, commit or revert. */
async function update(world: SmallWorld, calls: SystemCalls, report: (outcome: string) => void, way: Way): Promise<void> {
  const fs = createFilesystem(calls);
  const created = createJournal(fs, world.journals, way.destructiveUndo === true ? destructive(world) : beginRecord(world));
  const run = smallRun(world, fs, way.wrapJournal?.(created) ?? created, way.failIn);
  const planned = await runPlan(run);
  if (planned.outcome !== 'switched') return report(planned.outcome);
  enterState(run, 'probing');
  if (way.unhealthy === true) return report((await revertTransaction(run, { code: 'health-failed', reason: 'http answered 500' })).outcome);
  if (way.reportEarly === true) report('committed');
  await commitTransaction(run, () => afterCommit(world, fs));
  report('committed');
}

/** The next start: rescue path, a resumed probation (healthy or not as before), settle. */
async function nextStart(world: SmallWorld, calls: SystemCalls, way: Way): Promise<void> {
  if (way.skipRecovery === true) return;
  const fs = createFilesystem(calls);
  const result = recover({ stateDir: world.state, fs: calls, lock: 'held', probation: 'take', bootId: 'boot', now: fixedClock.now });
  if (result.outcome === 'broken') throw new Error(`recovery says broken: ${result.alarm?.message}`, { cause: undefined });
  for (const { path } of findUnfinished(fs, world.journals)) {
    const run = smallRun(world, fs, openJournal(fs, path));
    if (way.unhealthy === true) await revertTransaction(run, { code: 'health-failed', reason: 'still 500' });
    else await commitTransaction(run, () => afterCommit(world, fs));
  }
  for (const { path, summary } of findUnsettled(fs, world.journals)) {
    if (summary.state === 'committed') afterCommit(world, fs);
    const journal = openJournal(fs, path);
    journal.append({ type: 'settled', at: '2026-11-21T09:31:00.000Z' });
    journal.close();
  }
}

/** Removes before it knows that there is something to put back: right once, fatal twice (`restore` exists for that). */
function destructive(world: SmallWorld): BeginRecord {
  const house = join(world.install, '.holdline');
  const undo: PlanStep['undo'] = [{ op: 'remove', path: join(house, 'current') }, { op: 'rename', from: join(house, 'aside'), to: join(house, 'current') }];
  return beginRecord(world, planSteps(house).map((step) => (step.name === 'switch-current' ? { ...step, undo } : step)));
}

const scenario = (way: Way = {}): Scenario<SmallWorld> => ({
  setUp: makeWorld,
  run: (world, calls, report) => update(world, calls, report, way),
  recover: (world, calls) => nextStart(world, calls, way),
  check: (world) => {
    const kind = checkWorld(world);
    if (way.skipRecovery === true) return kind;
    if (findUnfinished(createFilesystem(), world.journals).length > 0) throw new Error('a transaction is still open');
    const left = existsSync(world.journals) ? readdirSync(world.journals).filter((name) => name.endsWith('.reserve')) : [];
    if (left.length > 0) throw new Error(`left behind: ${left.join()}`);
    return kind;
  },
  tearDown: destroyWorld,
});

const destructiveScenario: Scenario<SmallWorld> = {
  ...scenario({ destructiveUndo: true }),
  setUp: () => {
    const world = makeWorld();
    symlinkSync('versions/1.0.0-aaaaaaaaaaaa', join(world.install, '.holdline/aside'));
    return world;
  },
  check: (world) => (readlinkSync(join(world.install, '.holdline/current')).includes('1.0.0') ? 'old' : 'new'),
};

const ways: readonly (readonly [string, Way, readonly string[]])[] = [
  ['a good update', {}, ['old', 'new']],
  ['an unhealthy one', { unhealthy: true }, ['old']],
  ['one that fails while staging', { failIn: 'stage-tree' }, ['old']],
  ['one that fails at its switch', { failIn: 'switch-current' }, ['old']],
  ['one that fails after its switch', { failIn: 'start-services' }, ['old']],
];

describe.each(ways)('%s ends at exactly old or new', (_, way, expected) => {
  it('when it dies before any effect', async () => {
    expect([...verdicts(await forEveryEffect(scenario(way)))]).toEqual(expected);
  });
  it('when it dies in the middle of any write', async () => {
    expect([...verdicts(await forEveryEffect(scenario(way), { fault: (at) => ({ kind: 'crash', at, torn: true }) }))]).toEqual(expected);
  });
  it.each(['ENOSPC', 'EIO', 'EROFS'] as const)('when any effect fails with %s, once or from then on', async (code) => {
    for (const lasting of [false, true]) {
      const inspect: Options['inspect'] = ({ thrown }) => { if (thrown !== undefined) expect(thrown).toBeInstanceOf(HoldlineError); };
      const trials = await forEveryEffect(scenario(way), { fault: (at) => ({ kind: 'error', at, code, lasting }), inspect });
      for (const verdict of verdicts(trials)) expect(expected).toContain(verdict);
    }
  });
});

it.each(ways)('%s: recovery may die at any of its own effects', async (_, way, expected) => {
  const trials = await forEveryEffect(scenario(way), { recoveryStride: 8 });
  expect([...verdicts(trials)].sort()).toEqual([...expected].sort());
});

describe('the harness catches', () => {
  it('a step that acts before its intent is on disk', async () => {
    const late = (journal: Journal): Journal => {
      let held: Parameters<Journal['append']>[0] | undefined;
      return { ...journal, append: (record) => {
        if (record.type === 'intent') { held = record; return; }
        if (held !== undefined) journal.append(held);
        held = undefined;
        journal.append(record);
      } };
    };
    await expect(forEveryEffect(scenario({ wrapJournal: late }))).rejects.toThrow(/neither old nor new/);
  });
  it('a recovery that does nothing', async () => {
    await expect(forEveryEffect(scenario({ skipRecovery: true }))).rejects.toThrow(/neither old nor new/);
  });
  it('an outcome reported before it is durable', async () => {
    await expect(forEveryEffect(scenario({ reportEarly: true, unhealthy: false }), { harmless: ['committed'] })).rejects.toThrow(/reported committed/);
  });
  it('an undo that is not idempotent, though only when recovery is killed too', async () => {
    await expect(forEveryEffect(destructiveScenario)).resolves.toBeDefined();
    await expect(forEveryEffect(destructiveScenario, { recoveryStride: 4 })).rejects.toThrow(/ENOENT.*current/);
  });
});
