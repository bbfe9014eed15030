// What the rescue path could not do: restart services, close the books, go on with a probation. Runs under the lock, at each start.
import { journalDir } from '../domain/layout.js';
import { toHoldlineError } from '../domain/errors.js';
import type { UpdateResult } from '../domain/results.js';
import { closeBooks, type Books } from './close-books.js';
import type { JournalSummary } from './fold-journal.js';
import { findUnfinished, findUnsettled, openJournal } from './journal.js';
import type { EngineParts } from './parts.js';
import { finishTransaction, makeRun, serviceSwitch } from './run-transaction.js';
import { stamp } from './run.js';
import { resultOf } from './update-result.js';

const NOTHING_MEASURED = { downtimeMs: null, durationMs: 0, bytesDownloaded: 0, bytesWritten: 0 } as const;

/** Closes what recovery ended. A service that will not start does not keep the rest from being settled. */
export async function settleEnded(parts: EngineParts): Promise<void> {
  for (const { path, summary } of findUnsettled(parts.fs, journalDir(parts.layout))) {
    if (summary.end === null) continue;
    await restartServices(parts, summary, summary.end.services);
    const { outcome, code, reason } = summary.end;
    closeBooks(parts, { journal: summary, outcome, code, reason, by: summary.end.by, ...NOTHING_MEASURED });
    const journal = openJournal(parts.fs, path);
    journal.append({ type: 'settled', at: stamp(parts.clock) });
    journal.close();
    parts.log.info('an interrupted transaction is settled', { transaction: summary.begin.transaction, outcome, reason: reason ?? '' });
  }
}

async function restartServices(parts: EngineParts, summary: JournalSummary, names: readonly string[]): Promise<void> {
  const services = serviceSwitch(parts);
  try {
    // They may run from the tree that was just taken away: stop is what makes start mean the right tree.
    await services.stop(names.toReversed());
    await services.start(names);
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    parts.log.error(`a service did not come back after ${summary.begin.transaction}: ${error.message}`, { code: error.code });
  }
}

/** Goes on with a probation that a kill, a crash or a reboot cut off. Undefined where there is none. */
export async function resumeProbation(parts: EngineParts, signal: AbortSignal): Promise<UpdateResult | undefined> {
  const [open] = findUnfinished(parts.fs, journalDir(parts.layout)).filter(({ summary }) => summary.state === 'probing');
  if (open === undefined) return undefined;
  const begunMs = parts.clock.monotonicMs();
  const journal = openJournal(parts.fs, open.path);
  journal.append({ type: 'resumed', boot_id: parts.bootId, by: 'engine', at: stamp(parts.clock) });
  const { plan } = journal.begin;
  parts.log.info('probation goes on', { version: plan.to.version, transaction: journal.begin.transaction });
  const noStaging = (): Promise<never> => Promise.reject(new Error('nothing is staged in probation'));
  const run = makeRun(parts, journal, noStaging, signal);
  const books = (end: Pick<Books, 'outcome' | 'code' | 'reason' | 'by'>): Books => ({ ...end, journal, ...NOTHING_MEASURED, durationMs: parts.clock.monotonicMs() - begunMs });
  // The services were brought up by the boot, the daemon or systemd; one that is not there now is found by the probes.
  const end = await finishTransaction(parts, run, books, signal);
  return resultOf(plan, end, { durationMs: parts.clock.monotonicMs() - begunMs, bytesDownloaded: 0 });
}
