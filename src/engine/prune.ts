// Removes what no rollback and no recovery needs: old versions, old backups, left-over staging. Under the lock, after the books are closed.
// It must never take what a transaction still open could need, and never make a good update fail.
import { join } from 'node:path';
import { journalDirs, recordDir, recordsDir, stagingDir, versionDir, versionsDir, type Layout } from '../domain/layout.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import type { Settings } from '../domain/settings.js';
import { pruneBackups } from './backups.js';
import { readDeviceState } from './device-state.js';
import { findUnfinished, findUnsettled } from './journal.js';
import { readDevice } from './read-device.js';

export interface PruneParts {
  readonly fs: Filesystem;
  readonly layout: Layout;
  readonly settings: Pick<Settings, 'managedPaths' | 'maxBackups' | 'backupEnabled'>;
  readonly log: Logger;
}

/** Never throws: what could not be removed is removed the next time. */
export function prune(parts: PruneParts): void {
  const { fs, layout, settings, log } = parts;
  try {
    // After `committed` nothing is undone any more; anything else that is open may need all there is.
    if (journalDirs(layout).flatMap((directory) => findUnfinished(fs, directory)).some(({ summary }) => summary.state !== 'committed')) return;
    const device = readDevice(parts);
    const keep = [device.current, device.previous].filter((version) => version !== null);
    pruneVersions(fs, layout, [...keep.map(({ directory }) => directory), ...withModuleToUndo(fs, layout), ...inUse(fs, layout)]);
    emptyStaging(fs, layout);
    if (settings.backupEnabled) pruneBackups(fs, layout, { maxBackups: settings.maxBackups, protectedVersions: keep.map(({ version }) => version) });
  } catch (thrown) {
    log.warn('cannot tidy up; it is tried again after the next update', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** Their programs are called again at the next start, its own and those of a group. */
const withModuleToUndo = (fs: Filesystem, layout: Layout): string[] => journalDirs(layout).flatMap((directory) => findUnsettled(fs, directory))
  .filter(({ summary }) => (summary.end?.programs?.length ?? 0) > 0)
  .flatMap(({ summary: { begin } }) => begin.members?.filter(({ install_dir: folder }) => folder === layout.installDir).map(({ to }) => to.directory) ?? [begin.plan.to.directory]);

/** A process that no update has touched since still loads its files from where it was started. */
const inUse = (fs: Filesystem, layout: Layout): string[] => Object.values(readDeviceState(fs, layout).older_processes).flatMap(({ directory, taken }) => [directory, taken]);

/** A version vanishes by a rename first: half a tree never stands under a version's name. */
export function pruneVersions(fs: Filesystem, layout: Layout, keep: readonly string[]): void {
  if (fs.stat(versionsDir(layout)) === undefined || keep.length === 0) return;
  for (const name of fs.list(versionsDir(layout))) {
    if (keep.includes(name)) continue;
    const aside = join(stagingDir(layout), `removed-${name}`);
    fs.makeDirectory(stagingDir(layout));
    fs.remove(aside);
    fs.rename(versionDir(layout, name), aside);
    fs.sync(versionsDir(layout));
  }
  if (fs.stat(recordsDir(layout)) === undefined) return;
  for (const name of fs.list(recordsDir(layout))) if (fs.stat(versionDir(layout, name)) === undefined) fs.remove(recordDir(layout, name));
}

function emptyStaging(fs: Filesystem, layout: Layout): void {
  if (fs.stat(stagingDir(layout)) === undefined) return;
  for (const name of fs.list(stagingDir(layout))) fs.remove(join(stagingDir(layout), name));
}
