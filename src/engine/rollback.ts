// A person's rollback: to a kept version or a backup, by the same path as an update.
import { HoldlineError } from '../domain/errors.js';
import type { Device } from '../domain/device.js';
import type { UpdateResult } from '../domain/results.js';
import { sortTree, type Tree } from '../domain/tree.js';
import { makeRollbackPlan, type RollbackTarget } from '../decide/make-plan.js';
import { HOUSE_OF_BACKUP } from '../decide/transaction-paths.js';
import { readBackupEntries } from '../steps/backup-manifest.js';
import type { Stage } from '../steps/context.js';
import { stageBackup } from '../steps/stage-backup.js';
import { stageVersion } from '../steps/stage-version.js';
import { adoptIfPlain, planAdoption } from './adopt.js';
import { listBackups, verifyBackup } from './backups.js';
import type { EngineParts } from './parts.js';
import { askAround, planContext } from './plan-context.js';
import { readCurrentFiles, readDevice } from './read-device.js';
import { runTransaction, transactionId } from './run-transaction.js';
import type { Prepared, PrepareOptions } from './update.js';
import { plannedResult, resultOf } from './update-result.js';

export async function rollBack(parts: EngineParts, request: { readonly target: string | undefined; readonly dryRun: boolean }, signal: AbortSignal): Promise<UpdateResult> {
  const begunMs = parts.clock.monotonicMs();
  const target = findTarget(parts, readDevice(parts), request.target);
  const { id, plan, stage, bytesDownloaded } = await prepareRollback(parts, target, { dryRun: request.dryRun, makeId: () => transactionId(parts) }, signal);
  const took = (): number => parts.clock.monotonicMs() - begunMs;
  if (request.dryRun) return plannedResult(plan, took(), 0);
  const end = await runTransaction(parts, { id, plan, stage, bytesDownloaded, begunMs }, signal);
  return resultOf(plan, end, { durationMs: took(), bytesDownloaded });
}

/** As prepareUpdate. */
export async function prepareRollback(parts: EngineParts, target: RollbackTarget, { dryRun, makeId }: PrepareOptions, signal: AbortSignal): Promise<Prepared> {
  const before = readDevice(parts);
  const device = dryRun ? before : await adoptIfPlain(parts, before, signal);
  const id = makeId();
  const adoption = device.kind === 'plain' ? planAdoption(parts, device) : undefined;
  const standing = await askAround(parts, device, { from: device.version, to: (target.kind === 'version' ? target.version : target.backup.manifest).version, type: 'patch' }, signal);
  const plan = makeRollbackPlan(planContext(parts, adoption?.after ?? device, id, standing), { ...target, files: filesOf(parts, target) });
  const shown = dryRun ? { ...plan, steps: [...adoption?.plan.steps ?? [], ...plan.steps] } : plan;
  return { id, plan: shown, stage: stageOf(parts, target), bytesDownloaded: 0 };
}

function filesOf(parts: EngineParts, target: RollbackTarget): Tree | null {
  if (target.kind === 'version') return readCurrentFiles(parts, target.version);
  const entries = readBackupEntries(parts.fs, target.backup.path)?.filter(({ path }) => !path.startsWith(`${HOUSE_OF_BACKUP}/`));
  return entries === undefined ? null : sortTree(entries);
}

function stageOf({ fs, layout, settings }: EngineParts, target: RollbackTarget): Stage {
  return target.kind === 'version'
    ? stageVersion(fs, layout, target.version.directory, settings.preserve)
    : stageBackup(fs, target.backup.path, settings.preserve);
}

/** A kept version wins over a backup of the same version: its tree is whole and nothing is copied. */
export function findTarget(parts: EngineParts, device: Device, wanted: string | undefined): RollbackTarget {
  const backups = listBackups(parts.fs, parts.layout);
  const kept = device.versions.filter((v) => v.directory !== device.current?.directory);
  if (wanted === undefined) {
    if (device.previous !== null) return { kind: 'version', version: device.previous };
    const [newest] = backups.filter((b) => b.manifest.version !== device.version);
    if (newest !== undefined) return wholeBackup(parts, newest);
    throw new HoldlineError('backup-missing', 'cannot roll back: no earlier version is kept here and there is no backup of one', { hint: 'Install a release by name instead: holdline --update VERSION.' });
  }
  const version = kept.find((v) => v.version === wanted || v.directory === wanted);
  if (version !== undefined) return { kind: 'version', version };
  const backup = backups.find((b) => b.name === wanted) ?? backups.find((b) => b.manifest.version === wanted && wanted !== device.version);
  if (backup !== undefined) return wholeBackup(parts, backup);
  if (wanted === device.version) throw new HoldlineError('version-unknown', `cannot roll back to ${wanted}: it is the version that runs`, { hint: 'Name another version, or a backup to restore its config.' });
  const known = [...new Set([...kept.map((v) => v.version), ...backups.map((b) => b.name)])];
  throw new HoldlineError('backup-missing', `cannot roll back to ${wanted}: neither a kept version nor a backup has this name`, { hint: known.length === 0 ? 'Nothing is kept here yet.' : `There are: ${known.join(', ')}.` });
}

/** A backup is verified before it is used. */
function wholeBackup(parts: EngineParts, backup: ReturnType<typeof listBackups>[number]): RollbackTarget {
  const damage = verifyBackup(parts.fs, backup);
  if (damage.length === 0) return { kind: 'backup', backup };
  throw new HoldlineError('backup-damaged', `cannot roll back to ${backup.name}: it is damaged (${damage.slice(0, 3).join('; ')}${damage.length > 3 ? `; ${damage.length - 3} more` : ''}); the running version is untouched`, { hint: 'Choose another from holdline backups, or install a release by name: holdline --update VERSION.' });
}
