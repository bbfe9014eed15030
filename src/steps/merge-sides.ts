// Merges the config of two trees over a common base and writes it into the third: what merge-config and remerge-config share.
import { join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';
import type { ConfigConflict } from '../domain/results.js';
import { comparePaths } from '../domain/tree.js';
import { mergeConfig, type ConfigFile, type ConfigFiles } from '../decide/merge-config.js';
import { mergeOpaque } from '../decide/merge-opaque.js';
import { shippedDir } from '../decide/transaction-paths.js';
import { createDevicePaths } from '../decide/writable-paths.js';
import { EMPTY_SIDE, fingerprintConfig, identityOf, readConfig, writeConfig, type ConfigSide } from './config-files.js';
import type { Entry } from './copy-entry.js';
import { readRecord } from './records.js';

export interface MergePlaces {
  /** The running version, whose config is the device's. */
  readonly current: string | null;
  readonly currentRecord: string | null;
  /** The new version's record with the config as shipped, and the tree to write into. */
  readonly record: string;
  readonly tree: string;
  readonly preserve: readonly string[];
}

export interface MergeOutcome {
  readonly conflicts: readonly ConfigConflict[];
  readonly bytesWritten: number;
  /** Of the device's config as it was before it was read. */
  readonly fingerprint: string;
}

interface Combined { readonly ours: ConfigSide; readonly theirs: ConfigSide; readonly merged: BothMerged }

/** Reads and merges; writes nothing. */
export function combineSides(fs: Filesystem, { current, currentRecord, record, preserve }: MergePlaces): Combined {
  const { isPreserved } = createDevicePaths(preserve);
  const theirs = readConfig(fs, shippedDir(record), isPreserved);
  const ours = current === null ? EMPTY_SIDE : readConfig(fs, current, (path) => isPreserved(path) || isOldNew(fs, current, path));
  const known = currentRecord !== null && readRecord(fs, currentRecord)?.has_shipped_config === true;
  // An empty folder has nothing to keep: its config is the release's.
  const base = current === null ? EMPTY_SIDE : known ? readConfig(fs, shippedDir(currentRecord), isPreserved) : null;
  return { ours, theirs, merged: mergeBoth(base, ours, theirs) };
}

export function mergeSides(fs: Filesystem, places: MergePlaces): MergeOutcome {
  const { current, tree } = places;
  const { isPreserved } = createDevicePaths(places.preserve);
  const fingerprint = current === null ? '' : fingerprintDevice(fs, current, places.preserve);
  const { ours, theirs, merged } = combineSides(fs, places);
  const extra = writeOpaqueNews(merged.opaqueNews, theirs);
  const bytesWritten = writeConfig(fs, tree, {
    // A folder of the device that happens to be called NAME.new is not replaced by our file.
    files: new Map([...merged.files, ...[...merged.newFiles].filter(([path]) => !ours.folders.has(path))]),
    opaque: new Map([...merged.opaque, ...[...extra].filter(([path]) => !ours.folders.has(path))]),
    folders: chooseFolders(ours, theirs, merged),
  }, current, isPreserved);
  return { conflicts: merged.conflicts, bytesWritten, fingerprint };
}

export const fingerprintDevice = (fs: Filesystem, current: string, preserve: readonly string[]): string =>
  fingerprintConfig(fs, current, createDevicePaths(preserve).isPreserved);

interface BothMerged {
  readonly files: ConfigFiles;
  readonly newFiles: ConfigFiles;
  readonly opaque: ReadonlyMap<string, Entry>;
  readonly opaqueNews: readonly string[];
  readonly conflicts: readonly ConfigConflict[];
}

function mergeBoth(base: ConfigSide | null, ours: ConfigSide, theirs: ConfigSide): BothMerged {
  const opaquePaths = new Set([...(base?.opaque.keys() ?? []), ...ours.opaque.keys(), ...theirs.opaque.keys()]);
  const content = (side: ConfigSide): ConfigFiles => new Map([...side.files].filter(([path]) => !opaquePaths.has(path)));
  const merged = mergeConfig({ base: base === null ? null : content(base), ours: content(ours), theirs: content(theirs) });
  const files = new Map<string, ConfigFile>(merged.files);
  const opaque = new Map<string, Entry>();
  const conflicts = [...merged.conflicts];
  const opaqueNews: string[] = [];
  for (const path of [...opaquePaths].sort(comparePaths)) {
    const verdict = mergeOpaque({
      base: base === null ? undefined : identityOf(base, path), ours: identityOf(ours, path), theirs: identityOf(theirs, path), baseKnown: base !== null,
    });
    if (verdict.keep !== 'nothing') {
      const side = verdict.keep === 'ours' ? ours : theirs;
      const file = side.files.get(path);
      const entry = side.opaque.get(path);
      if (file !== undefined) files.set(path, file);
      else if (entry !== undefined) opaque.set(path, entry);
    }
    if (!verdict.conflict) continue;
    const news = theirs.opaque.has(path);
    if (news) opaqueNews.push(path);
    conflicts.push({ path, key: null, written_as: news ? `${path}.new` : null });
  }
  const dropped = dropBlocked(files, opaque, ours);
  return { files, newFiles: merged.newFiles, opaque, opaqueNews, conflicts: [...conflicts, ...dropped.map((path) => ({ path, key: null, written_as: null }))] };
}

/** Where one side has a file and the other a folder of the same name, the device's side stays and the other's is listed. */
function dropBlocked(files: Map<string, ConfigFile>, opaque: Map<string, Entry>, ours: ConfigSide): string[] {
  const all = new Set([...files.keys(), ...opaque.keys()]);
  const isOurs = (path: string): boolean => ours.files.has(path) || ours.opaque.has(path);
  const parentsOf = (path: string): string[] => path.split('/').map((_part, index, parts) => parts.slice(0, index).join('/')).slice(1);
  const blocked = new Set<string>();
  for (const path of all) {
    for (const parent of parentsOf(path)) if (all.has(parent)) blocked.add(isOurs(path) ? parent : path);
  }
  for (const path of blocked) {
    files.delete(path);
    opaque.delete(path);
  }
  return [...blocked].sort(comparePaths);
}

/** The release's link or big file beside the device's own. */
function writeOpaqueNews(paths: readonly string[], theirs: ConfigSide): ReadonlyMap<string, Entry> {
  const found = paths.map((path) => [`${path}.new`, theirs.opaque.get(path)] as const);
  return new Map(found.flatMap(([path, entry]) => (entry === undefined ? [] : [[path, entry] as const])));
}

/** The device's folders and the release's, unless a file has the name; also empty ones. */
function chooseFolders(ours: ConfigSide, theirs: ConfigSide, merged: BothMerged): ReadonlyMap<string, Entry> {
  return new Map([...theirs.folders, ...ours.folders].filter(([path]) => !merged.files.has(path) && !merged.opaque.has(path)).sort(([a], [b]) => comparePaths(a, b)));
}

/** `app.yaml.new` beside `app.yaml` was written by an earlier merge and is not carried along. */
export function isOldNew(fs: Filesystem, root: string, path: string): boolean {
  return path.endsWith('.new') && fs.stat(join(root, path.slice(0, -'.new'.length))) !== undefined;
}

