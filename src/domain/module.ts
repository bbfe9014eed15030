// A module: a program shipped in the release that updates something else (a firmware, a database, a third-party package).
// Data only; docs/modules.md is the contract its authors read.

/**
 * - check: may this go on now? Changes nothing
 * - prepare: gather what apply and undo will need, in `state_dir` only
 * - apply: make the thing outside what this version says
 * - verify: is it so? Changes nothing
 * - undo: make it what it was before apply, also where apply was killed half way, never ran, or undo ran before
 */
export const MODULE_PHASES = ['check', 'prepare', 'apply', 'verify', 'undo'] as const;
export type ModulePhase = (typeof MODULE_PHASES)[number];

export type PhaseTimeouts = Readonly<Record<ModulePhase, number>>;

export interface ModuleSettings {
  /** argv; the program is a path in the tree, or a file ending in .js, .mjs or .cjs that exports `main`. Never through a shell. */
  readonly program: readonly string[];
  /** The user it runs as; null: one that owns nothing. */
  readonly user: string | null;
  /** Extra environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Seconds for each phase. */
  readonly timeouts: PhaseTimeouts;
}

/** One JSON object on standard input. */
export interface ModuleRequest {
  readonly contract: 1;
  readonly phase: ModulePhase;
  readonly component: string;
  readonly transaction: string;
  /** Plain semver of what ran before; null on a first install. */
  readonly from: string | null;
  readonly to: string;
  /** The version directory this program stands in, and the one before; read-only. */
  readonly tree: string;
  readonly previous_tree: string | null;
  /** The module's own folder: it survives updates and crashes. */
  readonly state_dir: string;
}

/** Everything a call needs, fixed by the plan: after a crash `undo` runs from the journal alone. */
export type ModuleCall = Omit<ModuleRequest, 'contract' | 'phase'> & {
  readonly program: readonly string[];
  readonly user: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly timeouts: PhaseTimeouts;
  /** The record of `tree`: its list of files is what the program is held against before each call. */
  readonly record: string;
  /** Globs that may differ from the list: what the device may write. */
  readonly preserve: readonly string[];
};

/** Runs one phase. Throws `module-not-now`, `module-failed`, `module-changed`. */
export interface ModuleRunner { run(phase: ModulePhase, call: ModuleCall): Promise<void> }
