// The answer of update, rollback and adopt, made from how the transaction ended. Pure.
import type { HoldlineError } from '../domain/errors.js';
import type { Plan } from '../domain/plan.js';
import type { UpdateResult } from '../domain/results.js';
import type { Waiting } from '../domain/state.js';
import type { TransactionEnd } from './run-transaction.js';

const EMPTY = { downtime_ms: null, bytes_downloaded: 0, bytes_written: 0, restarted: [], reloaded: [], config_conflicts: [] } as const;

export function resultOf(plan: Plan, end: TransactionEnd, figures: { readonly durationMs: number; readonly bytesDownloaded: number }): UpdateResult {
  return {
    outcome: outcomeOf(plan, end), from: plan.from?.version ?? null, to: plan.to.version, reason: end.reason, code: end.code, downtime_ms: end.downtimeMs,
    duration_ms: Math.round(figures.durationMs), bytes_downloaded: figures.bytesDownloaded, bytes_written: end.results.bytesWritten,
    restarted: end.results.restarted, reloaded: end.results.reloaded, config_conflicts: end.results.configConflicts, ...(end.waiting === undefined ? {} : { waiting: end.waiting }),
    ...(end.results.warnings.length === 0 ? {} : { warnings: end.results.warnings }),
  };
}

/** A rollback a person asked for that worked is `rolled_back` without a code; an update that undid itself has one. */
function outcomeOf(plan: Plan, end: TransactionEnd): UpdateResult['outcome'] {
  switch (end.outcome) {
    case 'committed': return plan.kind === 'rollback' ? 'rolled_back' : 'updated';
    case 'paused': return 'waiting';
    case 'discarded': return end.waiting === undefined ? 'failed' : 'waiting';
    case 'reverted': return 'rolled_back';
    case 'broken': return 'broken';
  }
}

export function currentResult(version: string | null, durationMs: number): UpdateResult {
  return { ...EMPTY, outcome: 'current', from: version, to: version, reason: null, code: null, duration_ms: Math.round(durationMs) };
}

export function waitingResult(from: string | null, to: string | null, waiting: Waiting, durationMs: number): UpdateResult {
  return { ...EMPTY, outcome: 'waiting', from, to, reason: waiting.detail, code: waiting.reason, waiting, duration_ms: Math.round(durationMs) };
}

/** What was thrown, as an answer: another component's turn goes on. */
export function failedResult(error: HoldlineError, durationMs: number): UpdateResult {
  return { ...EMPTY, outcome: error.code === 'broken' || error.code === 'journal-damaged' ? 'broken' : 'failed', from: null, to: null, reason: error.message, code: error.code, duration_ms: Math.round(durationMs) };
}

export function plannedResult(plan: Plan, durationMs: number, bytesDownloaded: number): UpdateResult {
  return { ...EMPTY, outcome: 'current', from: plan.from?.version ?? null, to: plan.to.version, reason: 'dry run: nothing was changed', code: null, duration_ms: Math.round(durationMs), bytes_downloaded: bytesDownloaded, plan };
}
