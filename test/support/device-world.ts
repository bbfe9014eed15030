// A whole device in a temp folder: the app's folder, state, backups, releases as folders, and one service that runs from a tree.
// Everything that changes it goes through the calls given, except what a test does as the user.
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Layout } from '../../src/domain/layout.js';
import type { HookRunner } from '../../src/domain/hooks.js';
import type { ModuleRunner } from '../../src/domain/module.js';
import type { Audit, Filesystem, ServiceController } from '../../src/domain/ports.js';
import type { ServiceSettings, Settings } from '../../src/domain/settings.js';
import { treeDigest, type Tree } from '../../src/domain/tree.js';
import { readTree } from '../../src/artifact/read-tree.js';
import { makeUpdatePlan } from '../../src/decide/make-plan.js';
import { createDevicePaths } from '../../src/decide/writable-paths.js';
import { adoptDevice } from '../../src/engine/adopt.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { askAround, planContext } from '../../src/engine/plan-context.js';
import { readDevice } from '../../src/engine/read-device.js';
import { runTransaction, type Transaction, type TransactionEnd } from '../../src/engine/run-transaction.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { nodeSystemCalls } from '../../src/platform/node-system-calls.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { recover } from '../../src/recovery/recover.js';
import type { Stage } from '../../src/steps/context.js';
import { linkOrCopy } from '../../src/steps/copy-entry.js';
import { walkTree } from '../../src/steps/walk-tree.js';
import { ANY_LIMITS } from './any-condition.js';
import { faultyCalls } from './faulty-calls.js';
import { holdsOf, quietWorld, NO_WINDOWS, policyOf } from './policy.js';
import { makeTempFolder, removeTempFolder } from './temp-folder.js';

/** Path to content; a link's content is `-> target`. */
export type Files = Readonly<Record<string, string>>;

export interface DeviceWorld {
  readonly root: string;
  readonly layout: Layout;
  settings: Settings;
  /** The tree the service was started from; null while it is stopped. */
  service: { tree: string | null; pid?: number };
  /** The same of services beside `app`, by name: the trees they were told of since, and every act on them in order. */
  others: Map<string, { tree: string | null; pid?: number; told: string[] }>;
  acts: string[];
  /** What the user does at a moment of the run. */
  hooks: { onStop?: () => void; onWatch?: () => void; module?: (calls: SystemCalls) => ModuleRunner; hook?: (calls: SystemCalls) => HookRunner; verdict: 'healthy' | 'failed'; failStart?: (tree: string) => boolean; failLook?: (name: string, tree: string) => boolean; held?: boolean; mute?: boolean };
  notes: string[];
  serial: number;
}

export const PLAIN: Files = {
  'VERSION': '1.0.0\n', 'src/main.js': 'console.log("one");\n', 'src/lib/ünï code.js': 'same in both\n', 'src/data/app.db': 'rows of this device\n',
  'config/app.yaml': 'port: 8080\nname: here\n', 'config/link': '-> app.yaml', 'notes.txt': 'the user\'s own\n',
};

export const NEXT: Files = {
  'VERSION': '1.1.0\n', 'src/main.js': 'console.log("two");\n', 'src/lib/ünï code.js': 'same in both\n', 'src/new.js': 'new\n', 'src/data/app.db': 'shipped rows\n',
  'config/app.yaml': 'port: 8080\nname: shipped\nextra: true\n', 'README.md': 'not managed\n',
};

const SERVICE: ServiceSettings = { name: 'app', unit: 'app.service', command: null, kind: 'service', dependsOn: [], env: {}, stopTimeout: 1 };

export function makeDeviceWorld(files: Files = PLAIN): DeviceWorld {
  const root = makeTempFolder('device');
  const installDir = join(root, 'app folder');
  const layout: Layout = { installDir, stateDir: join(root, 'state'), sharedDir: join(root, 'state'), runtimeDir: join(root, 'run'), backupPath: join(root, 'backups') };
  mkdirSync(installDir);
  mkdirSync(layout.stateDir);
  writeFiles(installDir, files);
  const settings = {
    app: 'app', installDir, stateDir: layout.stateDir, managedPaths: ['src', 'config', 'VERSION'], preserve: ['src/data/**'], services: [SERVICE], module: null, hooks: {},
    probation: { seconds: 0, interval: 1, failures: 1, maxRestarts: 3 }, backupEnabled: true, maxBackups: 3, ...ANY_LIMITS,
    policy: policyOf('auto'), windows: NO_WINDOWS, holds: holdsOf(join(layout.runtimeDir, 'hold')),
  } as unknown as Settings;
  return { root, layout, settings, service: { tree: realpathSync(installDir) }, others: new Map(), acts: [], hooks: { verdict: 'healthy' }, notes: [], serial: 0 };
}

