// One transaction from its begin to its end: plan, journal, steps, probation, commit or revert, books.
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import { journalDir } from '../domain/layout.js';
import type { Plan } from '../domain/plan.js';
import type { Waiting } from '../domain/state.js';
import { createStepResults, type ServiceSwitch, type Stage, type StepContext, type StepResults } from '../steps/context.js';
import { STEPS } from '../steps/registry.js';
import { closeBooks, type Books } from './close-books.js';
import { createJournal, newTransactionId, type Journal } from './journal.js';
import type { EngineParts } from './parts.js';
import { commitTransaction, revertTransaction, tellCommitted, type Ended, type Why } from './revert-transaction.js';
import { enterState, pauseProbation, runPlan } from './run-plan.js';
import { stamp, type Run } from './run.js';
import { seeProcesses } from './seen-processes.js';

export interface Transaction {
  readonly id: string;
  readonly plan: Plan;
  readonly stage: Stage;
  readonly bytesDownloaded: number;
  /** Monotonic milliseconds when the job began. */
  readonly begunMs: number;
  /** The second look, right before the switch. */
  readonly admitSwitch?: Run<StepContext>['admitSwitch'];
}

export interface TransactionEnd {
  /** `paused`: after the switch, asked to stop or the disk took no commit; the next start goes on with the probation. */
  readonly outcome: 'committed' | 'paused' | Ended['outcome'];
  readonly code: string | null;
  readonly reason: string | null;
  readonly error: HoldlineError | undefined;
  readonly waiting?: Waiting | undefined;
  readonly results: StepResults;
  readonly downtimeMs: number | null;
}

/** `20261121T093000Z-1a2b3c`: journals sort by it. */
export function transactionId(parts: Pick<EngineParts, 'clock' | 'random' | 'fs' | 'layout'>): string {
  return newTransactionId(parts.fs, journalDir(parts.layout), parts.clock, parts.random());
}

export async function runTransaction(parts: EngineParts, transaction: Transaction, signal: AbortSignal): Promise<TransactionEnd> {
  const { fs, layout, settings, clock, actor } = parts;
  const journal = createJournal(fs, journalDir(layout), {
    type: 'begin', format: 1, transaction: transaction.id, app: settings.app, install_dir: layout.installDir, state_dir: layout.stateDir,
    at: clock.now().toISOString(), actor, plan: transaction.plan,
  });
  const { kind, from, to } = transaction.plan;
  parts.audit.note({ event: 'begun', facts: { transaction: transaction.id, kind, from: from?.version ?? null, to: to.version, directory: to.directory } });
  const run = { ...makeRun(parts, journal, transaction.stage, signal), admitSwitch: transaction.admitSwitch };
  const { results } = run.context;
  return carryOut(parts, run, (end) => closeBooks(parts, {
    ...end, journal, downtimeMs: downtimeOf(results), durationMs: clock.monotonicMs() - transaction.begunMs, bytesDownloaded: transaction.bytesDownloaded, bytesWritten: results.bytesWritten,
    warnings: results.warnings,
  }), signal);
}

export type EndFacts = Pick<Books, 'outcome' | 'code' | 'reason' | 'by' | 'waiting' | 'seen'>;
/** Writes down how it ended; repeated by the next start when it throws. */
export type CloseBooks = (end: EndFacts) => void;

/** From the first step on. */
export async function carryOut(parts: EngineParts, run: Run<StepContext>, close: CloseBooks, signal: AbortSignal): Promise<TransactionEnd> {
  const switched = await runPlan(run);
  if (switched.outcome === 'switched') return finishTransaction(parts, run, close, signal);
  settleEnd(parts, run.journal, () => close({ outcome: switched.outcome, code: switched.code, reason: switched.reason, waiting: switched.waiting, by: 'engine' }));
  return endOf(switched, run.context.results);
}

/** After the switch, now or resumed at the next start. */
export async function finishTransaction(parts: EngineParts, run: Run<StepContext>, close: CloseBooks, signal: AbortSignal): Promise<TransactionEnd> {
  const { plan, at } = run.journal.begin;
  const { results } = run.context;
  if (plan.kind !== 'adopt') {
    const refused = enterProbation(run);
    // A crash now is answered by undoing, so we do not wait for it.
    if (refused !== undefined) return revert(parts, run, close, { code: refused.code, reason: refused.message });
    parts.report({ type: 'state', state: 'probing' });
    const verdict = await parts.watch(plan.services, { ...plan.probation, compareBefore: plan.kind === 'update' ? at : null }, signal);
    if (verdict.verdict === 'interrupted') {
      pauseProbation(run);
      run.journal.close();
      return { outcome: 'paused', code: 'interrupted', reason: 'asked to stop during probation; the next start goes on watching', error: undefined, results, downtimeMs: downtimeOf(results) };
    }
    if (verdict.verdict === 'failed') return revert(parts, run, close, { code: 'health-failed', reason: verdict.reason ?? 'a probe failed' });
  }
  return commit(parts, run, close);
}

