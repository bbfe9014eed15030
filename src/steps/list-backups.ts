// What stands in the backup path. Anything without a readable list is named as unreadable, never guessed.
import { join } from 'node:path';
import type { Backup } from '../domain/device.js';
import type { Filesystem } from '../domain/ports.js';
import { comparePaths } from '../domain/tree.js';
import { parseBackupName } from '../decide/name-backup.js';
import { readBackupManifest } from './backup-manifest.js';

export interface BackupListing {
  /** Newest first. */
  readonly backups: readonly Backup[];
  /** Names of backups whose list is missing or damaged. */
  readonly unreadable: readonly string[];
}

/** @param installDir only backups taken from there; unreadable ones could be anybody's and are named all the same */
export function listBackups(fs: Filesystem, backupPath: string, installDir: string): BackupListing {
  const backups: Backup[] = [];
  const unreadable: string[] = [];
  for (const name of namesIn(fs, backupPath)) {
    const path = join(backupPath, name);
    const manifest = readBackupManifest(fs, path);
    if (manifest === undefined) unreadable.push(name);
    else if (manifest.install_dir === installDir) backups.push({ name, path, manifest });
  }
  return { backups: backups.sort(newestFirst), unreadable };
}

/** Names of all backups, readable or not. */
export function namesIn(fs: Filesystem, backupPath: string): readonly string[] {
  if (fs.stat(backupPath) === undefined) return [];
  return fs.list(backupPath).filter((name) => parseBackupName(name) !== undefined && fs.stat(join(backupPath, name))?.kind === 'directory');
}

/** By the stamp in the name: a clock that was wrong in one place is at least the same clock. */
function newestFirst(a: Backup, b: Backup): number {
  const [left, right] = [parseBackupName(a.name), parseBackupName(b.name)];
  if (left === undefined || right === undefined) return comparePaths(b.name, a.name);
  return comparePaths(right.stamp, left.stamp) || right.number - left.number || comparePaths(b.name, a.name);
}
