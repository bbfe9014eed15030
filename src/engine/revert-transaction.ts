// Ends a transaction the other way: undoes its steps in reverse, the interrupted one included. From the plan's own plain
// operations, so that the rescue path could take over at any point. Also the good end: commitTransaction.
import { dirname } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { EndRecord } from '../domain/journal.js';
import type { PlanStep } from '../domain/plan.js';
import type { Waiting } from '../domain/state.js';
import { CRASH_TABLE } from './crash-table.js';
import { pruneJournals } from './journal.js';
import { stamp, type Run } from './run.js';
import { undoOperation } from './undo-operation.js';

const UNDO_TRIES = 3;

export interface Why { readonly code: string; readonly reason: string }

export interface Ended {
  readonly outcome: 'discarded' | 'reverted' | 'broken';
  readonly code: string;
  readonly reason: string;
  /** What began it, where it was an error. */
  readonly error?: HoldlineError | undefined;
  /** What went wrong while undoing: for `broken` the cause, for `reverted` services that did not start again. */
  readonly trouble: HoldlineError | null;
  /** Why the switch was not begun, where it was nobody's failure. */
  readonly waiting?: Waiting | undefined;
  /** False where the disk took no end record: the next start's recovery goes through it again. */
  readonly recorded: boolean;
}

/** From switching on. The state record with the reason comes first: whatever happens next, the answer is to undo. */
export async function revertTransaction<Context>(run: Run<Context>, why: Why): Promise<Ended> {
  const { journal, clock } = run;
  attempt(() => journal.releaseReserve());
  run.report({ type: 'state', state: 'reverting', detail: why.reason });
  const { state } = journal.summary();
  if (state !== 'reverting') {
    const refused = attempt(() => journal.append({ type: 'state', state: 'reverting', code: why.code, reason: why.reason, at: stamp(clock) }));
    // Undone all the same where a crash now would be answered by undoing; in probation it would be resumed on a half-undone device.
    if (refused !== null && CRASH_TABLE[state] !== 'revert') {
      return { outcome: 'broken', ...why, trouble: refused, recorded: false };
    }
  }
  run.audit?.note({ event: 'reverting', reason: why.reason, facts: { transaction: journal.begin.transaction, code: why.code } });
  const undone = await undoSteps(run);
  return finish(run, undone.broken === null ? 'reverted' : 'broken', why, undone);
}

/** Before the switch: the device runs what it ran, only our own work is cleared away. */
export async function discardTransaction<Context>(run: Run<Context>, why: Why): Promise<Ended> {
  attempt(() => run.journal.releaseReserve());
  const undone = await undoSteps(run);
  return finish(run, undone.broken === null ? 'discarded' : 'broken', why, undone);
}

/**
 * Makes the new version final. Throws when the state record could not be made durable: then the transaction is still what it
 * was, and probation goes on at the next start. `afterwards` (state, history, pruning) is repeated by the next start when it fails.
 * @returns what failed after the commit, for a warning: the new version stands
 */
export async function commitTransaction<Context>(run: Run<Context>, afterwards: () => void | Promise<void>): Promise<HoldlineError | null> {
  const { journal, clock } = run;
  if (journal.summary().state !== 'committed') journal.append({ type: 'state', state: 'committed', at: stamp(clock) });
  run.report({ type: 'state', state: 'committed' });
  try {
    await afterwards();
    attempt(() => journal.releaseReserve());
    journal.append(endRecord('committed', null, { services: [], programs: [] }, stamp(clock)));
    return null;
  } catch (thrown) {
    return explainFsError(thrown, 'tidy up after the update; the next start does it');
  } finally {
    tidy(run);
  }
}

/** @returns whether anybody was told that the new version is final */
export async function tellCommitted<Context>(run: Run<Context>): Promise<boolean> {
  let told = false;
  for (const planned of run.journal.begin.plan.steps) {
    const tell = run.steps[planned.name]?.tell;
    if (tell === undefined) continue;
    await tell(run.contextOf?.(planned) ?? run.context, planned.params as never);
    told = true;
  }
  return told;
}

