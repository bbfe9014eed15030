// `history`, `backups` and `verify`: what the device holds, read from the disk.
import type { Layout } from '../../domain/layout.js';
import type { BackupSummary, HistoryEntry } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { listBackups, summarizeBackup } from '../../engine/backups.js';
import { readHistory } from '../../engine/history.js';
import { verifyDevice } from '../../engine/verify-device.js';
import type { VerifyFinding } from '../../interface/app.js';
import { createFilesystem } from '../../platform/filesystem.js';

export function readHistoryOf(layout: Layout, limit: number): readonly HistoryEntry[] {
  return readHistory(createFilesystem(), layout, limit);
}

export function readBackupsOf(layout: Layout): readonly BackupSummary[] {
  return listBackups(createFilesystem(), layout).map(summarizeBackup);
}

export function verifyAll(settings: Settings, layout: Layout): readonly VerifyFinding[] {
  return verifyDevice({ fs: createFilesystem(), layout, settings });
}
