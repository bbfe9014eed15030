// What each step needs, as JSON: absolute paths, names, digests. Fixed by the plan before anything runs.
import type { HookCall } from '../domain/hooks.js';
import type { ModuleCall } from '../domain/module.js';
import type { TouchedService } from '../domain/plan.js';
import type { VersionRecord } from '../domain/state.js';

/** How a staged tree is proved before it is used. */
export type StageExpectation =
  /** The digest of the whole tree. */
  | { readonly kind: 'digest'; readonly digest: string }
  /** The list of a kept version: all but preserved paths and VERSION must be as listed. */
  | { readonly kind: 'listed'; readonly files: string }
  /** The hashes of a backup. */
  | { readonly kind: 'backup'; readonly backup: string }
  /** Nobody states one (the user's own folder, which may change while it is copied): only what the stager wrote is compared. */
  | { readonly kind: 'none' };

export type StageTreeParams = {
  readonly staging: string;
  readonly summary: string;
  readonly expect: StageExpectation;
  /** Where list and shipped config come from when the tree was shipped before; null: they are taken from the tree. */
  readonly record: string | null;
  readonly preserve: readonly string[];
  /** Code becomes read-only. Never for the user's own folder: its inodes would change, and undo could not change them back. */
  readonly seal: boolean;
};

export type CarryPathsParams = {
  readonly staging: string;
  /** The running version's directory and record; null on an empty folder. */
  readonly current: string | null;
  readonly currentRecord: string | null;
  readonly version: string;
  /** A signed list covers VERSION, so a different one is refused; else the tag wins. */
  readonly versionIsSigned: boolean;
  readonly managedPaths: readonly string[];
  readonly preserve: readonly string[];
  /** A backup's config is restored exactly: nothing of the device's config goes over it. */
  readonly keepConfig: boolean;
};

export type MergeConfigParams = {
  readonly staging: string;
  readonly current: string | null;
  readonly currentRecord: string | null;
  readonly preserve: readonly string[];
};

export type WriteRecordParams = {
  readonly staging: string;
  readonly record: Pick<VersionRecord, 'version' | 'tag' | 'origin' | 'requires'>;
  /** Null: true where the tree had a config, else what the running version knew. */
  readonly hasShippedConfig: boolean | null;
  readonly currentRecord: string | null;
};

export type BackUpParams = {
  readonly backupPath: string;
  readonly name: string;
  /** Its name in the backup path until it is complete. */
  readonly partial: string;
  readonly installDir: string;
  readonly source: string;
  readonly record: string;
  readonly directory: string;
  readonly version: string;
};

export type SyncTreeParams = { readonly staging: string };

export type PlaceVersionParams = {
  readonly staging: string;
  readonly name: string;
  readonly version: string;
  readonly record: string;
  /** A kept version of this name stands there and is set aside until the commit. */
  readonly replaces: boolean;
  /** Undo leaves it where it is: its module may have to be called to undo what it applied. Pruned later. */
  readonly stays: boolean;
};

/** Everything the call needs, so that undo works from the journal alone. */
export type ModuleParams = ModuleCall;

/** Everything the call needs, so that it can be made from the journal alone. */
export type HookParams = HookCall;
/** From this state on it is owed. */
export type AfterRevertParams = HookCall & { readonly state: 'ready' | 'switching' };

export type ServicesParams = {
  readonly services: readonly string[];
  /** Those that are left alone when the merge changes nothing of theirs, in start order, and where the merge has noted what it changed. */
  readonly doubtful?: { readonly staging: string; readonly touched: readonly TouchedService[] };
};

export type RecallServicesParams = ServicesParams & { readonly how: 'reload' | 'roll' };

export type LookRules = {
  /** How long an instance is looked at before the next one. */
  readonly seconds: number;
  readonly interval: number;
  readonly failures: number;
  /** False while services that the switch has stopped wait for their start: the other probes would ask for those. */
  readonly allProbes: boolean;
};
export type RollServicesParams = ServicesParams & { readonly watch: LookRules };

export type RemergeConfigParams = {
  readonly staging: string;
  /** The new version's directory, already placed. */
  readonly version: string;
  readonly record: string;
  readonly current: string;
  readonly currentRecord: string;
  readonly managedPaths: readonly string[];
  readonly preserve: readonly string[];
  readonly keepConfig: boolean;
};

export type SwitchCurrentParams = {
  readonly link: string;
  readonly target: string;
  readonly version: string;
  /** Text of the link before; null when there was none. */
  readonly from: string | null;
  readonly previousLink: string;
  readonly previous: string | null;
};

export type LinkPathParams = { readonly path: string; readonly installDir: string; readonly managedPath: string; readonly target: string };

export type AdoptPathParams = LinkPathParams & {
  /** The new version's copy of it. */
  readonly copy: string;
  /** Where the original stands until the commit. */
  readonly aside: string;
};

export type StepParams = {
  readonly 'adopt-path': AdoptPathParams;
  readonly 'link-path': LinkPathParams;
  readonly 'stage-tree': StageTreeParams;
  readonly 'carry-paths': CarryPathsParams;
  readonly 'merge-config': MergeConfigParams;
  readonly 'write-record': WriteRecordParams;
  readonly 'back-up': BackUpParams;
  readonly 'sync-tree': SyncTreeParams;
  readonly 'place-version': PlaceVersionParams;
  readonly 'prepare-module': ModuleParams;
  readonly 'apply-module': ModuleParams;
  readonly 'call-before-switch': HookParams;
  readonly 'call-after-switch': HookParams;
  readonly 'call-after-commit': HookParams;
  readonly 'call-after-revert': AfterRevertParams;
  readonly 'stop-services': ServicesParams;
  readonly 'remerge-config': RemergeConfigParams;
  readonly 'switch-current': SwitchCurrentParams;
  readonly 'start-services': ServicesParams;
  readonly 'recall-services': RecallServicesParams;
  readonly 'reload-services': ServicesParams;
  readonly 'roll-services': RollServicesParams;
};
