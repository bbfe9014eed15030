// What the commands answer, field by field as the JSON shows it, and the events a run tells.
import type { HoldsReport } from './holds.js';
import type { Approval, Blocked, LastApplied, LastError, UpdateState, Waiting } from './state.js';
import type { RateLimit, UpdateType } from './release.js';
import type { Plan } from './plan.js';
import type { Ruling } from './ruling.js';
import type { RequirementReport } from './requirement-report.js';

export interface CheckResult {
  readonly outcome: 'current' | 'available' | 'waiting';
  readonly current_version: string | null;
  readonly latest_version: string | null;
  readonly update_available: boolean;
  readonly waiting: Waiting | null;
  readonly release: { readonly tag: string; readonly type: UpdateType; readonly published_at: string; readonly url: string; readonly size: number | null } | null;
  /** What was asked of the device; absent where no release was judged. */
  readonly requirements?: RequirementReport | undefined;
  /** Where there are several, in the order of updating; the fields above speak for all of them. */
  readonly components?: readonly (ComponentCheck | ComponentFailure)[] | undefined;
}

/** What every gate said of one release. */
export interface ReleaseRulings {
  readonly tag: string;
  readonly version: string;
  readonly type: UpdateType;
  readonly rulings: readonly Ruling[];
}

export type ComponentCheck = CheckResult & { readonly component: string };
/** What could not even be looked at. */
export interface ComponentFailure { readonly component: string; readonly outcome: 'failed'; readonly reason: string; readonly code: string }
export type ComponentUpdate = UpdateResult & { readonly component: string };

export interface UpdateResult {
  readonly outcome: 'updated' | 'current' | 'waiting' | 'rolled_back' | 'failed' | 'broken';
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string | null;
  /** An error code of `domain/errors`, or the waiting reason. */
  readonly code: string | null;
  /** Only where the outcome is `waiting` because something keeps the update away. */
  readonly waiting?: Waiting | undefined;
  readonly downtime_ms: number | null;
  readonly duration_ms: number;
  readonly bytes_downloaded: number;
  readonly bytes_written: number;
  readonly restarted: readonly string[];
  /** Kept running and were told: by a signal, or by the warm upgrade of their bridge. */
  readonly reloaded: readonly string[];
  readonly config_conflicts: readonly ConfigConflict[];
  /** Hooks that were told and did not end well; absent: none. */
  readonly warnings?: readonly string[] | undefined;
  /** Only with --dry-run. */
  readonly plan?: Plan | undefined;
  /** Where there are several, in the order of updating; the fields above speak for all of them. */
  readonly components?: readonly ComponentUpdate[] | undefined;
}

/** A place where the release and the device disagree; the device's value was kept. */
export interface ConfigConflict {
  /** Path below the tree, `config/app.yaml`. */
  readonly path: string;
  /** Key path (`server.port`) for YAML and JSON; null for a whole file. */
  readonly key: string | null;
  /** Where the release's own file was written; null where nothing was. */
  readonly written_as: string | null;
}

export interface ServiceStatus {
  readonly name: string;
  readonly kind: 'service' | 'hardware';
  readonly active: boolean;
  readonly pid: number | null;
  /** Restarts nobody asked for since it was started. */
  readonly restarts: number;
  /** ISO 8601 UTC since when it is active; null when it is not. */
  readonly since: string | null;
  /** One line: exit code, last lines of output. */
  readonly detail: string | null;
}

export interface BridgeStatus {
  readonly name: string;
  readonly attached: boolean;
  readonly reading: boolean;
  readonly detail: string;
}

export interface BackupSummary {
  /** Of several components. */
  readonly component?: string | undefined;
  /** `backup_1.2.0_20261121_093000`. */
  readonly name: string;
  readonly version: string;
  readonly created: string;
  readonly bytes: number;
}

/** Does this device hear of new releases? */
export interface FreshnessReport {
  /** One sentence when it has heard nothing new for too long; else null. */
  readonly alarm: string | null;
  /** ISO 8601 UTC. */
  readonly last_answer: string | null;
  /** When the description of the running release expires. */
  readonly expires: string | null;
}

