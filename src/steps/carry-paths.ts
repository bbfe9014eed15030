// Step: VERSION, paths the release lacks, and what is preserved go into the staged tree, from the running one. The running tree is only read.
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { FileStat, Filesystem } from '../domain/ports.js';
import { globRoot } from '../domain/match-glob.js';
import type { Step } from '../domain/plan.js';
import type { CarryPathsParams } from '../decide/step-params.js';
import { carriedFile, shippedDir, stagedRecord, stagedTree } from '../decide/transaction-paths.js';
import { CONFIG, createDevicePaths, isBelow, isConfig, VERSION_FILE } from '../decide/writable-paths.js';
import type { StepContext } from './context.js';
import { copyEntry, linkOrCopy, makeDirectoryLike, WRITE_BITS } from './copy-entry.js';
import { explainStep } from './explain-step.js';
import { copyShippedConfig, isObject, readJson } from './records.js';
import { walkPath, walkTree, type Walked } from './walk-tree.js';

const MAX_CARRIED_BYTES = 384 * 1024 * 1024;

export const carryPaths: Step<CarryPathsParams, StepContext> = {
  name: 'carry-paths',
  plan: (params) => ({
    name: 'carry-paths', state: 'staging', params, undo: [],
    summary: params.current === null ? 'write VERSION' : `carry over ${['what the release lacks', ...params.preserve].join(', ')}`,
  }),
  do: explainStep('carry over what belongs to this device', async (context, params) => {
    const { fs, results, log } = context;
    const tree = stagedTree(params.staging);
    settleVersion(context, params, tree);
    const { current, currentRecord } = params;
    if (current === null || currentRecord === null) return;
    // A second run of this step finds the carried paths in the tree: what was carried the first time is still what the release lacks.
    const lacking = readCarried(fs, params.staging)?.lacking
      ?? params.managedPaths.filter((path) => path !== VERSION_FILE && fs.stat(join(tree, path)) === undefined && fs.stat(join(current, path)) !== undefined);
    for (const path of lacking) log.info(`the release has no ${path}: it stays as it is`, { path });
    if (lacking.some((path) => isBelow(CONFIG, path))) copyShippedConfig(fs, shippedDir(currentRecord), stagedRecord(params.staging));
    const carried = carry(fs, params, { from: current, to: tree, lacking });
    results.bytesWritten += carried.bytesWritten;
    fs.writeDurably(carriedFile(params.staging), JSON.stringify({ lacking, paths: [...carried.paths] }));
  }),
};

interface Carrying { readonly from: string; readonly to: string; readonly lacking: readonly string[] }
export interface CarryRules { readonly preserve: readonly string[]; readonly managedPaths: readonly string[]; readonly keepConfig: boolean }
/** Size, time and inode of each carried file when it was carried. */
export type Fingerprints = ReadonlyMap<string, string>;

/** Copies what is carried and has not been carried yet as it is now; removes what is gone since. */
export function carry(fs: Filesystem, rules: CarryRules, { from, to, lacking }: Carrying, before: Fingerprints = new Map()): { readonly paths: Fingerprints; readonly bytesWritten: number } {
  const { isPreserved } = createDevicePaths(rules.preserve);
  const isCarried = (path: string): boolean => lacking.some((parent) => isBelow(path, parent))
    || (isPreserved(path) && rules.managedPaths.some((parent) => isBelow(path, parent)) && !(rules.keepConfig && isConfig(path)));
  const paths = new Map<string, string>();
  let bytesWritten = 0;
  for (const entry of walkCarried(fs, from, [...lacking, ...rules.preserve.map(globRoot)])) {
    if (!isCarried(entry.path) || entry.stat.kind === 'other') continue;
    const now = fingerprint(entry.stat);
    paths.set(entry.path, now);
    if (before.get(entry.path) !== now) bytesWritten += carryEntry(fs, entry, from, to);
  }
  for (const path of before.keys()) if (!paths.has(path)) fs.remove(join(to, path));
  return { paths, bytesWritten };
}

