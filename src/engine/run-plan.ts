// Carries out a plan: state record, then per step intent, do, done, each durable before the next. On an error it undoes.
// It returns after the last step; the caller watches the probation, then calls commitTransaction or revertTransaction.
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { JournalledStepState, PlanStep } from '../domain/plan.js';
import type { JournalledState, Waiting } from '../domain/state.js';
import { discardTransaction, revertTransaction, type Ended } from './revert-transaction.js';
import { stamp, type Run } from './run.js';

export type PlanOutcome = { readonly outcome: 'switched' } | Ended;

const STEP_STATES: readonly JournalledStepState[] = ['staging', 'preparing', 'ready', 'switching'];

export async function runPlan<Context>(run: Run<Context>): Promise<PlanOutcome> {
  const { journal } = run;
  try {
    assertRunnable(run);
    for (const state of STEP_STATES) {
      run.report({ type: 'state', state });
      assertNotAborted(run.signal);
      const waiting = state === 'switching' ? await run.admitSwitch?.() ?? null : null;
      if (waiting !== null) return await discardFor(run, waiting);
      enterState(run, state);
      await runSteps(run, state);
    }
    return { outcome: 'switched' };
  } catch (thrown) {
    const error = errorOf(thrown, run.signal, journal.summary().state);
    // A step that only the word of a module or hook keeps from going on: it comes before the switch.
    if (error.code === 'module-not-now' || error.code === 'hook-not-now') return discardFor(run, { reason: 'hold', detail: error.message, until: null });
    run.log.warn(error.message, { code: error.code, transaction: journal.begin.transaction });
    const why = { code: error.code, reason: error.message };
    const ended = journal.summary().state === 'switching' ? await revertTransaction(run, why) : await discardTransaction(run, why);
    return { ...ended, error };
  }
}

/** Waiting is no error: nothing has changed, and it is tried again. */
async function discardFor<Context>(run: Run<Context>, waiting: Waiting): Promise<Ended> {
  return { ...await discardTransaction(run, { code: waiting.reason, reason: waiting.detail }), waiting };
}

/** Writes the state where it is a new one, then tells it. */
export function enterState<Context>(run: Pick<Run<Context>, 'journal' | 'clock'>, state: JournalledState): void {
  if (run.journal.summary().state !== state) run.journal.append({ type: 'state', state, at: stamp(run.clock) });
}

/** SIGTERM during probation: the next start goes on with it, and this restart does not count. */
export function pauseProbation<Context>(run: Pick<Run<Context>, 'journal' | 'clock'>): void {
  run.journal.append({ type: 'paused', at: stamp(run.clock) });
}

async function runSteps<Context>(run: Run<Context>, state: JournalledStepState): Promise<void> {
  for (const [index, planned] of run.journal.begin.plan.steps.entries()) {
    if (planned.state !== state) continue;
    if (state !== 'switching') assertNotAborted(run.signal);
    await runStep(run, index, planned);
  }
}

async function runStep<Context>(run: Run<Context>, index: number, planned: PlanStep): Promise<void> {
  const { journal, clock } = run;
  run.log.debug(planned.summary, { step: planned.name });
  journal.append({ type: 'intent', step: index, at: stamp(clock) });
  try {
    await run.steps[planned.name]?.do(run.contextOf?.(planned) ?? run.context, planned.params as never);
  } catch (thrown) {
    throw explainFsError(thrown, planned.summary);
  }
  journal.append({ type: 'done', step: index, at: stamp(clock) });
  run.audit?.note({ event: 'step', facts: { transaction: journal.begin.transaction, step: planned.name, summary: planned.summary } });
}

/** Everything that can be known to be wrong is, before the first step. */
function assertRunnable<Context>(run: Run<Context>): void {
  const { steps } = run.journal.begin.plan;
  const missing = steps.find((step) => run.steps[step.name] === undefined);
  if (missing !== undefined) throw new HoldlineError('internal', `cannot run the plan: there is no step ${missing.name}`);
  const order = steps.map((step) => STEP_STATES.indexOf(step.state));
  if (order.some((place, index) => index > 0 && place < (order[index - 1] ?? 0))) throw new HoldlineError('internal', 'cannot run the plan: its steps are not in the order of the states');
}

function assertNotAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted(signal.reason);
}

function interrupted(cause: unknown): HoldlineError {
  return new HoldlineError('interrupted', 'cannot finish: holdline was asked to stop; nothing on the device has changed', { hint: 'Run the update again; what is downloaded is kept.', cause });
}

/** Before the switch an abort shows as whatever the interrupted step threw. */
function errorOf(thrown: unknown, signal: AbortSignal, state: JournalledState): HoldlineError {
  if (signal.aborted && state !== 'switching') return thrown instanceof HoldlineError && thrown.code === 'interrupted' ? thrown : interrupted(thrown);
  return toHoldlineError(thrown);
}