function enterProbation(run: Run<StepContext>): HoldlineError | undefined {
  try {
    enterState(run, 'probing');
    return undefined;
  } catch (thrown) {
    return toHoldlineError(thrown);
  }
}

async function revert(parts: EngineParts, run: Run<StepContext>, close: CloseBooks, why: Why): Promise<TransactionEnd> {
  const ended = await revertTransaction(run, why);
  settleEnd(parts, run.journal, () => close({ outcome: ended.outcome, code: ended.code, reason: ended.reason, by: 'engine' }));
  return endOf(ended, run.context.results);
}

async function commit(parts: EngineParts, run: Run<StepContext>, close: CloseBooks): Promise<TransactionEnd> {
  const { journal: { begin: { plan } }, context: { results } } = run;
  const seen = await seeProcesses(parts);
  try {
    const books = { outcome: 'committed', code: null, reason: null, by: 'engine', seen } as const;
    const trouble = await commitTransaction(run, async () => {
      close(books);
      // What the told ones answer comes into books that are safe already.
      if (await tellCommitted(run)) close(books);
    });
    if (trouble !== null) parts.log.warn(`the update is final, but ${trouble.message}`, { code: trouble.code });
    return { outcome: 'committed', code: null, reason: null, error: undefined, results, downtimeMs: downtimeOf(results) };
  } catch (thrown) {
    // An adoption without its commit is undone by the next start; what is on probation is not: it would be no failure that changed nothing.
    if (plan.kind === 'adopt') throw thrown;
    const error = toHoldlineError(thrown);
    const reason = `${plan.to.version} runs and is good, but that could not be written down (${error.message}); the next start goes on watching`;
    parts.log.error(reason, { code: error.code });
    return { outcome: 'paused', code: error.code, reason, error: undefined, results, downtimeMs: downtimeOf(results) };
  }
}

/** After an end that is no commit; what cannot be written now is written at the next start. */
function settleEnd(parts: EngineParts, journal: Journal, close: () => void): void {
  try {
    close();
    const { end } = journal.summary();
    if (end === null || end.services.length > 0 || (end.programs?.length ?? 0) > 0) return;
    journal.append({ type: 'settled', at: stamp(parts.clock) });
  } catch (thrown) {
    parts.log.warn('what happened could not be written down; the next start does it', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  } finally {
    journal.close();
  }
}

export function makeRun(parts: EngineParts, journal: Journal, stage: Stage, signal: AbortSignal): Run<StepContext> {
  const { fs, clock, report, log, audit } = parts;
  return { journal, fs, clock, report, log, audit, signal, steps: STEPS, context: makeContext(parts, stage) };
}

export function makeContext(parts: EngineParts, stage: Stage): StepContext {
  const { fs, clock, layout, report, log, trees, modules, hooks } = parts;
  return { fs, clock, layout, report, log, services: serviceSwitch(parts), stage, modules, hooks, readTree: (directory) => trees.read(directory), results: createStepResults() };
}

/** Names to services: a name the settings no longer know is skipped with a note, its unit is no longer ours. */
export function serviceSwitch({ settings, services, log, look }: Pick<EngineParts, 'settings' | 'services' | 'log' | 'look'>): ServiceSwitch {
  const each = async (names: readonly string[], act: 'start' | 'stop' | 'reload'): Promise<void> => {
    for (const name of names) {
      const service = settings.services.find((s) => s.name === name);
      if (service === undefined) log.warn(`cannot ${act} ${name}: the settings no longer name it`);
      else await services[act](service);
    }
  };
  return {
    start: (names) => each(names, 'start'), stop: (names) => each(names, 'stop'), reload: (names) => each(names, 'reload'),
    // After the switch nothing is interrupted any more: it is finished or reverted.
    look: async (name, rules) => {
      const { verdict, reason } = await look(name, rules, new AbortController().signal);
      if (verdict !== 'healthy') throw new HoldlineError('health-failed', `cannot go on after ${name}: ${reason ?? 'it is not well'}`, { context: { service: name } });
    },
  };
}

export function downtimeOf(results: StepResults): number | null {
  return results.stoppedAtMs === null || results.startedAtMs === null ? null : Math.round(results.startedAtMs - results.stoppedAtMs);
}

function endOf(ended: Ended, results: StepResults): TransactionEnd {
  return { outcome: ended.outcome, code: ended.code, reason: ended.reason, error: ended.error, waiting: ended.waiting, results, downtimeMs: downtimeOf(results) };
}
