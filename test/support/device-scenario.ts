// The real steps, the real journal and the real rescue path as a scenario for `forEveryEffect`: whatever dies, the device is exactly OLD or
// exactly NEW afterwards, seen through its links by plain means, and its service runs from the tree that is current.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readDeviceState } from '../../src/engine/device-state.js';
import { readHistory } from '../../src/engine/history.js';
import { listBackups, listUnreadableBackups, verifyBackup } from '../../src/engine/backups.js';
import { findUnfinished, findUnsettled, listJournals } from '../../src/engine/journal.js';
import { resumeProbation, settleEnded } from '../../src/engine/settle.js';
import { rollBack } from '../../src/engine/rollback.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, quickCalls, runningTree, seeThrough, updateWorld, type DeviceWorld, type Files, type UpdateWay } from './device-world.js';
import type { Scenario } from './for-every-effect.js';

/** Small on purpose: every file is some twenty more deaths. */
export const BEFORE: Files = { 'VERSION': '1.0.0\n', 'src/main.js': 'one\n', 'src/same.js': 'same\n', 'src/data.db': 'rows\n', 'config/app.yaml': 'port: 1\nname: a\n', 'notes.txt': 'own\n' };
export const RELEASE: Files = { 'VERSION': '1.1.0\n', 'src/main.js': 'two\n', 'src/same.js': 'same\n', 'src/data.db': 'shipped\n', 'config/app.yaml': 'port: 1\nname: a\nnew: true\n' };
export const AFTER: Files = { ...RELEASE, 'src/data.db': 'rows\n', 'notes.txt': 'own\n' };
const signal = new AbortController().signal;

export interface Way {
  readonly prepare?: (world: DeviceWorld) => Promise<void>;
  readonly act: (world: DeviceWorld, calls: SystemCalls) => Promise<{ readonly outcome: string; readonly error?: unknown }>;
  readonly old: Files;
  readonly new: Files;
  readonly files?: Files;
  /** What may differ: an edit that the user makes in the middle stands in either. */
  readonly see?: (seen: Files) => Files;
  readonly skipRecovery?: boolean;
}

/** Its data.db is the device's own. */
export function makeKeepingWorld(files: Files = BEFORE): DeviceWorld {
  const world = makeDeviceWorld(files);
  world.settings = { ...world.settings, preserve: ['src/data.db'] };
  return world;
}

export const scenario = (way: Way): Scenario<DeviceWorld> => ({
  setUp: async () => {
    const world = makeKeepingWorld(way.files);
    await way.prepare?.(world);
    return world;
  },
  run: async (world, calls, report) => {
    const { outcome, error } = await way.act(world, calls);
    report(outcome === 'updated' || outcome === 'rolled_back' ? 'committed' : outcome);
    if (error !== undefined) throw error;
  },
  recover: async (world, calls) => {
    if (way.skipRecovery === true) return;
    const parts = partsOf(world, calls);
    const recovered = parts.recover();
    if (recovered.outcome === 'broken') throw new Error(`broken: ${recovered.actions.join('; ')}`);
    await settleEnded(parts);
    await resumeProbation(parts, signal);
  },
  check: (world) => check(world, way),
  tearDown: destroyDeviceWorld,
});

function check(world: DeviceWorld, way: Way): 'old' | 'new' {
  const fs = createFilesystem();
  const journals = join(world.layout.stateDir, 'journal');
  if (findUnfinished(fs, journals).length + findUnsettled(fs, journals).length > 0) throw new Error('a transaction is still open');
  assertBooksClosed(world);
  const seen = (way.see ?? ((files: Files) => files))(seeThrough(world));
  const verdict = isDeepStrictEqual(seen, sorted(way.new)) ? 'new' : isDeepStrictEqual(seen, sorted(way.old)) ? 'old' : undefined;
  if (verdict === undefined) throw new Error(`neither old nor new: ${JSON.stringify(seen)}`);
  if (existsSync(join(world.layout.installDir, 'VERSION')) && world.service.tree !== runningTree(world)) throw new Error(`the service runs from ${world.service.tree}, current is ${runningTree(world)}`);
  const half = [...listUnreadableBackups(fs, world.layout), ...listBackups(fs, world.layout).filter((backup) => verifyBackup(fs, backup).length > 0).map(({ name }) => name)];
  if (half.length > 0) throw new Error(`half a backup stands under its name: ${half.join()}`);
  const rubbish = readdirSync(world.layout.installDir).filter((name) => name.startsWith('.') && name !== '.holdline');
  if (rubbish.length > 0) throw new Error(`left in the user's folder: ${rubbish.join()}`);
  if (way.prepare !== undefined || verdict === 'new') return verdict;
  const versions = join(world.layout.installDir, '.holdline/versions');
  if (existsSync(versions) && readdirSync(versions).length > 0) throw new Error(`left behind: ${readdirSync(versions).join()}`);
  return verdict;
}

/** What ended is in the history, and a version that failed its probes is blocked, wherever the power went. */
function assertBooksClosed(world: DeviceWorld): void {
  const fs = createFilesystem();
  const history = readHistory(fs, world.layout, 100);
  const { blocked } = readDeviceState(fs, world.layout);
  for (const { summary: { begin, end } } of listJournals(fs, join(world.layout.stateDir, 'journal'))) {
    if (end === null || end.outcome === 'discarded') continue;
    if (!history.some((entry) => entry.transaction === begin.transaction)) throw new Error(`${begin.transaction} (${end.outcome}) is not in the history`);
    if (end.code === 'health-failed' && begin.plan.kind === 'update' && !blocked.some((entry) => entry.version === begin.plan.to.version)) throw new Error(`${begin.plan.to.version} failed its probes and is not blocked`);
  }
}

export const sorted = (files: Files): Files => Object.fromEntries(Object.entries(files).sort());
export const adopted = async (world: DeviceWorld): Promise<void> => {
  await adoptWorld(world);
  world.service.tree = runningTree(world);
};
export const updated = async (world: DeviceWorld): Promise<void> => {
  await adopted(world);
  await update()(world, quickCalls());
};
export const adopt = async (world: DeviceWorld, calls: SystemCalls): Promise<{ outcome: string }> => {
  const outcome = await adoptWorld(world, calls);
  world.service.tree = runningTree(world); // nothing is restarted: the process keeps its files, which are the same
  return { outcome };
};
export const update = (way: UpdateWay = {}) => async (world: DeviceWorld, calls: SystemCalls) => updateWorld(world, calls, { files: RELEASE, ...way });
export const rollback = (target: (world: DeviceWorld) => string | undefined) => async (world: DeviceWorld, calls: SystemCalls) =>
  rollBack(partsOf(world, calls), { target: target(world), dryRun: false }, signal);
