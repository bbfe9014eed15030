import { afterEach, beforeEach, expect, it } from 'vitest';
import { existsSync, readdirSync } from 'node:fs';
import type { StepName } from '../../src/domain/plan.js';
import { createJournal, findUnfinished, findUnsettled, listJournals, pruneJournals, type Journal } from '../../src/engine/journal.js';
import { commitTransaction, revertTransaction } from '../../src/engine/revert-transaction.js';
import { enterState, pauseProbation, runPlan } from '../../src/engine/run-plan.js';
import type { Run } from '../../src/engine/run.js';
import { canFollow } from '../../src/engine/transitions.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { beginRecord, checkWorld, destroyWorld, makeWorld, planSteps, smallRun, smallSteps, type SmallContext, type SmallWorld } from '../support/small-world.js';

const fs = createFilesystem();
let world: SmallWorld;
beforeEach(() => { world = makeWorld(); });
afterEach(() => destroyWorld(world));
const begin = (): Journal => createJournal(fs, world.journals, beginRecord(world));
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Aborts while the named step runs; the step itself completes. */
function abortedIn(run: Run<SmallContext>, name: StepName): Run<SmallContext> {
  const controller = new AbortController();
  const real = smallSteps[name];
  if (real === undefined) throw new Error(`no step ${name}`);
  const step: typeof real = { ...real, do: async (context, params) => {
    await real.do(context, params);
    controller.abort(new Error('SIGTERM'));
  } };
  return { ...run, signal: controller.signal, steps: { ...smallSteps, [name]: step } };
}

it.each<[StepName, string]>([['stage-tree', 'discarded'], ['place-version', 'discarded'], ['stop-services', 'switched'], ['switch-current', 'switched']])('asked to stop during %s: %s', async (name, outcome) => {
  const journal = begin();
  const ended = await runPlan(abortedIn(smallRun(world, fs, journal), name));
  expect(ended).toMatchObject(outcome === 'discarded' ? { outcome, code: 'interrupted' } : { outcome });
  expect(findUnfinished(fs, world.journals)).toHaveLength(outcome === 'discarded' ? 0 : 1);
  if (outcome === 'discarded') expect(checkWorld(world)).toBe('old');
});

it('journals the whole way of an update, and leaves no reserve', async () => {
  const journal = begin();
  const run = smallRun(world, fs, journal);
  expect(await runPlan(run)).toEqual({ outcome: 'switched' });
  enterState(run, 'probing');
  pauseProbation(run);
  expect(journal.summary()).toMatchObject({ state: 'probing', stepsDone: 7, paused: true });
  expect(await commitTransaction(run, () => undefined)).toBeNull();
  expect(readdirSync(world.journals)).toEqual(['20261121T093000Z-1a2b3c.journal']);
  expect(findUnsettled(fs, world.journals)).toEqual([]);
});

it('stays committed when the books cannot be closed; the next start closes them', async () => {
  const run = smallRun(world, fs, begin());
  await runPlan(run);
  enterState(run, 'probing');
  expect(await commitTransaction(run, () => { throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }); })).toMatchObject({ code: 'disk-full' });
  expect(findUnfinished(fs, world.journals)[0]?.summary.state).toBe('committed');
});

it('undoes services first and in reverse, and goes on with the files when one does not start', async () => {
  const calls: string[] = [];
  const undoing = (name: StepName, fails: boolean) => ({ ...smallSteps[name]!, undo: async () => {
    calls.push(`${name}, current ${fs.readLink(`${world.install}/.holdline/current`).slice(9, 14)}`);
    if (fails) throw new Error('web does not start');
  } });
  const journal = begin();
  const run = { ...smallRun(world, fs, journal), steps: { ...smallSteps, 'stop-services': undoing('stop-services', true), 'start-services': undoing('start-services', false) } };
  await runPlan(run);
  enterState(run, 'probing');
  const ended = await revertTransaction(run, { code: 'health-failed', reason: 'http answered 500' });
  expect(calls).toEqual(['start-services, current 1.1.0', 'stop-services, current 1.0.0']);
  expect(ended).toMatchObject({ outcome: 'reverted', code: 'health-failed', recorded: true });
  expect(ended.reason).toContain('web does not start');
  expect(findUnsettled(fs, world.journals)[0]?.summary.end).toMatchObject({ outcome: 'reverted', services: ['web'] });
  expect(checkWorld(world)).toBe('old');
});

it('is broken when a file cannot be put back, and still looks after the services', async () => {
  let started = 0;
  const journal = begin();
  const run = { ...smallRun(world, fs, journal), steps: { ...smallSteps, 'stop-services': { ...smallSteps['stop-services']!, undo: async () => { started += 1; } } } };
  await runPlan(run);
  enterState(run, 'probing');
  fs.remove(`${world.install}/.holdline/current`);
  fs.makeDirectory(`${world.install}/.holdline/current`);
  expect(await revertTransaction(run, { code: 'health-failed', reason: 'x' })).toMatchObject({ outcome: 'broken', trouble: code('broken'), recorded: true });
  expect(started).toBe(1);
  expect(existsSync(`${world.install}/.holdline/versions/1.1.0-bbbbbbbbbbbb`)).toBe(true);
});

it.each([
  ['a step nobody knows', (steps: ReturnType<typeof planSteps>) => [...steps, { ...steps[6]!, name: 'adopt-path' as const }]],
  ['steps out of order', (steps: ReturnType<typeof planSteps>) => steps.toReversed()],
])('refuses %s before it does anything', async (_, change) => {
  const journal = createJournal(fs, world.journals, beginRecord(world, change(planSteps(`${world.install}/.holdline`))));
  expect(await runPlan(smallRun(world, fs, journal))).toMatchObject({ outcome: 'discarded', code: 'internal' });
  expect(journal.summary().stepsStarted).toBe(0);
});

it('refuses a state that may not follow', () => {
  const journal = begin();
  expect(() => journal.append({ type: 'state', state: 'committed', at: '' })).toThrowError(code('internal'));
  expect(journal.summary().state).toBe('staging');
  expect(canFollow('committed', 'reverting')).toBe(false);
});

it('keeps the last journals and every one that is still needed', () => {
  const ids = Array.from({ length: 6 }, (_, index) => `20261121T09300${index}Z-000000`);
  for (const [index, id] of ids.entries()) {
    const journal = createJournal(fs, world.journals, beginRecord(world, [], id));
    journal.append({ type: 'end', outcome: 'discarded', reason: null, code: null, by: 'engine', services: [], at: '' });
    // One whose books nobody has closed yet.
    if (index !== 1) journal.append({ type: 'settled', at: '' });
    journal.close();
  }
  fs.writeDurably(`${world.journals}/.x.journal.tmp-1-1`, 'left');
  pruneJournals(fs, world.journals, 2);
  expect(listJournals(fs, world.journals).map(({ summary }) => summary.begin.transaction)).toEqual([ids[1], ids[4], ids[5]]);
  expect(readdirSync(world.journals)).toHaveLength(3);
});