export const destroyDeviceWorld = (world: DeviceWorld): void => removeTempFolder(world.root);

/** The real calls without waiting for the disk. */
export const quickCalls = (): SystemCalls => faultyCalls(nodeSystemCalls()).calls;

export function writeFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (content.startsWith('-> ')) createFilesystem().symlink(content.slice(3), full);
    else writeFileSync(full, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }
}

export function partsOf(world: DeviceWorld, calls: SystemCalls = quickCalls()): EngineParts {
  const fs = createFilesystem(calls);
  const { layout, settings } = world;
  const log = (level: string) => (message: string, fields?: object): void => { world.notes.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`); };
  world.serial += 1;
  return {
    settings, layout, fs, log: { debug: () => undefined, info: log('info'), warn: log('warn'), error: log('error') }, report: () => undefined, audit: { note: () => undefined, head: () => undefined }, actor: 'test',
    clock: { now: () => new Date(Date.UTC(2026, 10, 21, 9, 30, world.serial)), monotonicMs: () => performance.now(), sleep: () => Promise.resolve() },
    modules: world.hooks.module?.(calls) ?? { run: () => Promise.reject(new Error('there is no module')) },
    hooks: world.hooks.hook?.(calls) ?? { run: () => Promise.reject(new Error('there is no hook')) },
    services: serviceOf(world), locks: { tryLock: () => ({ release: () => undefined }), holder: () => undefined },
    watch: async () => {
      world.hooks.onWatch?.();
      return { verdict: world.hooks.verdict, reason: world.hooks.verdict === 'failed' ? 'http: status 500' : null };
    },
    look: async (name: string) => {
      world.acts.push(`look ${name}`);
      return world.hooks.failLook?.(name, runningTree(world)) === true ? { verdict: 'failed', reason: `probe "service ${name}" failed` } : { verdict: 'healthy', reason: null };
    },
    trees: { read: (directory: string, skip?: (path: string) => boolean) => readTree(fs, directory, { onOther: () => undefined, ...(skip === undefined ? {} : { skip }) }) },
    recover: () => {
      const { outcome, transactions, alarm } = recover({ stateDir: layout.stateDir, fs: calls, lock: 'held', probation: 'take', bootId: 'boot' });
      return { outcome, actions: [...transactions.map((t) => JSON.stringify(t)), ...(alarm === null ? [] : [alarm.message])] };
    },
    facts: () => Promise.resolve({ node: '20.19.0', arch: 'x64', memoryMb: 1000, diskMb: 1000 }),
    holdWorld: { ...quietWorld(), runGate: async () => ({ code: world.hooks.held === true ? 1 : 0, signal: null, stdout: 'measuring', stderr: '', timedOut: false }) }, bootId: 'boot', random: () => String(world.serial).padStart(6, '0'),
  } as unknown as EngineParts;
}

function serviceOf(world: DeviceWorld): ServiceController {
  const stateOf = ({ name }: ServiceSettings): { tree: string | null; pid?: number; told?: string[] } => world.others.get(name) ?? world.service;
  const note = (act: string, { name }: ServiceSettings): void => { world.acts.push(`${act} ${name}`); };
  return {
    start: async (service) => {
      note('start', service);
      const tree = runningTree(world);
      if (world.hooks.failStart?.(tree) === true) throw new Error('it does not start');
      if (stateOf(service).tree === null) stateOf(service).pid = world.acts.length + 2;
      stateOf(service).tree ??= tree;
    },
    stop: async (service) => {
      note('stop', service);
      world.hooks.onStop?.();
      stateOf(service).tree = null;
    },
    reload: async (service) => {
      note('reload', service);
      stateOf(service).told?.push(runningTree(world));
    },
    status: async (service) => {
      if (world.hooks.mute === true) throw new Error('nobody answers');
      const { tree, pid } = stateOf(service);
      return { name: service.name, kind: service.kind, active: tree !== null, pid: tree === null ? null : pid ?? 1, restarts: 0, since: null, detail: null };
    },
  };
}

/** Declares services beside `app` and lets them run from what is current. */
export function addServices(world: DeviceWorld, services: readonly (Pick<ServiceSettings, 'name'> & Partial<ServiceSettings>)[]): void {
  const complete = services.map((service): ServiceSettings => ({ ...SERVICE, unit: `${service.name}.service`, ...service }));
  world.settings = { ...world.settings, services: [...world.settings.services.filter(({ name }) => !complete.some((other) => other.name === name)), ...complete] };
  for (const { name } of complete.filter((service) => service.name !== 'app')) world.others.set(name, { tree: runningTree(world), told: [] });
}

/** Where a process started now would run from. */
export function runningTree({ layout }: DeviceWorld): string {
  return realpathSync(dirname(realpathSync(join(layout.installDir, 'VERSION'))));
}

export async function adoptWorld(world: DeviceWorld, calls?: SystemCalls): Promise<string> {
  const result = await adoptDevice(partsOf(world, calls), { dryRun: false }, new AbortController().signal);
  return result.outcome;
}

/** A stager in the place of the extractor: writes a release kept as a folder, linking what is equal to the running version's code. */
export function stageRelease(fs: Filesystem, world: DeviceWorld, release: string): Stage {
  return async (into) => {
    const { isWritable } = createDevicePaths(world.settings.preserve);
    const current = join(world.layout.installDir, '.holdline/current');
    let bytesWritten = 0;
    fs.makeDirectory(into);
    for (const { path, full, stat } of walkTree(fs, release)) {
      const to = join(into, path);
      const old = join(current, path);
      if (stat.kind === 'directory') fs.makeDirectory(to);
      else if (stat.kind === 'link') fs.symlink(fs.readLink(full), to);
      else if (!isWritable(path) && existsSync(old) && readFileSync(old).equals(readFileSync(full))) linkOrCopy(fs, { full: old, stat: { ...stat, mode: 0o444 } }, to);
      else { fs.copyFile(full, to, 0o644); bytesWritten += stat.size; }
    }
    return { bytesWritten };
  };
}

export interface UpdateWay { readonly files?: Files; readonly version?: string; readonly digest?: string; readonly signed?: boolean; readonly audit?: Audit; readonly watch?: EngineParts['watch']; readonly admitSwitch?: Transaction['admitSwitch'] }

export async function updateWorld(world: DeviceWorld, calls: SystemCalls = quickCalls(), way: UpdateWay = {}): Promise<TransactionEnd> {
  const version = way.version ?? '1.1.0';
  const release = join(world.root, `release ${version}`);
  if (!existsSync(release)) writeFiles(release, way.files ?? NEXT);
  const parts = { ...partsOf(world, calls), ...(way.audit === undefined ? {} : { audit: way.audit }), ...(way.watch === undefined ? {} : { watch: way.watch }) };
  const device = readDevice(parts);
  const files: Tree = readTree(createFilesystem(), release);
  const id = `20261121T0930${String(world.serial).padStart(2, '0')}Z-aaaaaa`;
  const plan = makeUpdatePlan(planContext(parts, device, id, await askAround(parts, device, { from: device.version, to: version, type: 'patch' }, new AbortController().signal)), {
    version, tag: `v${version}`, treeDigest: way.digest ?? treeDigest(files), signed: way.signed ?? true, files,
  });
  return runTransaction(parts, { id, plan, stage: stageRelease(parts.fs, world, release), bytesDownloaded: 0, begunMs: 0, admitSwitch: way.admitSwitch }, new AbortController().signal);
}

/** The app's folder as a program sees it, through every link: path to content; `.holdline` left out. */
export function seeThrough(world: DeviceWorld, root = world.layout.installDir): Files {
  const found: Record<string, string> = {};
  const walk = (below: string): void => {
    for (const name of readdirSync(join(root, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      if (path === '.holdline') continue;
      const full = join(root, path);
      const isOwnLink = lstatSync(full).isSymbolicLink() && readlinkSync(full).includes('.holdline');
      if (lstatSync(full).isSymbolicLink() && !isOwnLink) found[path] = `-> ${readlinkSync(full)}`;
      else if (lstatSync(realpathSync(full)).isDirectory()) walk(path);
      else found[path] = readFileSync(full, 'utf8');
    }
  };
  walk('');
  return found;
}


