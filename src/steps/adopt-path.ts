// Step: a file or folder of the user becomes a link into `current`, in one instant where the kernel can exchange. The original is kept until the commit.
import { dirname, join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import type { Step } from '../domain/plan.js';
import type { AdoptPathParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { copyEntry, linkOrCopy, makeDirectoryLike } from './copy-entry.js';
import { explainStep } from './explain-step.js';
import { walkPath, type Walked } from './walk-tree.js';

export const adoptPath: Step<AdoptPathParams, StepContext> = {
  name: 'adopt-path',
  plan: (params) => ({
    name: 'adopt-path', state: 'switching', params, summary: `${params.managedPath} becomes a link to the same files`,
    undo: [{ op: 'restore-adopted', path: params.path, from: params.aside }],
  }),
  do: explainStep('adopt a managed path', async ({ fs }, params) => {
    const there = fs.stat(params.path);
    if (there?.kind === 'link' && fs.readLink(params.path) === params.target) return;
    if (there?.kind !== 'file' && there?.kind !== 'directory') {
      throw new HoldlineError('install-invalid', `cannot adopt ${params.managedPath}: it was replaced or removed while it was being adopted`, { hint: 'Run the command again when nothing else works on the folder.' });
    }
    catchUp(fs, params);
    swap(fs, params);
    fs.sync(dirname(params.path));
    fs.sync(dirname(params.aside));
  }),
};

function swap(fs: Filesystem, { path, target, aside }: AdoptPathParams): void {
  fs.makeDirectory(dirname(aside));
  const stale = fs.stat(aside);
  if (stale?.kind === 'link') fs.unlink(aside); // ours, from a first try; the user's original is never a link
  else if (stale !== undefined) throw new HoldlineError('internal', `cannot adopt ${path}: ${aside} holds something already`);
  fs.symlink(target, aside);
  if (fs.exchange(path, aside)) return;
  // No exchange here: two renames. Between them the path is missing; after a crash there, undo brings the original back.
  fs.unlink(aside);
  fs.rename(path, aside);
  fs.sync(dirname(path));
  fs.symlink(target, path);
}

/** What changed in the folder since it was copied: hard-linked files need nothing, they are the same files. */
function catchUp(fs: Filesystem, { path, copy }: AdoptPathParams): void {
  const live = new Map(entriesOf(fs, path));
  const copied = new Map(entriesOf(fs, copy));
  let changed = false;
  for (const [name, entry] of live) {
    const old = copied.get(name);
    if (old !== undefined && isSame(fs, entry, old)) continue;
    changed = true;
    const to = join(copy, name);
    if (entry.stat.kind === 'directory') makeDirectoryLike(fs, entry, to);
    else if (entry.stat.kind === 'link') copyEntry(fs, entry, to);
    else linkOrCopy(fs, entry, to);
  }
  for (const [name] of [...copied].reverse()) {
    if (live.has(name)) continue;
    changed = true;
    fs.remove(join(copy, name));
  }
  if (changed) fs.syncFilesystem(copy);
}

function* entriesOf(fs: Filesystem, root: string): Generator<[string, Walked]> {
  for (const entry of walkPath(fs, dirname(root), root.slice(dirname(root).length + 1))) yield [entry.full.slice(root.length + 1), entry];
}

function isSame(fs: Filesystem, live: Walked, copy: Walked): boolean {
  if (live.stat.kind !== copy.stat.kind) return false;
  if (live.stat.kind === 'directory') return live.stat.mode === copy.stat.mode;
  if (live.stat.kind === 'link') return fs.readLink(live.full) === fs.readLink(copy.full);
  if (live.stat.inode === copy.stat.inode && live.stat.device === copy.stat.device) return true;
  return live.stat.kind === 'file' && live.stat.size === copy.stat.size && live.stat.mode === copy.stat.mode && fs.hash(live.full) === fs.hash(copy.full);
}