interface Undone {
  readonly broken: HoldlineError | null;
  readonly services: HoldlineError | null;
  /** Steps whose module did not undo, and hooks that are told when it has. */
  readonly programs: readonly number[];
}

async function undoSteps<Context>(run: Run<Context>): Promise<Undone> {
  const { journal } = run;
  const { stepsStarted, undone, begin } = journal.summary();
  let broken: HoldlineError | null = null;
  let services: HoldlineError | null = null;
  const programs: number[] = [];
  for (let index = stepsStarted - 1; index >= 0; index -= 1) {
    const step = begin.plan.steps[index];
    if (step === undefined || undone.has(index)) continue;
    // That the old version is back is told when it is: by who puts right what could not be undone here.
    const isTooEarly = step.name === 'call-after-revert' && (broken !== null || programs.length > 0);
    const failed = isTooEarly ? null : await undoServices(run, step);
    if (failed !== null && step.name === 'apply-module') programs.push(index);
    if (isTooEarly && broken === null) programs.push(index);
    services = failed ?? services;
    // After a failure only services are still looked after: a later operation could take away what the device now runs from.
    broken ??= undoFiles(run, step);
    if (broken === null) attempt(() => journal.append({ type: 'undone', step: index, at: stamp(run.clock) }));
  }
  return { broken, services, programs };
}

async function undoServices<Context>(run: Run<Context>, planned: PlanStep): Promise<HoldlineError | null> {
  try {
    await run.steps[planned.name]?.undo?.(run.contextOf?.(planned) ?? run.context, planned.params as never);
    return null;
  } catch (thrown) {
    const error = explainFsError(thrown, `undo: ${planned.summary}`);
    run.log.error(error.message, { step: planned.name, code: error.code });
    return error;
  }
}

/** Tried again at once, since each operation is idempotent: one bad moment of a disk must not leave a device for a person. */
function undoFiles<Context>(run: Run<Context>, planned: PlanStep, triesLeft: number = UNDO_TRIES): HoldlineError | null {
  try {
    for (const operation of planned.undo) undoOperation(run.fs, operation);
    return null;
  } catch (thrown) {
    if (triesLeft > 1) return undoFiles(run, planned, triesLeft - 1);
    const error = new HoldlineError('broken', `cannot undo "${planned.summary}": ${explainFsError(thrown, 'change the files back').message}`, {
      hint: 'Look at the disk (dmesg, df), then run `holdline recover --again`.', cause: thrown, context: { step: planned.name },
    });
    run.log.error(error.message, { step: planned.name });
    return error;
  }
}

function finish<Context>(run: Run<Context>, outcome: Ended['outcome'], why: Why, { broken, services, programs }: Undone): Ended {
  const { journal, clock } = run;
  // Old services that did not start again are tried once more at the next start.
  const waiting = services === null ? [] : journal.begin.plan.services;
  const trouble = broken ?? services;
  const reason = trouble === null ? why.reason : `${why.reason}; then ${trouble.message}`;
  const refused = attempt(() => journal.append(endRecord(outcome, { code: why.code, reason }, { services: waiting, programs }, stamp(clock))));
  run.report({ type: 'state', state: outcome, detail: reason });
  tidy(run);
  return { outcome, code: why.code, reason, trouble, recorded: refused === null };
}

function endRecord(outcome: EndRecord['outcome'], why: Why | null, left: { readonly services: readonly string[]; readonly programs: readonly number[] }, at: string): EndRecord {
  const programs = left.programs.length === 0 ? {} : { programs: left.programs };
  return { type: 'end', outcome, reason: why?.reason ?? null, code: why?.code ?? null, by: 'engine', services: left.services, ...programs, at };
}

function tidy<Context>(run: Run<Context>): void {
  const { journal, fs } = run;
  attempt(() => journal.close());
  attempt(() => pruneJournals(fs, dirname(journal.path)));
}

/** For what may fail without changing what comes next. */
function attempt(action: () => void): HoldlineError | null {
  try {
    action();
    return null;
  } catch (thrown) {
    return explainFsError(thrown, 'tidy up');
  }
}
