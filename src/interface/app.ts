// What the command line and the control socket may ask for. main/ implements it; nothing here decides.
import type { AuditReport } from '../domain/audit.js';
import type { ApprovalResult, ExplainReport } from '../domain/explain.js';
import type { HoldRequest, HoldsReport, ReleaseHoldRequest, StandingHold } from '../domain/holds.js';
import type { KeysReport } from '../domain/keys.js';
import type { BackupSummary, CheckResult, ComponentVersions, HistoryEntry, StatusReport, UpdateResult } from '../domain/results.js';

/** One of several components; undefined: all of them, or the only one there is. */
export interface ComponentRequest { readonly component: string | undefined }

export interface UpdateRequest extends ComponentRequest {
  /** A version by name; older ones are allowed only so. */
  readonly version: string | undefined;
  /** A folder or file to take the release from instead of GitHub. */
  readonly from: string | undefined;
  readonly dryRun: boolean;
  /** Nobody sits here: policy, windows and approvals count as for the daemon. */
  readonly unattended: boolean;
}

export interface RollbackRequest {
  /** `[COMPONENT] [VERSION|BACKUP]`: where there are components, the first names one; then a kept version or a backup, the previous version when absent. */
  readonly words: readonly string[];
  readonly dryRun: boolean;
}

export interface ApproveCommand {
  readonly version: string;
  readonly verdict: 'approved' | 'rejected';
  readonly reason: string | null;
  readonly component: string | undefined;
}

export interface DoctorFinding {
  readonly check: string;
  readonly verdict: 'passed' | 'warned' | 'failed';
  readonly detail: string;
  /** What to do; null where all is well. */
  readonly remedy: string | null;
}

export interface VerifyFinding {
  /** `tree` or the backup's name. */
  readonly subject: string;
  readonly ok: boolean;
  readonly files: number;
  /** One line per damaged, missing or extra file. */
  readonly damage: readonly string[];
  /** Edited config and preserved files: not damage. */
  readonly edited: readonly string[];
}

export interface RecoverReport {
  readonly outcome: 'nothing' | 'repaired' | 'resume' | 'broken' | 'busy';
  readonly actions: readonly string[];
}

/** Key files by path; `add` and `by` are secret ones, `keep` and `revoke` public ones (or the key itself). */
export interface RotateKeyRequest {
  readonly repo: string | undefined;
  readonly by: readonly string[];
  readonly add: readonly string[];
  readonly keep: readonly string[];
  readonly revoke: readonly string[];
  readonly reason: string | undefined;
  readonly notAfter: string | undefined;
  readonly previous: string | undefined;
  readonly serial: string | undefined;
  readonly out: string;
}

/** `holdline rollout …`: what is not given is undefined; times and figures as they were typed. */
export interface RolloutRequest {
  readonly action: 'start' | 'raise' | 'pause' | 'resume' | 'withdraw' | 'show';
  /** The version of start and withdraw, the percentage of raise. */
  readonly value: string | undefined;
  readonly repo: string | undefined;
  readonly channel: string;
  readonly component: string | undefined;
  /** The checkout whose holdline/ holds the statement. */
  readonly directory: string;
  readonly key: string | undefined;
  readonly unsigned: boolean;
  /** Public keys that may have signed the statement before. */
  readonly trust: readonly string[];
  readonly percent: string | undefined;
  readonly add: string | undefined;
  readonly every: string | undefined;
  readonly begin: string | undefined;
  readonly expires: string | undefined;
  readonly salt: string | undefined;
  readonly groups: readonly string[];
  readonly exclude: readonly string[];
  readonly upload: boolean;
}

export interface PublishedPart { readonly component: string; readonly directory: string }

export interface PublishRequest {
  /** Of several in one repository: the tag is NAME-v1.2.3. */
  readonly component: string | undefined;
  /** One release that carries all of them; empty: of one folder. */
  readonly parts: readonly PublishedPart[];
  /** Undefined with parts. */
  readonly directory: string | undefined;
  readonly repo: string | undefined;
  readonly tag: string | undefined;
  /** The tag is PREFIX-v1.2.3, whatever the components are called. */
  readonly tagPrefix: string | undefined;
  readonly out: string;
  readonly key: string | undefined;
  readonly name: string | undefined;
  readonly channel: string | undefined;
  readonly type: string | undefined;
  readonly notes: string | undefined;
  readonly minVersion: string | undefined;
  /** JSON files of what the release requires of a device; with parts each is NAME=FILE. */
  readonly requires: readonly string[];
  readonly expires: string | undefined;
  readonly exclude: readonly string[];
  readonly upload: boolean;
  /** A change of signing keys to carry: holdline.keys.json, its signatures beside it. */
  readonly keys: string | undefined;
}

/** What was made, as plain lines for people and fields for JSON. */
export interface MadeReport { readonly files: readonly string[]; readonly next: readonly string[]; readonly facts: Readonly<Record<string, string | number | null>> }

export interface App {
  check(request: ComponentRequest): Promise<CheckResult>;
  update(request: UpdateRequest): Promise<UpdateResult>;
  adopt(request: ComponentRequest & { readonly dryRun: boolean }): Promise<UpdateResult>;
  rollback(request: RollbackRequest): Promise<UpdateResult>;
  status(): Promise<StatusReport>;
  history(limit: number): Promise<readonly HistoryEntry[]>;
  backups(): Promise<readonly BackupSummary[]>;
  /** Kept here and to be had, newest first; asks the source. */
  versions(request: ComponentRequest): Promise<readonly ComponentVersions[]>;
  verify(): Promise<readonly VerifyFinding[]>;
  recover(): Promise<RecoverReport>;
  unblock(version: string, request: ComponentRequest): Promise<{ readonly unblocked: boolean; readonly blocked: readonly string[] }>;
  /** @throws HoldlineError `busy` while an update is being switched or watched */
  hold(request: HoldRequest): Promise<StandingHold>;
  holds(): Promise<HoldsReport>;
  releaseHold(request: ReleaseHoldRequest): Promise<{ readonly released: readonly StandingHold[] }>;
  approve(request: ApproveCommand): Promise<ApprovalResult>;
  /** A list where there are several components and none is named. */
  explain(request: { readonly component: string | undefined; readonly version: string | undefined }): Promise<ExplainReport | readonly ExplainReport[]>;
  doctor(): Promise<readonly DoctorFinding[]>;
  /** Which signing keys count on this device, and why. */
  keys(): Promise<KeysReport>;
  /** @param since ISO 8601 UTC; null for all that is kept */
  audit(since: string | null): Promise<AuditReport>;
}

/** Commands that need no settings. */
export interface Tools {
  init(request: { readonly repo: string; readonly file: string; readonly installDir: string; readonly force: boolean }): Promise<MadeReport>;
  keygen(request: { readonly out: string; readonly plain: boolean }): Promise<MadeReport>;
  rotateKey(request: RotateKeyRequest): Promise<MadeReport>;
  publish(request: PublishRequest): Promise<MadeReport>;
  rollout(request: RolloutRequest): Promise<MadeReport>;
  demo(): Promise<number>;
  /** The daemon; resolves with its exit code when it ends. */
  run(settingsFile: string | undefined): Promise<number>;
  /** Hands the rest of the command line to the bridge. */
  bridge(argv: readonly string[]): Promise<number>;
}
