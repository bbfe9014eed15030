// Which files change for the processes when one tree takes the place of another. Pure; what it knows of the device was read before.
import { comparePaths, type Tree } from '../domain/tree.js';
import { diffTrees } from './diff-trees.js';
import { isBelow, isConfig, VERSION_FILE } from './writable-paths.js';

export type TreeChange =
  /** Nobody can say, or all is to be loaded anew. */
  | { readonly kind: 'everything'; readonly why: string }
  | {
    readonly kind: 'paths';
    /** Sorted as trees are. */
    readonly paths: readonly string[];
    /** Every path there is before or after: what a glob can match. */
    readonly known: ReadonlySet<string>;
    /** Of the paths: config that was edited here, of which only the merge will say whether it really changes. */
    readonly doubtful: ReadonlySet<string>;
  };

export interface TreesToCompare {
  /** As shipped, where known. */
  readonly from: Tree | null;
  readonly to: Tree | null;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly managedPaths: readonly string[];
  readonly device: DeviceFiles;
  /** Its config is restored exactly, over whatever is on the device. */
  readonly keepConfig: boolean;
}

/** What stands in the running version beyond what was shipped. */
export interface DeviceFiles {
  /** sha256 by path; the merge starts from it. */
  readonly config: ReadonlyMap<string, string>;
  /** False: the config as shipped with the running version is not known, and a merge may add to any file. */
  readonly configBase: boolean;
  readonly preserved: ReadonlySet<string>;
}

export function listChanges(trees: TreesToCompare): TreeChange {
  const { from, to, device } = trees;
  if (trees.fromVersion === null) return { kind: 'everything', why: 'it is the first version here' };
  if (from === null || to === null) return { kind: 'everything', why: `the files of ${from === null ? 'the running version' : trees.toVersion} are not known` };
  const diff = diffTrees(from, to);
  const shipped = [...diff.added, ...diff.removed, ...diff.changed.map((entry) => entry.to)].map((entry) => entry.path);
  const lacking = trees.managedPaths.filter((path) => path !== VERSION_FILE && !to.some((entry) => isBelow(entry.path, path)));
  const isCarried = (path: string): boolean => lacking.some((parent) => isBelow(path, parent));
  const code = shipped.filter((path) => !isConfig(path) && path !== VERSION_FILE && !device.preserved.has(path) && !isCarried(path));
  const config = lacking.some((path) => isBelow('config', path)) ? [] : listConfigChanges(trees, new Set(shipped));
  const version = trees.fromVersion === trees.toVersion ? [] : [VERSION_FILE];
  // A process that writes there must come to the copy in the new version, or what it writes from now on is lost.
  const copied = [...device.preserved];
  const shippedBefore = new Map(from.map((entry) => [entry.path, entry.sha256]));
  const isEdited = (path: string): boolean => !device.configBase || device.config.get(path) !== shippedBefore.get(path);
  return {
    kind: 'paths', doubtful: new Set(trees.keepConfig ? [] : config.filter(isEdited)), paths: [...new Set([...code, ...config, ...version, ...copied])].sort(comparePaths),
    known: new Set([...from, ...to].map((entry) => entry.path).concat([...device.config.keys()], copied, VERSION_FILE)),
  };
}

/** The merge keeps what the release did not change; what it did counts as a change, unless the device has the new content already. */
function listConfigChanges({ to, device, keepConfig }: TreesToCompare, shipped: ReadonlySet<string>): readonly string[] {
  const next = new Map((to ?? []).filter((entry) => isConfig(entry.path)).map((entry) => [entry.path, entry.sha256]));
  const paths = new Set([...next.keys(), ...device.config.keys(), ...[...shipped].filter(isConfig)]);
  return [...paths].filter((path) => {
    if (device.preserved.has(path) && !keepConfig) return false;
    const now = device.config.get(path);
    if (now === next.get(path)) return false;
    if (keepConfig) return true;
    // Without a base nothing of the device's is removed.
    return device.configBase ? shipped.has(path) : next.has(path);
  });
}
