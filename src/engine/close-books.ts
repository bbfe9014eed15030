// What is written down when a transaction has ended: floor, blocked versions, history; then what is no longer needed is removed.
// Idempotent by transaction: a crash in the middle has it done again at the next start.
import semver from 'semver';
import { olderProcesses, type SeenProcesses } from '../decide/older-processes.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { JournalMember } from '../domain/journal.js';
import type { HistoryEntry } from '../domain/results.js';
import { WAITING_REASONS, type Blocked, type DeviceState, type Waiting } from '../domain/state.js';
import { changeDeviceState } from './device-state.js';
import { addWarnings, appendHistory, readHistory } from './history.js';
import type { Journal } from './journal.js';
import type { EngineParts } from './parts.js';
import { prune } from './prune.js';
import { readLeftAlone } from './read-left-alone.js';

export interface Books {
  readonly journal: Pick<Journal, 'begin'>;
  readonly outcome: HistoryEntry['outcome'];
  readonly code: string | null;
  readonly reason: string | null;
  /** Where the switch was not begun because something came up meanwhile. */
  readonly waiting?: Waiting | undefined;
  readonly by: 'engine' | 'recovery';
  readonly downtimeMs: number | null;
  readonly durationMs: number;
  readonly bytesDownloaded: number;
  readonly bytesWritten: number;
  /** Of hooks that were told how it ended; absent: none. */
  readonly warnings?: readonly string[] | undefined;
  /** It only went back with another component. */
  readonly wentWith?: JournalMember['went_with'];
  /** Absent: nobody could be asked. */
  readonly seen?: SeenProcesses | undefined;
}

/** A version whose update was cut off this often, without a verdict, is not tried again. */
const MAX_INTERRUPTED = 3;
/** The new version itself is at fault: it is blocked. Everything else may have been the device or the hour. */
const VERDICTS: ReadonlySet<string> = new Set(['health-failed', 'service-start', 'module-failed', 'hook-failed']);
export const ROLLED_BACK_BY_HAND = 'rolled back by hand';

export function closeBooks(parts: EngineParts, books: Books): void {
  try {
    writeBooks(parts, books);
  } catch (thrown) {
    throw explainFsError(thrown, 'write down how the transaction ended');
  }
  if (books.outcome !== 'broken') prune(parts);
}

function writeBooks(parts: EngineParts, books: Books): void {
  const { fs, layout, clock } = parts;
  const { begin } = books.journal;
  const { plan } = begin;
  const at = clock.now().toISOString();
  const known = readHistory(fs, layout, Number.MAX_SAFE_INTEGER).some((e) => e.transaction === begin.transaction);
  if (!known) {
    changeDeviceState(fs, layout, (state) => ({ ...nextState(state, books, at), older_processes: nextOlder(state, parts, books) }));
    parts.audit.note({ event: books.outcome, reason: books.reason, facts: { transaction: begin.transaction, kind: plan.kind, from: plan.from?.version ?? null, to: plan.to.version, code: books.code, by: books.by } });
    appendHistory(fs, layout, {
      at, transaction: begin.transaction, kind: plan.kind, outcome: books.outcome, from: plan.from?.version ?? null, to: plan.to.version, reason: books.reason,
      actor: begin.actor, downtime_ms: books.downtimeMs, duration_ms: Math.round(books.durationMs), bytes_downloaded: books.bytesDownloaded, bytes_written: books.bytesWritten,
    });
  }
  noteWarnings(parts, books);
}

/** Also into books that were closed before. */
function noteWarnings({ fs, layout, audit }: EngineParts, { journal: { begin: { transaction } }, warnings = [] }: Books): void {
  for (const reason of addWarnings(fs, layout, transaction, warnings)) audit.note({ event: 'hook-warned', reason, facts: { transaction } });
}

function nextOlder({ older_processes: before }: DeviceState, { settings, fs }: EngineParts, { outcome, journal, seen }: Books): DeviceState['older_processes'] {
  const { plan } = journal.begin;
  return outcome === 'committed' && plan.kind !== 'adopt' ? olderProcesses(before, plan, settings.services, seen ?? null, readLeftAlone(fs, plan)) : before;
}

/** Pure. */
export function nextState(before: DeviceState, books: Books, at: string): DeviceState {
  const { kind, to } = books.journal.begin.plan;
  const switched = kind !== 'adopt' && books.outcome !== 'discarded';
  const state: DeviceState = switched ? { ...before, last_applied: { version: to.version, at, outcome: books.outcome } } : before;
  if (books.outcome === 'committed') return kind === 'adopt' ? state : committed(state, books, at);
  const waiting = books.outcome === 'discarded' ? waitingOf(books) : undefined;
  if (waiting !== undefined) return { ...state, waiting, held_since: waiting.reason === 'hold' ? state.held_since ?? at : null };
  const error = { code: books.code ?? 'internal', message: books.reason ?? 'no reason was recorded', at };
  const next: DeviceState = { ...state, last_error: error };
  if (kind !== 'update') return next;
  if (books.outcome === 'reverted' && books.code !== null && VERDICTS.has(books.code)) return block(next, to.version, books.reason ?? books.code, at);
  if (books.by !== 'recovery') return next;
  const times = (state.interrupted[to.version] ?? 0) + 1;
  const counted = { ...next, interrupted: { ...state.interrupted, [to.version]: times } };
  return times >= MAX_INTERRUPTED ? block(counted, to.version, `interrupted ${times} times without a verdict (power cuts or kills)`, at) : counted;
}

/** What was closed after a crash knows the reason, not its end. */
function waitingOf({ waiting, code, reason }: Books): Waiting | undefined {
  if (waiting !== undefined) return waiting;
  const known = WAITING_REASONS.find((word) => word === code);
  return known === undefined ? undefined : { reason: known, detail: reason ?? known, until: null };
}

function committed(state: DeviceState, { journal: { begin: { plan } }, wentWith }: Books, at: string): DeviceState {
  const { kind, to: { version: to } } = plan;
  const from = plan.from?.version ?? null;
  const { [to]: _done, ...interrupted } = state.interrupted;
  const highest = state.highest_version === null || semver.gt(to, state.highest_version) ? to : state.highest_version;
  // What is older than what runs now cannot come by itself any more; its block has done its duty.
  const blocked = state.blocked.filter((b) => b.version !== to && semver.gt(b.version, to));
  // So has what a person said of it; of later ones it still counts.
  const approvals = state.approvals.filter(({ version }) => semver.gt(version, to));
  const next: DeviceState = { ...state, highest_version: highest, last_safe_version: to, last_update: at, last_error: null, interrupted, blocked, waiting: null, held_since: null, approvals };
  if (kind !== 'rollback' || from === null || from === to) return next;
  if (wentWith !== undefined) return block(next, from, wentWith.reason, at, { component: wentWith.component, version: wentWith.version });
  return block(next, from, state.withdrawal?.version === from ? state.withdrawal.reason : ROLLED_BACK_BY_HAND, at);
}

function block(state: DeviceState, version: string, reason: string, at: string, wentWith?: Blocked['went_with']): DeviceState {
  const entry: Blocked = { version, reason, at, ...(wentWith === undefined ? {} : { went_with: wentWith }) };
  return { ...state, blocked: [...state.blocked.filter((b) => b.version !== version), entry] };
}
