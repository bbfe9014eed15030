// What the merge of the config really changed, noted in the transaction's folder: who is made of nothing else need not be touched.
import type { Filesystem } from '../domain/ports.js';
import type { ServicesParams } from '../decide/step-params.js';
import { leftAlone } from '../decide/left-alone.js';
import { changedConfigFile, stagedTree } from '../decide/transaction-paths.js';
import { CONFIG } from '../decide/writable-paths.js';
import { readJson } from './records.js';
import { walkPath } from './walk-tree.js';

const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** Notes which files and links below config differ between the running tree and the staged one, or stand in one of them only. */
export function noteMergedChanges(fs: Filesystem, staging: string, current: string): void {
  const [before, after] = [describeConfig(fs, current), describeConfig(fs, stagedTree(staging))];
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path)).sort();
  fs.writeDurably(changedConfigFile(staging), JSON.stringify(changed));
}

function describeConfig(fs: Filesystem, root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, full, stat } of walkPath(fs, root, CONFIG)) {
    if (stat.kind === 'file') found.set(path, `${stat.mode} ${fs.hash(full)}`);
    if (stat.kind === 'link') found.set(path, `-> ${fs.readLink(full)}`);
  }
  return found;
}

/** Null where no merge has said it. */
export function readMergedChanges(fs: Filesystem, staging: string): ReadonlySet<string> | null {
  const changed = readJson(fs, changedConfigFile(staging), MAX_LIST_BYTES);
  return Array.isArray(changed) ? new Set(changed.filter((path) => typeof path === 'string')) : null;
}

/** The services of a step that are really touched, in their order. */
export function touchedNow(fs: Filesystem, { services, doubtful }: ServicesParams): readonly string[] {
  if (doubtful === undefined) return services;
  const alone = leftAlone(doubtful.touched, readMergedChanges(fs, doubtful.staging));
  return services.filter((name) => !alone.has(name));
}
