// What a worker can be asked to do, and the messages between it and whoever started it. Plain JSON both ways.
import type { ErrorCode } from './errors.js';
import type { RunEvent, ServiceStatus } from './results.js';
import type { UsageHistory } from './service-usage.js';
import type { Settings } from './settings.js';

/** Absent or undefined: all of them, or the only one there is. */
export interface OfComponent { readonly component?: string | undefined }

export type Job =
  | OfComponent & { readonly kind: 'check' }
  | OfComponent & { readonly kind: 'update'; readonly version: string | undefined; readonly from: string | undefined; readonly dryRun: boolean; /** A timer asked, not a person: the policy counts. */ readonly unattended?: boolean | undefined }
  | OfComponent & { readonly kind: 'rollback'; readonly target: string | undefined; readonly dryRun: boolean }
  | OfComponent & { readonly kind: 'adopt'; readonly dryRun: boolean }
  /** Fetches and verifies, changes nothing that runs. */
  | OfComponent & { readonly kind: 'download'; readonly version: string | undefined }
  | OfComponent & { readonly kind: 'backup' }
  | OfComponent & { readonly kind: 'unblock'; readonly version: string }
  /** What is kept here and what the source shows. */
  | OfComponent & { readonly kind: 'versions' }
  /** A person's word on a version. */
  | OfComponent & { readonly kind: 'approve'; readonly version: string; readonly verdict: 'approved' | 'rejected'; readonly by: string; readonly reason: string | null }
  /** What the daemon would do now, and why. Changes nothing. */
  | OfComponent & { readonly kind: 'explain'; readonly version: string | undefined }
  /** The daemon's own turn: check, and update when the settings let it. */
  | { readonly kind: 'cycle' }
  /** Go on with what was interrupted: bring back services, finish the books, resume a probation. */
  | { readonly kind: 'settle' };

/** An error that crossed a process border. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly where: { readonly file: string; readonly line: number; readonly column: number } | undefined;
}

export type ServiceAction = 'start' | 'stop' | 'reload' | 'status';

export type ToWorker =
  | { readonly type: 'job'; readonly job: Job; readonly settings: Settings; readonly actor: string; readonly usage: UsageHistory }
  | { readonly type: 'service-answer'; readonly id: number; readonly status: ServiceStatus | null; readonly error: PlainError | null }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly type: 'service'; readonly id: number; readonly action: ServiceAction; readonly name: string }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: PlainError };
