// Every failure a person or a program can meet, with one table that says what follows from it.
// Messages start with "cannot …" and say what happened; `meaning` what it is for the device; `hint` what to do.

export type ErrorFamily = 'settings' | 'source' | 'artifact' | 'preflight' | 'step' | 'health' | 'recovery' | 'internal';

/** What the updater does next: retry = later by itself, refuse = this release, wait = not now, revert/block = undo, alarm = a person. */
export type ErrorResponse = 'exit' | 'retry' | 'refuse' | 'wait' | 'revert' | 'block' | 'alarm';

interface Row { readonly family: ErrorFamily; readonly response: ErrorResponse; readonly exit: number; readonly http: number }

const row = (family: ErrorFamily, response: ErrorResponse, exit: number, http: number): Row => ({ family, response, exit, http });

/** The one table from code to response, exit code and HTTP status; the event name is the code itself. */
export const ERROR_TABLE = {
  'usage': row('settings', 'exit', 2, 400),
  'settings-missing': row('settings', 'exit', 2, 500),
  'settings-invalid': row('settings', 'exit', 2, 500),
  'trust-key-missing': row('settings', 'exit', 2, 500),
  'attestation-root': row('settings', 'exit', 2, 500),
  'source-network': row('source', 'retry', 1, 502),
  'source-unauthorized': row('source', 'retry', 1, 502),
  'source-forbidden': row('source', 'retry', 1, 502),
  'source-not-found': row('source', 'retry', 1, 404),
  'source-rate-limited': row('source', 'retry', 1, 503),
  'source-server': row('source', 'retry', 1, 502),
  'source-invalid': row('source', 'retry', 1, 502),
  'dependency': row('preflight', 'exit', 1, 409),
  'version-unknown': row('source', 'exit', 1, 404),
  'download-stalled': row('source', 'retry', 1, 504),
  'download-deadline': row('source', 'retry', 1, 504),
  'download-interrupted': row('source', 'retry', 1, 502),
  'artifact-too-large': row('artifact', 'refuse', 1, 422),
  'artifact-digest': row('artifact', 'refuse', 1, 422),
  'artifact-truncated': row('artifact', 'refuse', 1, 422),
  'artifact-not-covered': row('artifact', 'refuse', 1, 422),
  'manifest-missing': row('artifact', 'refuse', 1, 422),
  'manifest-invalid': row('artifact', 'refuse', 1, 422),
  'manifest-forbidden': row('artifact', 'refuse', 1, 422),
  'manifest-mismatch': row('artifact', 'refuse', 1, 422),
  'manifest-component': row('artifact', 'refuse', 1, 422),
  'manifest-expired': row('artifact', 'refuse', 1, 422),
  'signature-missing': row('artifact', 'refuse', 1, 422),
  'signature-invalid': row('artifact', 'refuse', 1, 422),
  'signature-key': row('artifact', 'refuse', 1, 422),
  'key-statement': row('artifact', 'refuse', 1, 422),
  'rollout-invalid': row('artifact', 'refuse', 1, 422),
  'release-changed': row('artifact', 'refuse', 1, 409),
  'attestation-missing': row('artifact', 'refuse', 1, 422),
  'attestation-invalid': row('artifact', 'refuse', 1, 422),
  'attestation-log': row('artifact', 'refuse', 1, 422),
  'attestation-certificate': row('artifact', 'refuse', 1, 422),
  'attestation-authority': row('artifact', 'refuse', 1, 422),
  'attestation-issuer': row('artifact', 'refuse', 1, 422),
  'attestation-workflow': row('artifact', 'refuse', 1, 422),
  'attestation-repository': row('artifact', 'refuse', 1, 422),
  'attestation-ref': row('artifact', 'refuse', 1, 422),
  'attestation-runner': row('artifact', 'refuse', 1, 422),
  'attestation-predicate': row('artifact', 'refuse', 1, 422),
  'attestation-subject': row('artifact', 'refuse', 1, 422),
  'version-floor': row('artifact', 'refuse', 1, 409),
  'archive-invalid': row('artifact', 'refuse', 1, 422),
  'archive-forbidden': row('artifact', 'refuse', 1, 422),
  'archive-limit': row('artifact', 'refuse', 1, 422),
  'tree-digest': row('artifact', 'refuse', 1, 422),
  'version-invalid': row('artifact', 'refuse', 1, 422),
  'disk-full': row('preflight', 'wait', 1, 507),
  'disk-read-only': row('preflight', 'wait', 1, 500),
  'permission': row('preflight', 'wait', 1, 500),
  'install-missing': row('preflight', 'wait', 1, 500),
  'install-invalid': row('preflight', 'wait', 1, 409),
  'service-paths': row('preflight', 'exit', 2, 409),
  'busy': row('preflight', 'wait', 75, 409),
  'interrupted': row('preflight', 'wait', 1, 503),
  'step-failed': row('step', 'revert', 20, 500),
  'service-start': row('step', 'revert', 20, 500),
  'service-stop': row('step', 'revert', 20, 500),
  'module-not-now': row('preflight', 'wait', 75, 503),
  'hook-not-now': row('preflight', 'wait', 75, 503),
  'hook-refused': row('preflight', 'wait', 1, 503),
  'hook-failed': row('step', 'revert', 20, 500),
  'module-changed': row('artifact', 'refuse', 1, 422),
  'module-failed': row('step', 'revert', 20, 500),
  'module-undo': row('recovery', 'alarm', 21, 500),
  'service-reload': row('step', 'revert', 20, 500),
  'health-failed': row('health', 'block', 20, 500),
  'backup-missing': row('preflight', 'exit', 1, 404),
  'backup-damaged': row('preflight', 'exit', 1, 500),
  'journal-damaged': row('recovery', 'alarm', 21, 500),
  'recovery-failed': row('recovery', 'alarm', 21, 500),
  'bridge-port': row('preflight', 'wait', 1, 503),
  'bridge-protocol': row('internal', 'exit', 1, 400),
  'bridge-unavailable': row('preflight', 'wait', 1, 503),
  'broken': row('recovery', 'alarm', 21, 500),
  'internal': row('internal', 'exit', 1, 500),
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** Where in a file the mistake stands; line and column count from 1. */
export interface Place { readonly file: string; readonly line: number; readonly column: number }

/** One of several mistakes that were found together. */
export interface Mistake {
  readonly message: string;
  readonly where?: Place | undefined;
  readonly hint?: string | undefined;
}

export interface ErrorDetails {
  /** What the person should do, one sentence. */
  readonly hint?: string;
  readonly where?: Place;
  readonly cause?: unknown;
  /** Facts for the log: never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  /** The mistakes after the first, which the message tells. */
  readonly others?: readonly Mistake[];
}

export class HoldlineError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'HoldlineError';
  readonly code: Code;
  readonly hint: string | undefined;
  readonly where: Place | undefined;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;
  readonly others: readonly Mistake[];

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.where = details.where;
    this.context = details.context ?? {};
    this.others = details.others ?? [];
  }

  get family(): ErrorFamily { return ERROR_TABLE[this.code].family; }
  get response(): ErrorResponse { return ERROR_TABLE[this.code].response; }
  get exitCode(): number { return ERROR_TABLE[this.code].exit; }
}

/** Any thrown value as a HoldlineError: a foreign one becomes `internal`, with the original as its cause. */
export function toHoldlineError(thrown: unknown): HoldlineError {
  if (thrown instanceof HoldlineError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new HoldlineError('internal', `cannot go on: ${reason}`, { cause: thrown });
}

/** The errno name of a thrown system error (`ENOSPC`, `EACCES`, …), if it has one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
