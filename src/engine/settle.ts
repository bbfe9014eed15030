// What the rescue path could not do: restart services, close the books, go on with a probation. Runs under the lock, at each start.
import type { RemergeConfigParams } from '../decide/step-params.js';
import { journalDir } from '../domain/layout.js';
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import type { BeginRecord } from '../domain/journal.js';
import type { ModuleCall } from '../domain/module.js';
import type { UpdateResult } from '../domain/results.js';
import { bringBack } from './bring-back.js';
import { closeBooks, type Books } from './close-books.js';
import type { JournalSummary } from './fold-journal.js';
import { findUnfinished, findUnsettled, openJournal } from './journal.js';
import type { EngineParts } from './parts.js';
import { keepWhatWasSetAside } from '../steps/remerge-config.js';
import { runModule } from '../steps/run-module.js';
import { prune } from './prune.js';
import { finishTransaction, makeRun } from './run-transaction.js';
import { stamp } from './run.js';
import { tellOwed } from './tell-owed.js';
import { resultOf } from './update-result.js';

/** Whose books a transaction is written into: one device's, or those of several that moved together. */
export type CloseEnded = (books: Books) => void;

/** How what has ended is settled; each absent: as for one device. */
export interface Settling {
  /** Does a person no longer wait for a module of this transaction? */
  readonly isGivenUp?: (begin: BeginRecord) => boolean;
  readonly close?: CloseEnded;
  /** Removes what was kept for a module to be undone. */
  readonly tidy?: (begin: BeginRecord) => void;
  /** Instead of a throw: what else has ended is settled all the same. */
  readonly onStuck?: (begin: BeginRecord, error: HoldlineError) => void;
}

const NOTHING_MEASURED = { downtimeMs: null, durationMs: 0, bytesDownloaded: 0, bytesWritten: 0 } as const;

/** Closes what recovery ended. A service that will not start does not keep the rest from being settled. @throws module-undo */
export async function settleEnded(parts: EngineParts, { isGivenUp = () => false, close = (books) => closeBooks(parts, books), tidy = () => prune(parts), onStuck }: Settling = {}): Promise<void> {
  for (const { path, summary } of findUnsettled(parts.fs, journalDir(parts.layout))) {
    const { begin, end } = summary;
    if (end === null) continue;
    if (end.outcome === 'reverted') keepEdits(parts, summary);
    const stuck = await undoModules(parts, summary, end.programs ?? []);
    if (stuck !== undefined && !isGivenUp(begin)) {
      if (onStuck === undefined) throw stuck;
      onStuck(begin, stuck);
      continue;
    }
    if (stuck !== undefined) parts.log.warn(`given up on by a person: ${stuck.message}`);
    await bringBack(parts, begin, end.services);
    const { outcome, code, reason } = end;
    const books: Books = { journal: summary, outcome, code, reason, by: end.by, ...NOTHING_MEASURED };
    close(books);
    const warnings = await tellOwed(parts, summary);
    if (warnings.length > 0) close({ ...books, warnings });
    const journal = openJournal(parts.fs, path);
    journal.append({ type: 'settled', at: stamp(parts.clock) });
    journal.close();
    // Until now the program that has to undo was kept.
    if (end.programs !== undefined) tidy(begin);
    parts.log.info('an interrupted transaction is settled', { transaction: begin.transaction, outcome, reason: reason ?? '' });
  }
}

/** What a module has half applied is first of all: until it is undone, nothing else is begun. Each is called. @returns of the first that did not undo */
async function undoModules(parts: EngineParts, { begin }: JournalSummary, programs: readonly number[]): Promise<HoldlineError | undefined> {
  let stuck: HoldlineError | undefined;
  for (const index of [...programs].sort((a, b) => b - a)) {
    const step = begin.plan.steps[index];
    if (step?.name !== 'apply-module') continue;
    try {
      await runModule({ fs: parts.fs, modules: parts.modules, readTree: (directory) => parts.trees.read(directory) }, 'undo', step.params as unknown as ModuleCall);
    } catch (thrown) {
      stuck ??= moduleUndo(begin, step.component, thrown);
    }
  }
  return stuck;
}

function moduleUndo(begin: BeginRecord, component: string | undefined, cause: unknown): HoldlineError {
  const { version } = begin.members?.find((member) => member.component === component)?.to ?? begin.plan.to;
  const [what, named] = component === undefined ? [version, version] : [`${component} ${version}`, `${version} --component ${component}`];
  return new HoldlineError('module-undo', `cannot go on: the update to ${what} was taken back, but its module did not undo what it had applied: ${toHoldlineError(cause).message}`, {
    hint: `Put right what the module names (is the device plugged in?): it is called again at each start and each check. To give up on it: holdline unblock ${named}.`, cause,
  });
}

/** The rescue path merges nothing: it sets the undone version's config aside, of each that moved. Before the services start, so that they read it. */
function keepEdits({ fs, log }: EngineParts, { begin }: JournalSummary): void {
  for (const { component, params } of begin.plan.steps.filter(({ name }) => name === 'remerge-config')) {
    try {
      keepWhatWasSetAside({ fs, log }, params as RemergeConfigParams);
    } catch (thrown) {
      const error = toHoldlineError(thrown);
      const what = component === undefined ? begin.plan.to.version : `${component} ${begin.members?.find((member) => member.component === component)?.to.version ?? ''}`;
      log.error(`what was edited in the config while ${what} was on probation could not be brought back: ${error.message}`, { code: error.code });
    }
  }
}

/** Goes on with a probation that a kill, a crash or a reboot cut off. Undefined where there is none. */
export async function resumeProbation(parts: EngineParts, signal: AbortSignal, close: CloseEnded = (books) => closeBooks(parts, books)): Promise<UpdateResult | undefined> {
  const [open] = findUnfinished(parts.fs, journalDir(parts.layout)).filter(({ summary }) => summary.state === 'probing');
  if (open === undefined) return undefined;
  const begunMs = parts.clock.monotonicMs();
  const journal = openJournal(parts.fs, open.path);
  journal.append({ type: 'resumed', boot_id: parts.bootId, by: 'engine', at: stamp(parts.clock) });
  const { plan } = journal.begin;
  parts.log.info('probation goes on', { version: plan.to.version, transaction: journal.begin.transaction });
  const noStaging = (): Promise<never> => Promise.reject(new Error('nothing is staged in probation'));
  const run = makeRun(parts, journal, noStaging, signal);
  // The services were brought up by the boot, the daemon or systemd; one that is not there now is found by the probes.
  const end = await finishTransaction(parts, run, (facts) => close({ ...facts, journal, ...NOTHING_MEASURED, warnings: run.context.results.warnings, durationMs: parts.clock.monotonicMs() - begunMs }), signal);
  return resultOf(plan, end, { durationMs: parts.clock.monotonicMs() - begunMs, bytesDownloaded: 0 });
}
