// What the rescue path could not do: restart services, close the books, go on with a probation. Runs under the lock, at each start.
import type { RemergeConfigParams } from '../decide/step-params.js';
import { journalDir } from '../domain/layout.js';
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
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

const NOTHING_MEASURED = { downtimeMs: null, durationMs: 0, bytesDownloaded: 0, bytesWritten: 0 } as const;

/**
 * Closes what recovery ended. A service that will not start does not keep the rest from being settled.
 * @param givenUp the version whose module a person no longer waits for
 */
export async function settleEnded(parts: EngineParts, givenUp?: string, close: CloseEnded = (books) => closeBooks(parts, books)): Promise<void> {
  for (const { path, summary } of findUnsettled(parts.fs, journalDir(parts.layout))) {
    if (summary.end === null) continue;
    if (summary.end.outcome === 'reverted') keepEdits(parts, summary);
    await undoModules(parts, summary, summary.end.programs ?? [], givenUp);
    await bringBack(parts, summary.begin, summary.end.services);
    const { outcome, code, reason } = summary.end;
    const books: Books = { journal: summary, outcome, code, reason, by: summary.end.by, ...NOTHING_MEASURED };
    close(books);
    const warnings = await tellOwed(parts, summary);
    if (warnings.length > 0) close({ ...books, warnings });
    const journal = openJournal(parts.fs, path);
    journal.append({ type: 'settled', at: stamp(parts.clock) });
    journal.close();
    // Until now the program that has to undo was kept.
    if (summary.end.programs !== undefined) prune(parts);
    parts.log.info('an interrupted transaction is settled', { transaction: summary.begin.transaction, outcome, reason: reason ?? '' });
  }
}

/** What a module has half applied is first of all: until it is undone, nothing else is begun. @throws module-undo */
async function undoModules(parts: EngineParts, { begin }: JournalSummary, programs: readonly number[], givenUp: string | undefined): Promise<void> {
  for (const index of [...programs].sort((a, b) => b - a)) {
    const step = begin.plan.steps[index];
    if (step?.name !== 'apply-module') continue;
    try {
      await runModule({ fs: parts.fs, modules: parts.modules, readTree: (directory) => parts.trees.read(directory) }, 'undo', step.params as unknown as ModuleCall);
    } catch (thrown) {
      const { version } = begin.plan.to;
      if (version === givenUp) { parts.log.warn(`the module of ${version} did not undo, and is given up on: ${toHoldlineError(thrown).message}`); continue; }
      throw new HoldlineError('module-undo', `cannot go on: the update to ${version} was taken back, but its module did not undo what it had applied: ${toHoldlineError(thrown).message}`, {
        hint: `Put right what the module names (is the device plugged in?): it is called again at each start and each check. To give up on it: holdline unblock ${version}.`, cause: thrown,
      });
    }
  }
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
