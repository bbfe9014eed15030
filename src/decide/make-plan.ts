// Makes the whole plan of a transaction, with every undo fixed, before the first write. Pure: what it knows of the device was read before.
import { HoldlineError } from '../domain/errors.js';
import { currentLink, currentLinkTarget, managedLinkTarget, previousLink, recordDir, versionDir, type Layout } from '../domain/layout.js';
import type { Plan, PlanStep, StepName, VersionReference } from '../domain/plan.js';
import type { Backup, Device, KeptVersion } from '../domain/device.js';
import type { Settings } from '../domain/settings.js';
import type { VersionRecord } from '../domain/state.js';
import { treeDigest, versionDirectoryName, type Tree } from '../domain/tree.js';
import { planHooks } from './call-hooks.js';
import { callModule } from './call-module.js';
import { checkManagedPaths } from './check-managed-paths.js';
import { chooseDirectoryName } from './choose-directory-name.js';
import { nameBackup, partialPrefix } from './name-backup.js';
import { listChanges, type DeviceFiles, type TreeChange } from './list-changes.js';
import { planServiceSteps } from './plan-service-steps.js';
import { planServices } from './plan-services.js';
import type { StageTreeParams, StepParams, WriteRecordParams } from './step-params.js';
import { adoptedPath, BACKUP_RECORD, filesFile, transactionDir } from './transaction-paths.js';
import { join } from 'node:path';

/** `steps/registry` gives it: decide/ may not import steps/. */
export type PlanStepOf = <Name extends StepName>(name: Name, params: StepParams[Name]) => PlanStep;

export interface PlanContext {
  readonly transaction: string;
  readonly layout: Layout;
  readonly settings: Pick<Settings, 'app' | 'component' | 'managedPaths' | 'preserve' | 'services' | 'probation' | 'backupEnabled' | 'module' | 'hooks'>;
  readonly device: Device;
  readonly planStep: PlanStepOf;
  readonly now: Date;
  /** Names that stand in the backup path. */
  readonly backupNames: readonly string[];
  readonly running: RunningFiles;
}

/** What the processes run from, as far as the disk tells. */
export interface RunningFiles {
  /** The running version as shipped; null where nobody knows. */
  readonly files: Tree | null;
  readonly device: DeviceFiles;
  /** By name, of services that have not taken every change so far: the tree they took last. */
  readonly older: ReadonlyMap<string, { readonly version: string; readonly files: Tree | null }>;
  /** Why hardware processes are left alone now; null when they may be touched. */
  readonly hardwareHeld: string | null;
}

export interface UpdateTarget {
  readonly version: string;
  readonly tag: string | null;
  /** As the manifest signs it, else as the payload lists it. */
  readonly treeDigest: string;
  /** A manifest vouches for the payload: its VERSION must be the tag's. */
  readonly signed: boolean;
  /** The release's files, where known: only processes whose files change are touched. */
  readonly files: Tree | null;
  /** Of other components, as the release says it. */
  readonly requires?: VersionRecord['requires'];
}

/** `files`: of the version as shipped, of the backup as it stands; null or absent where the list is gone. */
export type RollbackTarget =
  | { readonly kind: 'version'; readonly version: KeptVersion; readonly files?: Tree | null }
  | { readonly kind: 'backup'; readonly backup: Backup; readonly files?: Tree | null };

/** The user's folder becomes a version directory. No service is touched, nothing is watched. */
export function makeAdoptPlan(context: PlanContext, target: { readonly version: string; readonly treeDigest: string }): Plan {
  const { layout, device, settings, transaction, planStep } = context;
  if (device.kind !== 'plain') throw new HoldlineError('internal', `cannot adopt ${layout.installDir}: it is ${device.kind} already`);
  checkManagedPaths(settings.managedPaths);
  assertAdoptable(device);
  const to: VersionReference = { version: target.version, directory: versionDirectoryName(target.version, target.treeDigest) };
  const staging = transactionDir(layout, transaction);
  const steps = [
    planStep('stage-tree', {
      staging, summary: `link-copy the managed paths of ${layout.installDir}`, expect: { kind: 'none' }, record: null, preserve: settings.preserve, seal: false,
    }),
    planStep('write-record', { staging, record: { version: target.version, tag: null, origin: 'adopted' }, hasShippedConfig: false, currentRecord: null }),
    planStep('sync-tree', { staging }),
    planPlace(context, to),
    planSwitch(context, to),
    ...device.managed.filter(({ status }) => status === 'own').map(({ path }, index) => planStep('adopt-path', {
      ...linkParams(layout, path), copy: join(versionDir(layout, to.directory), path), aside: adoptedPath(staging, index),
    })),
  ];
  return { kind: 'adopt', from: null, to, steps, services: [], probation: { seconds: 0, interval: 0, failures: 1, max_restarts: 0 } };
}

