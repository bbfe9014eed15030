// The audit log's words: who did what, when and why. Data only.

export type AuditKind =
  /** A file of the log begins; `previous` chains it to the one before. */
  | 'log-begun'
  /** A check whose answer is another than the last one's. */
  | 'checked'
  | 'verified' | 'refused' | 'failed' | 'keys-changed' | 'fetched' | 'rollout' | 'withdrawn'
  /** A transaction: its beginning, each step, and how it ended. */
  | 'begun' | 'step' | 'reverting' | 'committed' | 'discarded' | 'reverted' | 'broken'
  /** A hook that is only told did not end well: nothing changed by it. */
  | 'hook-warned'
  | 'approved' | 'rejected' | 'hold-taken' | 'hold-released' | 'hold-alarm'
  | 'backed-up' | 'unblocked' | 'settings-changed' | 'freshness-alarm';

export type AuditFacts = Readonly<Record<string, string | number | boolean | null>>;

export interface AuditEvent { readonly event: AuditKind; readonly reason?: string | null | undefined; readonly facts?: AuditFacts | undefined }

/** One line as it was written. */
export interface AuditEntry {
  /** Counts from 1, over all files. */
  readonly n: number;
  /** ISO 8601 UTC. */
  readonly at: string;
  /** `daemon`, `uid 1000`, `control socket`. */
  readonly actor: string;
  readonly event: AuditKind;
  readonly reason: string | null;
  readonly facts: AuditFacts;
}

export interface AuditReport {
  /** Oldest first. */
  readonly entries: readonly AuditEntry[];
  /** Of the whole log, whatever part of it is shown. */
  readonly damage: readonly string[];
  readonly lines: number;
}
