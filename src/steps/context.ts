// What the steps are given. Everything that changes the device goes through `fs` and `services`, so that a test can stop it anywhere.
import type { HookRunner } from '../domain/hooks.js';
import type { ModuleRunner } from '../domain/module.js';
import type { Clock, Filesystem, Logger } from '../domain/ports.js';
import type { Layout } from '../domain/layout.js';
import type { ConfigConflict, Report } from '../domain/results.js';
import type { Tree } from '../domain/tree.js';
import type { LookRules } from '../decide/step-params.js';

export interface StagedTree {
  readonly bytesWritten: number;
  /** What was written, where the stager knows; compared with what then stands on the disk. */
  readonly tree?: Tree | undefined;
}

/** Writes a complete tree into a folder that does not exist yet. */
export type Stage = (into: string) => Promise<StagedTree>;

/** By names, in the order given: start order for start, the reverse for stop. */
export interface ServiceSwitch {
  start(names: readonly string[]): Promise<void>;
  stop(names: readonly string[]): Promise<void>;
  /** They keep running and look at their files again. */
  reload(names: readonly string[]): Promise<void>;
  /** Watches one that has just started; throws `health-failed`. */
  look(name: string, rules: LookRules): Promise<void>;
}

/** Filled while the steps run; the caller makes the answer from it. */
export interface StepResults {
  configConflicts: readonly ConfigConflict[];
  bytesWritten: number;
  /** Monotonic milliseconds. */
  stoppedAtMs: number | null;
  startedAtMs: number | null;
  restarted: readonly string[];
  reloaded: readonly string[];
  /** Told or rolled, to be so again once the old version is back. */
  readonly recall: Set<string>;
  /** Name of the backup taken. */
  backup: string | null;
  /** Of hooks that change nothing by failing. */
  readonly warnings: string[];
  /** The hook before_switch has begun nothing that after_revert would have to end. */
  hookSaidNotNow: boolean;
}

export interface StepContext {
  readonly fs: Filesystem;
  readonly clock: Clock;
  readonly layout: Layout;
  readonly report: Report;
  readonly log: Logger;
  readonly services: ServiceSwitch;
  readonly stage: Stage;
  readonly modules: ModuleRunner;
  readonly hooks: HookRunner;
  /** Re-reads every file of a folder: `artifact/read-tree`. */
  readonly readTree: (directory: string) => Tree;
  readonly results: StepResults;
}

export function createStepResults(): StepResults {
  return { configConflicts: [], bytesWritten: 0, stoppedAtMs: null, startedAtMs: null, restarted: [], reloaded: [], recall: new Set(), backup: null, warnings: [], hookSaidNotNow: false };
}
