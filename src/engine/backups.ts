// The backups of this device: list, prove, prune. A backup is whole when every file has the hash its list says.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Backup, BackupEntry } from '../domain/device.js';
import type { Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import type { BackupSummary } from '../domain/results.js';
import { partialPrefix } from '../decide/name-backup.js';
import { HOUSE_OF_BACKUP } from '../decide/transaction-paths.js';
import { readBackupEntries } from '../steps/backup-manifest.js';
import { listBackups as listIn, namesIn } from '../steps/list-backups.js';
import { walkTree } from '../steps/walk-tree.js';

/** Ours, newest first. Another app's in the same folder are not ours. */
export const listBackups = (fs: Filesystem, { backupPath, installDir }: Layout): readonly Backup[] => listIn(fs, backupPath, installDir).backups;

/** Names whose description cannot be read: damage for `verify`, never removed. */
export const listUnreadableBackups = (fs: Filesystem, { backupPath, installDir }: Layout): readonly string[] => listIn(fs, backupPath, installDir).unreadable;

/** All names taken, whosever they are. */
export const listBackupNames = (fs: Filesystem, { backupPath }: Layout): readonly string[] => namesIn(fs, backupPath);

export const summarizeBackup = ({ name, manifest }: Backup): BackupSummary =>
  ({ name, version: manifest.version, created: manifest.created, bytes: manifest.bytes });

/** One line per damaged, missing or unexpected file; empty when whole. Reads every byte. */
export function verifyBackup(fs: Filesystem, { path }: Pick<Backup, 'path'>): string[] {
  const entries = readBackupEntries(fs, path);
  if (entries === undefined) return ['its list of files is missing or damaged'];
  const listed = new Set(entries.map((entry) => entry.path));
  const damage = entries.map((entry) => damageOf(fs, path, entry)).filter((line) => line !== undefined);
  for (const found of walkTree(fs, path)) {
    if (found.stat.kind === 'directory' || listed.has(found.path) || OUR_OWN.has(found.path)) continue;
    damage.push(`${found.path}: is not in the list`);
  }
  return damage;
}

const OUR_OWN: ReadonlySet<string> = new Set([`${HOUSE_OF_BACKUP}/backup.json`, `${HOUSE_OF_BACKUP}/entries.json`]);

function damageOf(fs: Filesystem, backup: string, entry: BackupEntry): string | undefined {
  const full = join(backup, entry.path);
  const stat = fs.stat(full);
  if (entry.mode === 'link') {
    // A filesystem without links keeps their text in the list only.
    if (stat === undefined) return undefined;
    const text = stat.kind === 'link' ? fs.readLink(full) : undefined;
    return text !== undefined && createHash('sha256').update(text).digest('hex') === entry.sha256 ? undefined : `${entry.path}: leads elsewhere`;
  }
  if (stat?.kind !== 'file') return `${entry.path}: is missing`;
  if (stat.size !== entry.size) return `${entry.path}: has ${stat.size} bytes instead of ${entry.size}`;
  try {
    return fs.hash(full) === entry.sha256 ? undefined : `${entry.path}: its content has changed`;
  } catch (thrown) {
    return `${entry.path}: cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`;
  }
}

export interface PruneRules {
  readonly maxBackups: number;
  /** The running and the previous version: the newest backup of each stays, whatever the number. */
  readonly protectedVersions: readonly string[];
}

/** Which backups are one too many. Pure. */
export function chooseSurplusBackups(newestFirst: readonly Backup[], { maxBackups, protectedVersions }: PruneRules): readonly Backup[] {
  const newestOf = new Set(protectedVersions.map((version) => newestFirst.find(({ manifest }) => manifest.version === version)?.name));
  return newestFirst.filter(({ name }, index) => index >= maxBackups && !newestOf.has(name));
}

/** Each one vanishes by a rename first, so that half of a backup is never taken for one. */
export function pruneBackups(fs: Filesystem, layout: Layout, rules: PruneRules): readonly string[] {
  const { backupPath, installDir } = layout;
  if (fs.stat(backupPath) === undefined) return [];
  const prefix = partialPrefix(installDir);
  const surplus = chooseSurplusBackups(listBackups(fs, layout), rules);
  for (const { name, path } of surplus) {
    fs.remove(join(backupPath, `${prefix}${name}`));
    fs.rename(path, join(backupPath, `${prefix}${name}`));
  }
  if (surplus.length > 0) fs.sync(backupPath);
  for (const name of fs.list(backupPath)) if (name.startsWith(prefix)) fs.remove(join(backupPath, name));
  return surplus.map(({ name }) => name);
}
