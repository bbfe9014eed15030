// Stages a backup for a rollback: read-only code is linked where it can be, all else copied; modes and links come from the backup's list,
// because a stick may know neither. stage-tree then compares every file with that list.
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import { HOUSE_OF_BACKUP } from '../decide/transaction-paths.js';
import { createDevicePaths, isBelow } from '../decide/writable-paths.js';
import { readBackupEntries } from './backup-manifest.js';
import type { StagedTree } from './context.js';
import { clear, linkOrCopy, makeDirectoryLike, WRITE_BITS } from './copy-entry.js';
import { walkTree } from './walk-tree.js';

export function stageBackup(fs: Filesystem, backup: string, preserve: readonly string[]): (into: string) => Promise<StagedTree> {
  return async (into) => {
    const entries = readBackupEntries(fs, backup);
    if (entries === undefined) throw damaged('its list of files is missing or damaged');
    const { isWritable } = createDevicePaths(preserve);
    fs.makeDirectory(into);
    for (const folder of walkTree(fs, backup, (path) => path !== HOUSE_OF_BACKUP)) {
      if (folder.stat.kind === 'directory' && !isBelow(folder.path, HOUSE_OF_BACKUP)) makeDirectoryLike(fs, folder, join(into, folder.path));
    }
    let bytesWritten = 0;
    for (const { path, mode, target } of entries) {
      if (isBelow(path, HOUSE_OF_BACKUP)) continue;
      const to = join(into, path);
      if (mode === 'link') {
        clear(fs, to);
        fs.symlink(target ?? '', to);
        continue;
      }
      const full = join(backup, path);
      const stat = fs.stat(full);
      if (stat?.kind !== 'file') throw damaged(`${path} is missing`);
      const executable = mode === '0755';
      const linkable = !isWritable(path) && (stat.mode & WRITE_BITS) === 0 && ((stat.mode & 0o100) !== 0) === executable;
      if (linkable) {
        bytesWritten += linkOrCopy(fs, { full, stat }, to);
      } else {
        clear(fs, to);
        fs.copyFile(full, to, (stat.mode & 0o666) | (executable ? (stat.mode & 0o444) >> 2 : 0));
        bytesWritten += stat.size;
      }
    }
    return { bytesWritten };
  };

  function damaged(why: string): HoldlineError {
    return new HoldlineError('backup-damaged', `cannot restore the backup ${backup}: ${why}. Nothing has changed on the device`, { hint: 'Choose another: `holdline verify` shows which are sound.' });
  }
}
