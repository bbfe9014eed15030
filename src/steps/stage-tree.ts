// Step: a complete tree in the staging folder, exactly as shipped, proved by reading every file again. Nothing that runs is touched.
import { dirname } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import type { Step } from '../domain/plan.js';
import { treeDigest, type Tree } from '../domain/tree.js';
import { diffTrees } from '../decide/diff-trees.js';
import type { StageExpectation, StageTreeParams } from '../decide/step-params.js';
import { filesFile, shippedDir, stagedRecord, stagedTree } from '../decide/transaction-paths.js';
import { createDevicePaths, VERSION_FILE } from '../decide/writable-paths.js';
import { readBackupEntries } from './backup-manifest.js';
import type { StepContext } from './context.js';
import { copyEntry, WRITE_BITS } from './copy-entry.js';
import { explainStep } from './explain-step.js';
import { copyShippedConfig, keepShippedConfig, readFiles, writeFiles } from './records.js';
import { walkTree } from './walk-tree.js';

const PRIVATE = 0o700;

export const stageTree: Step<StageTreeParams, StepContext> = {
  name: 'stage-tree',
  plan: (params) => ({
    name: 'stage-tree', state: 'staging', summary: params.summary, params,
    undo: [{ op: 'remove', path: params.staging }],
  }),
  do: explainStep('stage the new version', async (context, params) => {
    const { fs, results } = context;
    const into = stagedTree(params.staging);
    fs.remove(params.staging);
    fs.makeDirectory(dirname(params.staging));
    // Closed to others until it is a version: nobody sees, or holds open, what is not proven yet.
    fs.makeDirectory(params.staging, PRIVATE);
    const staged = await context.stage(into);
    results.bytesWritten += staged.bytesWritten;
    // Sealed before it is read: from here on nobody changes it by accident, not even through a hard link to a running version.
    if (params.seal) sealCode(fs, into, params.preserve);
    const tree = context.readTree(into);
    if (staged.tree !== undefined) assertSame(staged.tree, tree, 'what was written is not what stands on the disk', () => true);
    proveTree(fs, tree, params);
    results.bytesWritten += keepRecord(fs, tree, into, params);
  }),
};

/** Code files lose their write bits; config and preserved files stay as they are. */
export function sealCode(fs: Filesystem, directory: string, preserve: readonly string[]): void {
  const paths = createDevicePaths(preserve);
  for (const { path, full, stat } of walkTree(fs, directory)) {
    if (stat.kind === 'file' && (stat.mode & WRITE_BITS) !== 0 && !paths.isWritable(path)) fs.chmod(full, stat.mode & ~WRITE_BITS);
  }
}

function proveTree(fs: Filesystem, tree: Tree, { expect, preserve }: StageTreeParams): void {
  if (expect.kind === 'none') return;
  if (expect.kind === 'digest') {
    const found = treeDigest(tree);
    if (found === expect.digest) return;
    throw new HoldlineError('tree-digest', `cannot use the release: the files on the disk have the tree digest ${found}, the manifest says ${expect.digest}. Nothing has changed on the device`, {
      hint: 'Try again; if it stays so, the release is damaged or the disk is failing.', context: { found, expected: expect.digest },
    });
  }
  const { isPreserved } = createDevicePaths(preserve);
  const counts = expect.kind === 'backup' ? () => true : (path: string): boolean => path !== VERSION_FILE && !isPreserved(path);
  assertSame(readExpected(fs, expect), tree, expect.kind === 'backup' ? 'the backup is damaged' : 'the kept version is damaged', counts, expect.kind === 'backup');
}

function readExpected(fs: Filesystem, expect: Extract<StageExpectation, { kind: 'listed' | 'backup' }>): Tree {
  const found = expect.kind === 'listed'
    ? readFiles(fs, expect.files)
    : readBackupEntries(fs, expect.backup)?.filter(({ path }) => !path.startsWith('.holdline/')).map(({ path, mode, size, sha256 }) => ({ path, mode, size, sha256 }));
  if (found !== undefined) return found;
  throw new HoldlineError(expect.kind === 'listed' ? 'tree-digest' : 'backup-damaged', 'cannot check the old version: its list of files is missing or damaged. Nothing has changed on the device', {
    hint: 'Name another version or backup: see `holdline backups`.',
  });
}

function assertSame(expected: Tree, found: Tree, meaning: string, counts: (path: string) => boolean, isBackup = false): void {
  const diff = diffTrees(expected, found);
  const first = [...diff.changed.map(({ to }) => to), ...diff.removed, ...diff.added].find(({ path }) => counts(path));
  if (first === undefined) return;
  throw new HoldlineError(isBackup ? 'backup-damaged' : 'tree-digest', `cannot use this version: ${meaning} (first: ${first.path}). Nothing has changed on the device`, {
    hint: 'Run `holdline verify` to see every damaged file, then choose another version or backup.', context: { path: first.path },
  });
}

/** The list and the config as shipped, beside the tree: before anything of the device goes over it. */
function keepRecord(fs: Filesystem, tree: Tree, into: string, { staging, record }: StageTreeParams): number {
  const to = stagedRecord(staging);
  fs.remove(to);
  fs.makeDirectory(to);
  if (record === null) {
    keepShippedConfig(fs, into, to);
    return writeFiles(fs, to, tree);
  }
  const list = { full: filesFile(record), stat: fs.stat(filesFile(record)) };
  copyShippedConfig(fs, shippedDir(record), to);
  return list.stat === undefined ? writeFiles(fs, to, tree) : copyEntry(fs, { full: list.full, stat: list.stat }, filesFile(to));
}
