// A backup because somebody asked for one, outside any update. It appears whole by a rename, so no journal is needed.
import { HoldlineError } from '../domain/errors.js';
import { recordDir, versionDir } from '../domain/layout.js';
import type { BackupSummary } from '../domain/results.js';
import { nameBackup, partialPrefix } from '../decide/name-backup.js';
import { createStepResults } from '../steps/context.js';
import { STEPS } from '../steps/registry.js';
import { listBackupNames, listBackups, summarizeBackup } from './backups.js';
import type { EngineParts } from './parts.js';
import { prune } from './prune.js';
import { readDevice } from './read-device.js';

export async function createBackup(parts: EngineParts): Promise<BackupSummary> {
  const { fs, layout, clock, report, log, trees } = parts;
  const { current } = readDevice(parts);
  if (current === null) {
    throw new HoldlineError('install-invalid', 'cannot make a backup: holdline does not manage this folder yet', { hint: 'Take it over first: holdline adopt.' });
  }
  const name = nameBackup(current.version, clock.now(), listBackupNames(fs, layout));
  const nothing = async (): Promise<void> => undefined;
  const context = {
    fs, clock, layout, report, log, readTree: (directory: string) => trees.read(directory), results: createStepResults(),
    services: { start: nothing, stop: nothing, reload: nothing, look: nothing }, stage: () => Promise.reject(new Error('a backup stages nothing')),
    modules: { run: () => Promise.reject(new Error('a backup calls no module')) }, hooks: { run: () => Promise.reject(new Error('a backup calls no hook')) },
  };
  await STEPS['back-up'].do(context, {
    backupPath: layout.backupPath, name, partial: `${partialPrefix(layout.installDir)}${name}`, installDir: layout.installDir, directory: current.directory,
    version: current.version, source: versionDir(layout, current.directory), record: recordDir(layout, current.directory),
  });
  const made = listBackups(fs, layout).find((backup) => backup.name === name);
  prune(parts);
  if (made === undefined) throw new HoldlineError('backup-damaged', `cannot find the backup ${name} that was just made in ${layout.backupPath}`);
  return summarizeBackup(made);
}
