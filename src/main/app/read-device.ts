// `history`, `backups` and `verify`: what the device holds, read from the disk; of several components each by its name.
import type { BackupSummary, HistoryEntry } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { listBackups, summarizeBackup } from '../../engine/backups.js';
import { readHistory } from '../../engine/history.js';
import { verifyDevice } from '../../engine/verify-device.js';
import type { VerifyFinding } from '../../interface/app.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { layoutOf } from '../layout-of.js';

const viewsOf = (settings: Settings): readonly Settings[] => settings.components ?? [settings];
const nameOf = ({ component }: Settings): { readonly component?: string } => (component === null ? {} : { component: component.name });

/** Newest first. */
export function readHistoryOf(settings: Settings, limit: number): readonly HistoryEntry[] {
  const fs = createFilesystem();
  const all = viewsOf(settings).map((view) => readHistory(fs, layoutOf(view), limit).map((entry) => ({ ...entry, ...nameOf(view) })));
  const [first] = all;
  return all.length === 1 && first !== undefined ? first : all.flat().sort((a, b) => b.at.localeCompare(a.at)).slice(0, limit);
}

export function readBackupsOf(settings: Settings): readonly BackupSummary[] {
  const fs = createFilesystem();
  return viewsOf(settings).flatMap((view) => listBackups(fs, layoutOf(view)).map((backup) => ({ ...summarizeBackup(backup), ...nameOf(view) })));
}

export function verifyAll(settings: Settings): readonly VerifyFinding[] {
  const fs = createFilesystem();
  return viewsOf(settings).flatMap((view) => verifyDevice({ fs, layout: layoutOf(view), settings: view })
    .map((finding) => (view.component === null ? finding : { ...finding, subject: `${view.component.name} ${finding.subject}` })));
}