export function makeUpdatePlan(context: PlanContext, target: UpdateTarget): Plan {
  const { layout, device, settings, transaction } = context;
  const { version, tag } = target;
  const to = { version, directory: chooseDirectoryName(version, target.treeDigest, device.current?.directory) };
  const again = target.treeDigest === device.current?.record.tree_digest && version === device.version;
  return makeSwitchPlan(context, 'update', to, {
    stage: {
      staging: transactionDir(layout, transaction), summary: `write ${version} beside the running version`, record: null, seal: true, preserve: settings.preserve,
      expect: { kind: 'digest', digest: target.treeDigest },
    },
    record: { record: { version, tag, origin: 'release', ...requiresOf(target) }, hasShippedConfig: null },
    versionIsSigned: target.signed, keepConfig: false,
    // The same release again is a repair: whatever it repairs must be loaded anew.
    files: again ? 'repair' : target.files,
  });
}

/** To a kept version: its code is linked, the config merged backwards. To a backup: that backup's config exactly. */
export function makeRollbackPlan(context: PlanContext, target: RollbackTarget): Plan {
  const { layout, device, settings, transaction } = context;
  const record = target.kind === 'version' ? target.version.record : target.backup.manifest.record;
  const { version } = record;
  if (target.kind === 'version' && target.version.directory === device.current?.directory) {
    throw new HoldlineError('version-unknown', `cannot roll back to ${version}: it is the version that runs`, { hint: 'Name another version or a backup: see `holdline backups`.' });
  }
  const to = { version, directory: chooseDirectoryName(version, record.tree_digest, device.current?.directory) };
  const kept = target.kind === 'version' ? recordDir(layout, target.version.directory) : join(target.backup.path, BACKUP_RECORD);
  return makeSwitchPlan(context, 'rollback', to, {
    stage: {
      staging: transactionDir(layout, transaction), record: kept, seal: true, preserve: settings.preserve,
      summary: target.kind === 'version' ? `link ${version} from its kept directory` : `restore ${version} from ${target.backup.name}`,
      expect: target.kind === 'version' ? { kind: 'listed', files: filesFile(kept) } : { kind: 'backup', backup: target.backup.path },
    },
    record: {
      record: { version, tag: record.tag, origin: target.kind === 'backup' ? 'backup' : record.origin, ...requiresOf(record) }, hasShippedConfig: record.has_shipped_config,
    },
    versionIsSigned: false, keepConfig: target.kind === 'backup', files: target.files ?? null,
  });
}

interface SwitchParts {
  readonly stage: StageTreeParams;
  readonly record: Pick<WriteRecordParams, 'record' | 'hasShippedConfig'>;
  readonly versionIsSigned: boolean;
  readonly keepConfig: boolean;
  readonly files: Tree | null | 'repair';
}

/** Update and rollback differ only in where the tree comes from and whose config wins. */
function makeSwitchPlan(context: PlanContext, kind: 'update' | 'rollback', to: VersionReference, parts: SwitchParts): Plan {
  const { layout, device, settings, planStep } = context;
  const { managedPaths, preserve, probation } = settings;
  checkManagedPaths(managedPaths);
  assertLinksAreOurs(device);
  const { staging } = parts.stage;
  const current = device.current === null ? null : versionDir(layout, device.current.directory);
  const currentRecord = device.current === null ? null : recordDir(layout, device.current.directory);
  const { touched, heldBack } = planServices({ services: settings.services, ...changesOf(context, to.version, parts), hardwareHeld: context.running.hardwareHeld, version: to.version });
  const around = planServiceSteps(planStep, touched, probation, staging);
  const module = callModule(context, to, isChanged(context.running.files, parts.files));
  const hooks = planHooks(context, kind, to);
  const carried = { staging, managedPaths, preserve, keepConfig: parts.keepConfig };
  const steps = [
    planStep('stage-tree', parts.stage),
    planStep('carry-paths', { ...carried, current, currentRecord, version: to.version, versionIsSigned: parts.versionIsSigned }),
    ...(parts.keepConfig ? [] : [planStep('merge-config', { staging, current, currentRecord, preserve })]),
    planStep('write-record', { staging, ...parts.record, currentRecord }),
    ...planBackUp(context),
    planStep('sync-tree', { staging }),
    planPlace(context, to, module !== null),
    ...(module === null ? [] : [planStep('prepare-module', module)]),
    ...hooks.ready, ...hooks.first,
    ...around.before,
    ...(current === null || currentRecord === null ? [] : [planStep('remerge-config', {
      ...carried, current, currentRecord, version: versionDir(layout, to.directory), record: recordDir(layout, to.directory),
    })]),
    planSwitch(context, to),
    ...device.managed.filter(({ status }) => status === 'missing').map(({ path }) => planStep('link-path', linkParams(layout, path))),
    ...(module === null ? [] : [planStep('apply-module', module)]),
    ...hooks.switched,
    ...around.after, ...hooks.last,
  ];
  const from = device.current === null ? null : { version: device.current.version, directory: device.current.directory };
  return {
    kind, from, to, steps, services: touched.map(({ name }) => name), touched, ...(heldBack.length === 0 ? {} : { heldBack }),
    probation: { seconds: probation.seconds, interval: probation.interval, failures: probation.failures, max_restarts: probation.maxRestarts },
  };
}

