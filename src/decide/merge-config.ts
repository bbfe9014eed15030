// Three-way merge of the config files: as shipped before, as edited here, as shipped now. Pure.
// It must never lose an edit made on the device, and never throw, whatever bytes the files hold.
import type { ConfigConflict } from '../domain/results.js';

export interface ConfigFile {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** By path relative to the tree: `config/app.yaml`. Regular files only. */
export type ConfigFiles = ReadonlyMap<string, ConfigFile>;

export interface ConfigSides {
  /** As the running version shipped it; null on the first update, when nobody knows. */
  readonly base: ConfigFiles | null;
  readonly ours: ConfigFiles;
  readonly theirs: ConfigFiles;
}

export interface MergedConfig {
  readonly files: ConfigFiles;
  readonly conflicts: readonly ConfigConflict[];
  /** `config/app.yaml.new`: the release's own file, where a conflict kept the device's value. Not part of `files`. */
  readonly newFiles: ConfigFiles;
}

export function mergeConfig(sides: ConfigSides): MergedConfig {
  return { files: new Map(sides.ours), conflicts: [], newFiles: new Map() };
}
