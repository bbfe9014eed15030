// Names of backups: `backup_1.2.0_20261121_093000`, UTC, `-2` for a second one within a second. Pure.
import { createHash } from 'node:crypto';

const NAME = /^backup_(.+)_(\d{8}_\d{6})(?:-(\d+))?$/;

export interface BackupName {
  readonly version: string;
  readonly stamp: string;
  /** 1 for the first of its second. */
  readonly number: number;
}

export function nameBackup(version: string, at: Date, taken: readonly string[]): string {
  const stamp = at.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
  const base = `backup_${version}_${stamp}`;
  let name = base;
  for (let number = 2; taken.includes(name); number += 1) name = `${base}-${number}`;
  return name;
}

/** Backups being written or removed; told apart by install directory, because two apps may share a backup path. */
export function partialPrefix(installDir: string): string {
  return `.partial-${createHash('sha256').update(installDir).digest('hex').slice(0, 8)}-`;
}

/** Undefined for anything that is not a backup's name. */
export function parseBackupName(name: string): BackupName | undefined {
  const found = NAME.exec(name);
  if (found === null) return undefined;
  return { version: found[1] ?? '', stamp: found[2] ?? '', number: Number(found[3] ?? '1') };
}