/** Only the folders that can hold something: this runs inside the downtime, which must not grow with the release. */
function* walkCarried(fs: Filesystem, from: string, roots: readonly string[]): Generator<Walked> {
  if (roots.includes('')) return yield* walkTree(fs, from);
  for (const root of new Set(roots)) {
    if (roots.some((other) => other !== root && isBelow(root, other))) continue;
    const parents = root.split('/').slice(0, -1).map((_part, index, parts) => parts.slice(0, index + 1).join('/'));
    if (parents.every((parent) => fs.stat(join(from, parent))?.kind === 'directory')) yield* walkPath(fs, from, root);
  }
}

/** Read-only code is shared; whatever the app may write to is copied, so that reverting finds it as it was. */
function carryEntry(fs: Filesystem, entry: Walked, from: string, to: string): number {
  const at = join(to, entry.path);
  if (entry.stat.kind === 'directory') {
    if (fs.stat(at)?.kind !== 'directory') copyParents(fs, from, to, entry.path);
    makeDirectoryLike(fs, entry, at);
    return 0;
  }
  copyParents(fs, from, to, entry.path);
  return entry.stat.kind === 'file' && (entry.stat.mode & WRITE_BITS) === 0 ? linkOrCopy(fs, entry, at) : copyEntry(fs, entry, at);
}

/** Folders above a carried path exist, as they are on the device; what is in the way is not a folder and goes. */
function copyParents(fs: Filesystem, from: string, to: string, path: string): void {
  const parts = path.split('/').slice(0, -1);
  for (let count = 1; count <= parts.length; count += 1) {
    const parent = parts.slice(0, count).join('/');
    const stat = fs.stat(join(from, parent));
    if (fs.stat(join(to, parent))?.kind !== 'directory' && stat?.kind === 'directory') makeDirectoryLike(fs, { full: join(from, parent), stat }, join(to, parent));
  }
}

/** Folders change with every file in them, and their content is compared by itself. */
const fingerprint = (stat: FileStat): string =>
  stat.kind === 'directory' ? `directory ${stat.mode}` : `${stat.kind} ${stat.mode} ${stat.size} ${stat.mtimeMs} ${stat.inode}`;

export function readCarried(fs: Filesystem, staging: string): { readonly lacking: readonly string[]; readonly paths: Fingerprints } | undefined {
  const value = readJson(fs, carriedFile(staging), MAX_CARRIED_BYTES);
  if (!isObject(value) || !Array.isArray(value['lacking']) || !Array.isArray(value['paths'])) return undefined;
  const lacking = value['lacking'].filter((path) => typeof path === 'string');
  const pairs = value['paths'].filter((pair): pair is [string, string] => Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string');
  return { lacking, paths: new Map(pairs) };
}

/** VERSION says what the tree is: written where the payload has none, and where an unsigned one contradicts the tag. */
function settleVersion({ fs, log, report }: StepContext, params: CarryPathsParams, tree: string): void {
  const file = join(tree, VERSION_FILE);
  const kind = fs.stat(file)?.kind;
  const found = kind === 'file' ? fs.readText(file, 4096).trim() : undefined;
  if (found === params.version) return;
  if (kind !== undefined && params.versionIsSigned) {
    throw new HoldlineError('version-invalid', `cannot use the release: its VERSION says ${JSON.stringify(found ?? 'nothing readable')}, its manifest ${params.version}. Nothing has changed on the device`, {
      hint: 'The publisher must build the release again.',
    });
  }
  if (found !== undefined) {
    const message = `the release's VERSION says ${JSON.stringify(found)}; its tag says ${params.version}, and the tag wins`;
    log.warn(message);
    report({ type: 'note', level: 'warn', message });
  }
  fs.remove(file);
  fs.writeDurably(file, `${params.version}\n`, 0o444);
}
