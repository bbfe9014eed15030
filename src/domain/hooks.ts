// A hook: a program that is called at a moment of an update. Only settings name it, never a release, which can at most ship it.
// Data only; docs/hooks.md is the contract its authors read.

/**
 * - before_switch: all is staged, nothing is stopped. May say "not now", or no
 * - after_switch: the new tree is current, its services do not run yet. Its failure reverts the update
 * - after_commit: the new version is final. Only told
 * - after_revert: the old version is back and runs, or the update went no further than before_switch. Only told
 */
export const HOOK_NAMES = ['before_switch', 'after_switch', 'after_commit', 'after_revert'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

export type HookSettings = {
  /** argv; a program with a `/` in its name is a path from install_dir. Never through a shell. */
  readonly command: readonly string[];
  /** The user it runs as; null: one that owns nothing. */
  readonly user: string | null;
  /** Seconds. */
  readonly timeout: number;
  /** Full paths that it may write where systemd makes the system read-only for it. */
  readonly writable: readonly string[];
};
export type HooksSettings = Readonly<Partial<Record<HookName, HookSettings>>>;

/** One JSON object on standard input. */
export interface HookRequest {
  readonly contract: 1;
  readonly hook: HookName;
  readonly component: string;
  readonly transaction: string;
  readonly kind: 'update' | 'rollback';
  /** Plain semver of what ran before; null on a first install. */
  readonly from: string | null;
  readonly to: string;
  readonly install_dir: string;
  /** The version directories of `to` and of `from`; read-only. */
  readonly tree: string;
  readonly previous_tree: string | null;
}

/** Everything a call needs, fixed by the plan: after a crash it is made from the journal alone. */
export type HookCall = Omit<HookRequest, 'contract'> & HookSettings;

/** Calls one. Throws `hook-not-now` and `hook-refused` (before_switch), `hook-failed` (the others). */
export interface HookRunner { run(call: HookCall): Promise<void> }