/** Of anything: what a module applies is looked at as a whole. */
const isChanged = (from: Tree | null, to: Tree | null | 'repair'): boolean => from === null || to === null || to === 'repair' || treeDigest(from) !== treeDigest(to);

type Changes = { readonly changes: TreeChange; readonly ownChanges: ReadonlyMap<string, TreeChange> };

function changesOf({ device, settings, running }: PlanContext, toVersion: string, { files, keepConfig }: SwitchParts): Changes {
  if (files === 'repair') return { changes: { kind: 'everything', why: `${toVersion} is installed again` }, ownChanges: new Map() };
  const compare = (from: Tree | null, fromVersion: string | null): TreeChange =>
    listChanges({ from, to: files, fromVersion, toVersion, managedPaths: settings.managedPaths, device: running.device, keepConfig });
  return {
    changes: compare(running.files, device.version),
    ownChanges: new Map([...running.older].map(([name, older]) => [name, compare(older.files, older.version)])),
  };
}

function planBackUp({ settings, device, layout, planStep, transaction, now, backupNames }: PlanContext): readonly PlanStep[] {
  if (!settings.backupEnabled || device.current === null) return [];
  const { version, directory } = device.current;
  return [planStep('back-up', {
    backupPath: layout.backupPath, name: nameBackup(version, now, backupNames), directory, version, installDir: layout.installDir,
    partial: `${partialPrefix(layout.installDir)}${transaction}`,
    source: versionDir(layout, directory), record: recordDir(layout, directory),
  })];
}

function planPlace({ layout, device, transaction, planStep }: PlanContext, to: VersionReference, stays = false): PlanStep {
  return planStep('place-version', {
    staging: transactionDir(layout, transaction), name: to.directory, version: versionDir(layout, to.directory), record: recordDir(layout, to.directory),
    replaces: device.versions.some(({ directory }) => directory === to.directory), stays,
  });
}

function planSwitch({ layout, device, planStep }: PlanContext, to: VersionReference): PlanStep {
  return planStep('switch-current', {
    link: currentLink(layout), target: currentLinkTarget(to.directory), version: versionDir(layout, to.directory),
    from: device.current === null ? null : currentLinkTarget(device.current.directory),
    previousLink: previousLink(layout), previous: device.previous === null ? null : currentLinkTarget(device.previous.directory),
  });
}

const requiresOf = ({ requires }: Pick<VersionRecord, 'requires'>): Pick<VersionRecord, 'requires'> => (requires === undefined ? {} : { requires });

function linkParams(layout: Layout, path: string): StepParams['link-path'] {
  return { path: join(layout.installDir, path), installDir: layout.installDir, managedPath: path, target: managedLinkTarget(layout, path) };
}

function assertAdoptable(device: Device): void {
  const strange = device.managed.find(({ status }) => status === 'foreign');
  if (strange === undefined) return;
  throw new HoldlineError('install-invalid', `cannot adopt the folder: ${strange.path} is, or lies below, a symbolic link or something else that is neither file nor folder. Nothing was changed`, {
    hint: `Put the real files at ${strange.path}, or take it out of managed_paths.`, context: { path: strange.path },
  });
}

function assertLinksAreOurs(device: Device): void {
  if (device.kind === 'plain') throw new HoldlineError('internal', 'cannot plan a switch: the folder must be adopted first');
  const strange = device.managed.find(({ status }) => status === 'own' || status === 'foreign');
  if (strange === undefined) return;
  throw new HoldlineError('install-invalid', `cannot update: ${strange.path} in the install directory is no longer holdline's link, so the running version is not what would be switched`, {
    hint: `Compare it with .holdline/current/${strange.path}, move it away, and run the update again: the link is put back.`, context: { path: strange.path },
  });
}
