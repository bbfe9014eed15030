// Three-way merge of the config files: as shipped before, as edited here, as shipped now. Pure.
// It must never lose an edit made on the device, and never throw, whatever bytes the files hold.
import type { ConfigConflict } from '../domain/results.js';
import { comparePaths } from '../domain/tree.js';
import { mergeJson } from './merge-json.js';
import type { MergedText, TextSides } from './merge-text.js';
import { mergeYaml } from './merge-yaml.js';

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

/** Above this a file is merged as a whole: taking it apart costs some 400 bytes of memory and 7 µs for each byte. */
const MAX_MERGED_BYTES = 128 * 1024;
const NEW_SUFFIX = '.new';

/**
 * Going back uses it too: `theirs` is then the older release. A file that only the device has is the device's own, and
 * no conflict; a file or key only the release has is added, unless it was deleted here.
 */
export function mergeConfig(sides: ConfigSides): MergedConfig {
  const ours = dropOldNewFiles(sides);
  const paths = [...new Set([...ours.keys(), ...sides.theirs.keys(), ...(sides.base?.keys() ?? [])])].sort(comparePaths);
  const files = new Map<string, ConfigFile>();
  const disputes: { readonly path: string; readonly keys: readonly (string | null)[] }[] = [];
  for (const path of paths) {
    const merged = mergeFile(path, sides.base?.get(path), ours.get(path), sides.theirs.get(path));
    if (merged.file !== undefined) files.set(path, merged.file);
    if (merged.conflicts.length > 0) disputes.push({ path, keys: merged.conflicts });
  }
  for (const path of findBlocked(files, ours)) {
    files.delete(path);
    disputes.push({ path, keys: [null] });
  }
  return { files, ...writeDisputes(disputes, files, sides.theirs) };
}

interface MergedFile { readonly file: ConfigFile | undefined; /** Key paths, or null for the whole file. */ readonly conflicts: readonly (string | null)[] }

function mergeFile(path: string, base: ConfigFile | undefined, ours: ConfigFile | undefined, theirs: ConfigFile | undefined): MergedFile {
  if (ours === undefined) {
    // Missing here: new in the release, or deleted here and so staying deleted.
    if (base === undefined || theirs === undefined) return { file: base === undefined ? theirs : undefined, conflicts: [] };
    return { file: undefined, conflicts: isSame(base, theirs) ? [] : [null] };
  }
  if (theirs === undefined) {
    if (base === undefined) return { file: ours, conflicts: [] };
    return isSame(base, ours) ? { file: undefined, conflicts: [] } : { file: ours, conflicts: [null] };
  }
  const mode = base !== undefined && base.mode === ours.mode ? theirs.mode : ours.mode;
  if (base !== undefined && isSame(base, ours)) return { file: { content: theirs.content, mode }, conflicts: [] };
  if (isSame(ours, theirs) || (base !== undefined && isSame(base, theirs))) return { file: { content: ours.content, mode }, conflicts: [] };
  const merged = mergeContent(path, base?.content, ours.content, theirs.content);
  if (merged === undefined) return { file: { content: ours.content, mode }, conflicts: [null] };
  return { file: { content: Buffer.from(merged.text), mode }, conflicts: merged.conflicts };
}

/** Undefined where the file can only be kept as a whole. */
function mergeContent(path: string, base: Buffer | undefined, ours: Buffer, theirs: Buffer): MergedText | undefined {
  const merge = mergerOf(path);
  if (merge === undefined || [base, ours, theirs].some((content) => (content?.length ?? 0) > MAX_MERGED_BYTES)) return undefined;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return merge({ base: base === undefined ? null : decoder.decode(base), ours: decoder.decode(ours), theirs: decoder.decode(theirs) });
  } catch {
    // Bytes that are no text, syntax nobody can merge, nesting deeper than the stack: whatever it is, the device's
    // file stays as it is and the release's is written beside it.
    return undefined;
  }
}

function mergerOf(path: string): ((sides: TextSides) => MergedText) | undefined {
  if (/\.ya?ml$/iu.test(path)) return mergeYaml;
  return /\.json$/iu.test(path) ? mergeJson : undefined;
}

/** What an earlier merge wrote beside a file is not the person's, unless a release ships a file of that name. */
function dropOldNewFiles({ base, ours, theirs }: ConfigSides): ConfigFiles {
  const isKnown = (path: string): boolean => ours.has(path) || theirs.has(path) || base?.has(path) === true;
  return new Map([...ours].filter(([path]) =>
    !path.endsWith(NEW_SUFFIX) || theirs.has(path) || base?.has(path) === true || !isKnown(path.slice(0, -NEW_SUFFIX.length))));
}

/** The release's files that cannot be placed because the device has a file where they need a folder, or the reverse. */
function findBlocked(files: ConfigFiles, ours: ConfigFiles): readonly string[] {
  const folders = new Set([...files.keys()].filter((path) => ours.has(path)).flatMap(foldersOf));
  return [...files.keys()].filter((path) => !ours.has(path) && (folders.has(path) || foldersOf(path).some((folder) => files.has(folder) && ours.has(folder))));
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function writeDisputes(
  disputes: readonly { readonly path: string; readonly keys: readonly (string | null)[] }[], files: ConfigFiles, theirs: ConfigFiles,
): Pick<MergedConfig, 'conflicts' | 'newFiles'> {
  const newFiles = new Map<string, ConfigFile>();
  const conflicts: ConfigConflict[] = [];
  for (const { path, keys } of disputes) {
    const shipped = theirs.get(path);
    const blocked = foldersOf(path).some((folder) => files.has(folder));
    let writtenAs: string | null = null;
    if (shipped !== undefined && !blocked) {
      writtenAs = path + NEW_SUFFIX;
      while (files.has(writtenAs) || newFiles.has(writtenAs)) writtenAs += NEW_SUFFIX;
      newFiles.set(writtenAs, shipped);
    }
    for (const key of keys) conflicts.push({ path, key, written_as: writtenAs });
  }
  return { conflicts, newFiles };
}

function isSame(a: ConfigFile, b: ConfigFile): boolean {
  return a.content.equals(b.content);
}
