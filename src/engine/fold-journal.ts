// What a journal's records add up to. Pure. The order of records is checked as strictly as their form: an impossible
// order is damage.
import type { BeginRecord, CrashAnswer, EndRecord, JournalRecord, ResumedRecord } from '../domain/journal.js';
import type { JournalledState } from '../domain/state.js';
import { CRASH_TABLE } from './crash-table.js';
import { journalDamage } from './journal-lines.js';

export interface JournalSummary {
  readonly begin: BeginRecord;
  /** `staging` from the begin on; after the end, its outcome. */
  readonly state: JournalledState;
  /** Of the last state record that had them: why it is being reverted. */
  readonly reason: string | null;
  readonly code: string | null;
  /** Steps 0 … started-1 have an intent, 0 … done-1 are complete. */
  readonly stepsStarted: number;
  readonly stepsDone: number;
  readonly undone: ReadonlySet<number>;
  /** Restarts during probation that count against max_restarts. */
  readonly restarts: number;
  /** The next restart is a person's and does not count. */
  readonly paused: boolean;
  /** Boot in which the rescue path noted a restart that no engine has taken up yet. */
  readonly openBoot: string | null;
  readonly end: EndRecord | null;
  readonly settled: boolean;
}

type Draft = { -readonly [Key in keyof JournalSummary]: JournalSummary[Key] } & { undone: Set<number> };

/** Undefined for a journal without records: the begin never reached the disk, so nothing had happened. */
export function foldJournal(records: readonly JournalRecord[], file: string): JournalSummary | undefined {
  const [begin, ...rest] = records;
  if (begin === undefined) return undefined;
  if (begin.type !== 'begin') throw journalDamage(file, 1, 'it does not begin with `begin`');
  const draft: Draft = {
    begin, state: 'staging', reason: null, code: null, stepsStarted: 0, stepsDone: 0, undone: new Set(), restarts: 0, paused: false, openBoot: null,
    end: null, settled: false,
  };
  for (const [index, record] of rest.entries()) {
    const why = apply(draft, record);
    if (why !== undefined) throw journalDamage(file, index + 2, why);
  }
  return draft;
}

export function crashAnswer(summary: JournalSummary): CrashAnswer {
  return summary.end === null ? CRASH_TABLE[summary.state] : 'nothing';
}

/**
 * What the end left to do: services nobody could start, and the books of all but a commit (which closes them before its end),
 * so that a version that failed its probes stays blocked wherever the power goes. The next start does it, and notes it.
 */
export function needsSettling({ end, settled }: JournalSummary): boolean {
  if (end === null || settled) return false;
  return end.by === 'recovery' || end.services.length > 0 || end.outcome !== 'committed';
}

/** @returns why the record cannot stand here */
function apply(draft: Draft, record: JournalRecord): string | undefined {
  if (draft.end !== null) return applyAfterEnd(draft, draft.end, record);
  switch (record.type) {
    case 'begin': return 'a second `begin`';
    case 'settled': return '`settled` before the end';
    case 'intent':
      if (record.step !== draft.stepsStarted || draft.stepsDone !== draft.stepsStarted || record.step >= draft.begin.plan.steps.length) return 'a step out of order';
      draft.stepsStarted += 1;
      return undefined;
    case 'done':
      if (record.step !== draft.stepsDone || draft.stepsDone + 1 !== draft.stepsStarted) return 'a step is done that was not begun';
      draft.stepsDone += 1;
      return undefined;
    case 'undone':
      if (record.step >= draft.stepsStarted) return 'a step is undone that was not begun';
      draft.undone.add(record.step);
      return undefined;
    case 'state':
      draft.state = record.state;
      draft.reason = record.reason ?? draft.reason;
      draft.code = record.code ?? draft.code;
      return undefined;
    case 'paused':
      draft.paused = true;
      return undefined;
    case 'resumed':
      applyResumed(draft, record);
      return undefined;
    case 'end':
      draft.end = record;
      draft.state = record.outcome;
      return undefined;
  }
}

/** Only `settled` follows an end; and `state reverting` a broken one, when a person asked for another try. */
function applyAfterEnd(draft: Draft, end: EndRecord, record: JournalRecord): string | undefined {
  if (record.type === 'settled') {
    draft.settled = true;
    return undefined;
  }
  if (record.type !== 'state' || record.state !== 'reverting' || end.outcome !== 'broken') return 'a record after the end';
  draft.end = null;
  draft.settled = false;
  draft.state = 'reverting';
  return undefined;
}

/** One restart leaves one record (daemon killed) or two (boot: first recovery, then the engine in the same boot). */
function applyResumed(draft: Draft, record: ResumedRecord): void {
  if (draft.openBoot !== record.boot_id) {
    if (!draft.paused) draft.restarts += 1;
    draft.paused = false;
  }
  draft.openBoot = record.by === 'recovery' ? record.boot_id : null;
}
