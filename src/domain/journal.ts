// The records of a journal: `<state_dir>/journal/<transaction>.journal`, lines of `sha256<TAB>json`.
// Both readers (engine/ and recovery/) are held against the same golden files.
import type { JournalledState } from './state.js';
import type { Plan, VersionReference } from './plan.js';

export interface BeginRecord {
  readonly type: 'begin';
  readonly format: 1;
  /** `20261121T093000Z-1a2b3c`: sorts by time of begin. */
  readonly transaction: string;
  readonly app: string;
  readonly install_dir: string;
  readonly state_dir: string;
  readonly at: string;
  readonly actor: string;
  readonly plan: Plan;
  /** Components that commit or revert as one; absent: one device, the plan's own `from` and `to` are all. */
  readonly members?: readonly JournalMember[] | undefined;
}
export interface JournalMember {
  readonly component: string;
  readonly install_dir: string;
  readonly state_dir: string;
  readonly from: VersionReference | null;
  readonly to: VersionReference;
  /** It goes back only because this version of another one was withdrawn; `reason`: one sentence, for its block. */
  readonly went_with?: { readonly component: string; readonly version: string; readonly reason: string } | undefined;
}
/** Intent: the step with this index of the plan is about to run. */
export interface IntentRecord { readonly type: 'intent'; readonly step: number; readonly at: string }
export interface DoneRecord { readonly type: 'done'; readonly step: number; readonly at: string }
/** The transaction enters this state. */
export interface StateRecord { readonly type: 'state'; readonly state: JournalledState; readonly reason?: string | undefined; readonly code?: string | undefined; readonly at: string }
/**
 * A probation goes on after a restart. The rescue path at boot writes one (`by: recovery`); the engine that then takes
 * the probation up in the same boot writes another, and the two count as one restart.
 */
export interface ResumedRecord { readonly type: 'resumed'; readonly boot_id: string; readonly by?: 'engine' | 'recovery' | undefined; readonly at: string }
/** The updater was asked to stop during probation (a person's reboot): the next `resumed` does not count. */
export interface PausedRecord { readonly type: 'paused'; readonly at: string }
export interface UndoneRecord { readonly type: 'undone'; readonly step: number; readonly at: string }
/**
 * The end. `services` lists what still has to be restarted by somebody who can (the rescue path cannot): the
 * next start of daemon or CLI does it and appends `settled`.
 */
export interface EndRecord {
  readonly type: 'end';
  readonly outcome: 'committed' | 'discarded' | 'reverted' | 'broken';
  readonly reason: string | null;
  /** An error code; `health-failed` blocks the version. */
  readonly code: string | null;
  readonly by: 'engine' | 'recovery';
  readonly services: readonly string[];
  /**
   * Indexes of the steps whose program the next start has still to call; absent: none. A module's undoes what it applied, before the
   * services; a hook that is only told how it ended is told after them.
   */
  readonly programs?: readonly number[] | undefined;
  readonly at: string;
}
export interface SettledRecord { readonly type: 'settled'; readonly at: string }

export type JournalRecord =
  | BeginRecord | IntentRecord | DoneRecord | StateRecord | ResumedRecord | PausedRecord | UndoneRecord | EndRecord | SettledRecord;

/** What happens to a transaction found after a crash. */
export type CrashAnswer = 'resume' | 'revert' | 'finish' | 'nothing';
