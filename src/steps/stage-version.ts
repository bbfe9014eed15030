// Stages a kept version for a rollback: its code is linked, its config taken as shipped, preserved files copied. Nothing of the kept version changes.
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { recordDir, versionDir, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import { filesFile, shippedDir } from '../decide/transaction-paths.js';
import { createDevicePaths, isConfig, VERSION_FILE } from '../decide/writable-paths.js';
import type { StagedTree } from './context.js';
import { copyEntry, linkOrCopy, makeDirectoryLike } from './copy-entry.js';
import { readFiles } from './records.js';
import { walkPath, walkTree } from './walk-tree.js';

export function stageVersion(fs: Filesystem, layout: Layout, directory: string, preserve: readonly string[]): (into: string) => Promise<StagedTree> {
  return async (into) => {
    const from = versionDir(layout, directory);
    const record = recordDir(layout, directory);
    const files = readFiles(fs, filesFile(record));
    if (files === undefined) {
      throw new HoldlineError('tree-digest', `cannot roll back to ${directory}: the list of its files is missing or damaged. Nothing has changed on the device`, { hint: 'Choose a backup instead: see `holdline backups`.' });
    }
    const listed = new Set(files.map(({ path }) => path));
    const { isPreserved } = createDevicePaths(preserve);
    fs.makeDirectory(into);
    let bytesWritten = 0;
    for (const entry of walkTree(fs, from)) {
      if (isConfig(entry.path)) continue;
      const to = join(into, entry.path);
      if (entry.stat.kind === 'directory') makeDirectoryLike(fs, entry, to);
      // What the app left in its code folders is not part of the version; what is preserved is.
      else if (isPreserved(entry.path)) bytesWritten += copyEntry(fs, entry, to);
      else if (listed.has(entry.path) || entry.path === VERSION_FILE) bytesWritten += entry.stat.kind === 'link' ? copyEntry(fs, entry, to) : linkOrCopy(fs, entry, to);
    }
    for (const entry of walkPath(fs, shippedDir(record), 'config')) bytesWritten += copyEntry(fs, entry, join(into, entry.path));
    return { bytesWritten };
  };
}