/** One component of several, as it stands. */
export interface ComponentStatus {
  readonly component: string;
  readonly enabled: boolean;
  readonly install_dir: string;
  readonly version: string | null;
  /** The last one that came through a whole probation. */
  readonly last_safe_version: string | null;
  /** The last one that was switched to, and how that ended. */
  readonly last_applied: LastApplied | null;
  /** Checksum of the running tree as it was shipped. */
  readonly tree_digest: string | null;
  readonly pin: string | null;
  readonly depends_on: Readonly<Record<string, string>>;
  /** Those that commit or revert with it. */
  readonly together: readonly string[];
  readonly latest_version: string | null;
  readonly update_available: boolean;
  readonly state: UpdateState;
  readonly waiting: Waiting | null;
  readonly last_update: string | null;
  readonly last_error: LastError | null;
  readonly blocked: readonly Blocked[];
  readonly approvals: readonly Approval[];
}

/** One version of `holdline versions`. */
export interface KnownVersion {
  readonly version: string;
  /** It runs. */
  readonly running: boolean;
  /** Its tree is kept on this device: going back to it fetches nothing. */
  readonly kept: boolean;
  /** Names of backups of it. */
  readonly backups: readonly string[];
  /** Its release, where the source shows one. */
  readonly tag: string | null;
  readonly published_at: string | null;
  /** Why it is not tried again; null where it is not blocked. */
  readonly blocked: string | null;
}

/** `component`: null where there is one. */
export interface ComponentVersions { readonly component: string | null; readonly versions: readonly KnownVersion[] }

/** This device in its publisher's rollouts. */
export interface RolloutStatus {
  /** Null: none yet, the first check makes it. It never leaves the device. */
  readonly device_id: string | null;
  readonly group: string | null;
  readonly group_from: 'settings' | 'percentage' | null;
  /** As the group has it. */
  readonly channel: string;
  /** False: no rollout is asked for or obeyed. */
  readonly follow: boolean;
  /** The last one that was believed; null: none was ever seen. */
  readonly statement: {
    readonly serial: number; readonly version: string;
    /** Of the devices now, and the place of this one: it is in where its place is below. */
    readonly percent: number; readonly place: number | null;
    readonly paused: boolean; readonly withdrawn: readonly string[]; readonly expires: string | null;
  } | null;
  /** Why what the source shows is not believed; null where it is. */
  readonly problem: string | null;
}

export interface StatusReport {
  readonly app: string;
  readonly install_dir: string;
  readonly current_version: string | null;
  readonly latest_version: string | null;
  readonly update_available: boolean;
  readonly state: UpdateState;
  readonly waiting: Waiting | null;
  readonly last_check: string | null;
  readonly last_update: string | null;
  readonly last_error: LastError | null;
  readonly blocked: readonly Blocked[];
  readonly backups: readonly BackupSummary[];
  readonly services: readonly ServiceStatus[];
  readonly bridge: readonly BridgeStatus[];
  readonly requests_today: number;
  readonly rate_limit: RateLimit | null;
  readonly freshness: FreshnessReport;
  /** Who says "not now"; the gate hook is not asked for a status. */
  readonly holds: HoldsReport;
  /** What persons said of versions that have not come yet. */
  readonly approvals: readonly Approval[];
  readonly rollout: RolloutStatus;
  readonly daemon: { readonly running: boolean; readonly pid: number | null };
  /** In the order of updating; null where the app is one component. The fields above then speak for all of them. */
  readonly components: readonly ComponentStatus[] | null;
}

/** One line of `history`. */
export interface HistoryEntry {
  /** Of several. */
  readonly component?: string | undefined;
  readonly at: string;
  readonly transaction: string;
  readonly kind: 'adopt' | 'update' | 'rollback';
  readonly outcome: 'committed' | 'discarded' | 'reverted' | 'broken';
  readonly from: string | null;
  readonly to: string;
  readonly reason: string | null;
  readonly actor: string;
  readonly downtime_ms: number | null;
  readonly duration_ms: number;
  readonly bytes_downloaded: number;
  readonly bytes_written: number;
  /** Hooks that were told and did not end well; absent: none. */
  readonly warnings?: readonly string[] | undefined;
}

/** What a run tells while it goes on: the CLI draws it, the daemon logs it, the library emits it. */
export type RunEvent =
  | { readonly type: 'state'; readonly state: UpdateState; readonly detail?: string | undefined }
  | { readonly type: 'progress'; readonly phase: 'download' | 'stage' | 'backup' | 'probation' | 'module'; readonly done: number; readonly total: number | null; readonly unit: 'bytes' | 'files' | 'seconds' | 'percent' }
  | { readonly type: 'note'; readonly level: 'info' | 'warn'; readonly message: string };

export type Report = (event: RunEvent) => void;
