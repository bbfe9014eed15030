// The states of an update and what the device remembers between runs.

//  idle -> checking -> current | waiting(reason) | available
//  available -> fetching -> staging -> preparing -> ready -> switching -> probing -> committed
//                \______ any failure before switching: discard, nothing has changed ______/
//  switching, probing -> reverting -> reverted | broken

/** States a journal can be in; the others leave nothing behind on the disk that matters. */
export type JournalledState =
  | 'staging' | 'preparing' | 'ready' | 'switching' | 'probing'
  | 'committed' | 'discarded' | 'reverting' | 'reverted' | 'broken';

export type UpdateState = 'idle' | 'checking' | 'current' | 'waiting' | 'available' | 'fetching' | JournalledState;

export const WAITING_REASONS = [
  'window', 'hold', 'approval', 'rollout', 'requirements', 'rate-limit', 'incomplete-release', 'clock', 'age', 'dependency', 'budget',
] as const;
export type WaitingReason = (typeof WAITING_REASONS)[number];

/** A value, not an error: an update exists or may exist, and this is why not now. */
export interface Waiting {
  readonly reason: WaitingReason;
  /** One sentence for people. */
  readonly detail: string;
  /** ISO 8601 UTC when it may go on by itself; null where a person or a change is needed. */
  readonly until: string | null;
}

export interface Blocked {
  readonly version: string;
  /** Names the probe and its last output, or `rolled back by hand`. */
  readonly reason: string;
  /** ISO 8601 UTC. */
  readonly at: string;
  /** It only went back with this version of another component: a newer one of that brings it again. */
  readonly went_with?: { readonly component: string; readonly version: string } | undefined;
}

/** What a person said of a version that may not come by itself. */
export interface Approval {
  readonly version: string;
  readonly verdict: 'approved' | 'rejected';
  /** `alice (uid 1000)`. */
  readonly by: string;
  readonly reason: string | null;
  /** ISO 8601 UTC. */
  readonly at: string;
}

export interface LastError {
  readonly code: string;
  readonly message: string;
  readonly at: string;
}

/** The version that was switched to last. */
export interface LastApplied {
  readonly version: string;
  /** ISO 8601 UTC; when it ended. */
  readonly at: string;
  readonly outcome: 'committed' | 'reverted' | 'broken';
}

/** A release whose description was proven here: the same tag with other content is a retagged one. */
export interface SeenRelease {
  readonly version: string;
  /** Lower-case hex: of the manifest; of the payload where there is none. */
  readonly sha256: string;
  /** ISO 8601 UTC: the publisher promised something newer by then. */
  readonly expires: string | null;
  readonly at: string;
  /** Components that it carries, none of them this one (empty: one payload that names nobody): it is not asked for again. */
  readonly carries?: readonly string[] | undefined;
}

/** A running version that its publisher has withdrawn, and what became of going back from it. */
export interface Withdrawal {
  readonly version: string;
  /** One sentence; the reason it is blocked for afterwards. */
  readonly reason: string;
  /** Rollbacks begun because of it. */
  readonly tries: number;
  /** What was said last of why it still runs. */
  readonly told: string | null;
  /** A person installed it although it was withdrawn. */
  readonly stays: boolean;
}

/** A process that an update left alone: it runs on from the version directory it was started from, which is kept for it. */
export interface OlderProcess {
  readonly directory: string;
  /** The version directory whose change it has taken last: older than the running one where it was held back. */
  readonly taken: string;
  /** Which process, in which boot: another one has been started since, from what was current then. Null: it could not be asked. */
  readonly pid: number | null;
  readonly boot_id: string | null;
}

/** `<state_dir>/state.json`, written durably as a whole. Losing it loses history, never the ability to run. */
export interface DeviceState {
  readonly format: 1;
  /** The highest version ever committed: the floor. */
  readonly highest_version: string | null;
  /** The last version that came through a whole probation; null: none did yet. */
  readonly last_safe_version: string | null;
  readonly last_applied: LastApplied | null;
  readonly latest_version: string | null;
  /** What the last check said of it: false for a newer one that may not come by itself; null where nobody has checked. */
  readonly update_available: boolean | null;
  readonly waiting: Waiting | null;
  readonly blocked: readonly Blocked[];
  readonly approvals: readonly Approval[];
  /** Since when holds keep an update away (ISO 8601 UTC), and when that was found to be too long. */
  readonly held_since: string | null;
  readonly hold_alarmed_at: string | null;
  /** ISO 8601 UTC. */
  readonly last_check: string | null;
  readonly last_update: string | null;
  readonly last_error: LastError | null;
  /** Updates to a version that were interrupted without a verdict; at 3 it is blocked. */
  readonly interrupted: Readonly<Record<string, number>>;
  /** When a release was first seen incomplete (ISO 8601 UTC), by tag. */
  readonly incomplete_since: Readonly<Record<string, string>>;
  /** By tag; of a release without a manifest by tag and payload name. */
  readonly seen: Readonly<Record<string, SeenRelease>>;
  /** When the source last answered (ISO 8601 UTC); before its first answer, when this device began to ask. */
  readonly last_answer: string | null;
  /** When it was said that the device hears nothing new; null while it does. */
  readonly alarmed_at: string | null;
  /** Short hashes of the settings by section, so that a change is noticed. */
  readonly settings: Readonly<Record<string, string>> | null;
  /** How far the audit log had come: the number and the hash of its last line. */
  readonly audit: { readonly count: number; readonly head: string } | null;
  readonly withdrawal: Withdrawal | null;
  /** By service. */
  readonly older_processes: Readonly<Record<string, OlderProcess>>;
  /** How often the next start has begun to tell the hooks of a transaction that a crash had cut off. */
  readonly told: { readonly transaction: string; readonly tries: number } | null;
}

export const EMPTY_STATE: DeviceState = {
  format: 1, highest_version: null, last_safe_version: null, last_applied: null, latest_version: null, update_available: null, waiting: null, blocked: [], approvals: [], held_since: null, hold_alarmed_at: null,
  last_check: null, last_update: null, last_error: null, interrupted: {}, incomplete_since: {},
  seen: {}, last_answer: null, alarmed_at: null, settings: null, audit: null, withdrawal: null, older_processes: {}, told: null,
};

/** `records/<version directory>/record.json`: what a version directory is. */
export interface VersionRecord {
  readonly format: 1;
  readonly version: string;
  readonly tag: string | null;
  /** Digest of the shipped tree (for an adopted folder: of what was found). */
  readonly tree_digest: string;
  /** ISO 8601 UTC. */
  readonly created: string;
  readonly origin: 'adopted' | 'release' | 'backup';
  /** True where `records/<name>/shipped/` holds the config as shipped: the base of the next merge. */
  readonly has_shipped_config: boolean;
  /** Component to range: what the release says it needs of others. Absent: nothing, or it was not said. */
  readonly requires?: Readonly<Record<string, string>> | undefined;
}
