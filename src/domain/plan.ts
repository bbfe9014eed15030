// The plan of a transaction as data, and the few plain operations the rescue path can do.

/**
 * One plain file operation. The rescue path knows these and nothing else; each is idempotent:
 * - link: make `path` a symbolic link to `target`, replacing a link, by temp link + rename
 * - rename: move `from` to `to` when `from` exists; `to` is replaced only when it is a file or a link
 * - remove: delete `path` and all below it, if it is there
 * - unlink: delete `path` only when it is a symbolic link with exactly this target text (never what a user put there meanwhile)
 * - restore: when `from` exists, remove whatever is at `path` and move `from` there (puts back what was set aside)
 * - restore-adopted: the same, but only when `path` is a link or missing (before the exchange `from` is our own link)
 */
export type RescueOperation =
  | { readonly op: 'link'; readonly path: string; readonly target: string }
  | { readonly op: 'rename'; readonly from: string; readonly to: string }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'unlink'; readonly path: string; readonly target: string }
  | { readonly op: 'restore'; readonly path: string; readonly from: string }
  | { readonly op: 'restore-adopted'; readonly path: string; readonly from: string };

export type StepName =
  | 'adopt-path' | 'link-path' | 'stage-tree' | 'carry-paths' | 'merge-config' | 'write-record' | 'back-up'
  | 'sync-tree' | 'place-version' | 'prepare-module' | 'apply-module' | 'stop-services' | 'recall-services' | 'remerge-config' | 'switch-current'
  | 'start-services' | 'reload-services' | 'roll-services' | 'call-before-switch' | 'call-after-switch' | 'call-after-commit' | 'call-after-revert';

export interface PlanStep {
  readonly name: StepName;
  /** Of several that commit or revert as one: whose step it is. */
  readonly component?: string | undefined;
  /** The state the transaction is in while the step runs. */
  readonly state: JournalledStepState;
  /** One line for `--dry-run` and the log. */
  readonly summary: string;
  /** What the step needs, as JSON: paths, names, digests. */
  readonly params: Readonly<Record<string, unknown>>;
  /** How the step is undone with plain operations, in this order; run also when the step was interrupted. */
  readonly undo: readonly RescueOperation[];
}

export type JournalledStepState = 'staging' | 'preparing' | 'ready' | 'switching';

/**
 * A step of the engine. `plan` is pure and fixes, before anything runs, how the step is undone with plain operations;
 * `do` is idempotent; `undo` is only for what plain operations cannot do (services, modules, hooks) and runs before them.
 */
export interface Step<Params, Context> {
  readonly name: StepName;
  plan(params: Params): PlanStep;
  do(context: Context, params: Params): Promise<void>;
  undo?(context: Context, params: Params): Promise<void>;
  /** Once the transaction is final. Never throws: nothing changes any more. */
  tell?(context: Context, params: Params): Promise<void>;
}

export type TransactionKind = 'adopt' | 'update' | 'rollback';

export interface VersionReference {
  readonly version: string;
  /** Name of the version directory. */
  readonly directory: string;
}

/**
 * - restart: stopped before the switch, started after it
 * - roll: one of several instances, stopped and started after the switch, its health looked at before the next
 * - reload: keeps running and is told (a signal, or the warm upgrade of its bridge)
 */
export type TouchAction = 'restart' | 'roll' | 'reload';

export type TouchReason =
  /** `path` is the first of `count` of its files that change. */
  | { readonly kind: 'path'; readonly path: string; readonly count: number }
  | { readonly kind: 'service'; readonly service: string }
  /** The trees cannot be compared, or everything is to be loaded anew. */
  | { readonly kind: 'everything'; readonly why: string };

export interface TouchedService {
  readonly name: string;
  readonly action: TouchAction;
  readonly because: TouchReason;
  /** Left alone all the same when the merge leaves these config files as they are, and these services are left alone. Absent: it is certain. */
  readonly unless?: { readonly paths: readonly string[]; readonly services: readonly string[] } | undefined;
}

/** Its files change, but it is left as it is. */
export interface HeldBackService { readonly name: string; readonly because: TouchReason; readonly why: string }

export interface ServicePlan {
  /** In start order. */
  readonly touched: readonly TouchedService[];
  readonly heldBack: readonly HeldBackService[];
}

export interface Plan {
  readonly kind: TransactionKind;
  readonly from: VersionReference | null;
  readonly to: VersionReference;
  readonly steps: readonly PlanStep[];
  /** Services that are touched, in start order. */
  readonly services: readonly string[];
  /** How and why each of them is. Absent in journals of older versions: all are restarted. */
  readonly touched?: readonly TouchedService[] | undefined;
  readonly heldBack?: readonly HeldBackService[] | undefined;
  /** Seconds, fractions allowed; 0 judges once. */
  readonly probation: { readonly seconds: number; readonly interval: number; readonly failures: number; readonly max_restarts: number };
}
