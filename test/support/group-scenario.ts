// Two devices that move together, as a scenario for `forEveryEffect`: whatever dies, both are exactly OLD or both exactly NEW afterwards, never one of each.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeUpdatePlan } from '../../src/decide/make-plan.js';
import type { ComponentFacts } from '../../src/domain/components.js';
import type { ModuleRunner } from '../../src/domain/module.js';
import type { ServiceController } from '../../src/domain/ports.js';
import { treeDigest } from '../../src/domain/tree.js';
import { readTree } from '../../src/artifact/read-tree.js';
import type { AppParts, Member } from '../../src/engine/components/app-parts.js';
import { readyMembers } from '../../src/engine/components/ready-members.js';
import { runGroup, type Move } from '../../src/engine/components/run-group.js';
import { readDeviceState } from '../../src/engine/device-state.js';
import { readHistory } from '../../src/engine/history.js';
import { findUnfinished, findUnsettled, listJournals } from '../../src/engine/journal.js';
import { NOTHING_STANDS, planContext } from '../../src/engine/plan-context.js';
import { readDevice } from '../../src/engine/read-device.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, partsOf, quickCalls, runningTree, seeThrough, stageRelease, writeFiles, type DeviceWorld, type Files } from './device-world.js';
import type { Scenario } from './for-every-effect.js';
import { makeTempFolder, removeTempFolder } from './temp-folder.js';

export const OLD: Files = { 'VERSION': '1.0.0\n', 'src/main.js': 'one\n', 'config/app.yaml': 'port: 1\n' };
export const NEW: Files = { 'VERSION': '1.1.0\n', 'src/main.js': 'two\n', 'config/app.yaml': 'port: 1\nnew: true\n' };
const signal = new AbortController().signal;
const NAMES = ['base', 'top'] as const;

export interface GroupWorld { readonly shared: string; readonly devices: Readonly<Record<string, DeviceWorld>>; hooks: { verdict: 'healthy' | 'failed'; failStart?: string; onWatch?: (() => void) | undefined; order: string[] } }

/** @param beside components that are in no group */
export async function makeGroup(beside: readonly string[] = []): Promise<GroupWorld> {
  const shared = makeTempFolder('shared');
  const world: GroupWorld = { shared, devices: Object.fromEntries([...NAMES, ...beside].map((name) => [name, makeMember(shared, name)])), hooks: { verdict: 'healthy', order: [] } };
  for (const device of Object.values(world.devices)) {
    await adoptWorld(device);
    device.service.tree = runningTree(device);
  }
  return world;
}

function makeMember(shared: string, name: string): DeviceWorld {
  const device = makeDeviceWorld(OLD);
  const stateDir = join(shared, 'components', name);
  mkdirSync(stateDir, { recursive: true });
  const [service] = device.settings.services;
  return { ...device, layout: { ...device.layout, stateDir, sharedDir: shared }, settings: { ...device.settings, preserve: [], backupEnabled: false, component: factsOf(name), services: service === undefined ? [] : [{ ...service, name }] } };
}

export function destroyGroup(world: GroupWorld): void {
  for (const device of Object.values(world.devices)) destroyDeviceWorld(device);
  removeTempFolder(world.shared);
}

/** `top` needs `base`. */
const factsOf = (name: string): ComponentFacts => ({ name, kind: 'tree', enabled: true, pin: null, dependsOn: name === 'top' ? { base: '*' } : {}, sharesRepo: true, tagMates: [] });

/** Whoever calls: each module is its device's own. */
const modulesOf = (world: GroupWorld, calls: SystemCalls): ModuleRunner => ({
  run: (phase, call) => {
    world.hooks.order.push(`${phase} ${call.component}`);
    return world.devices[call.component]?.hooks.module?.(calls).run(phase, call) ?? Promise.reject(new Error('there is no module'));
  },
});

export function groupOf(world: GroupWorld, calls: SystemCalls = quickCalls()): AppParts {
  const services = servicesOf(world, calls);
  const modules = modulesOf(world, calls);
  const members = Object.entries(world.devices).map(([name, device]): Member => {
    return { name, facts: factsOf(name), parts: { ...partsOf(device, calls), services, modules } };
  });
  const [first] = members;
  if (first === undefined) throw new Error('nobody');
  const device = world.devices['base']!;
  const layout = { ...device.layout, stateDir: world.shared };
  const settings = { ...device.settings, services: members.flatMap(({ parts }) => parts.settings.services) };
  const app = { ...partsOf({ ...device, layout }, calls), settings, services, modules };
  return { app, members, together: [[...NAMES]], watch: async () => { world.hooks.onWatch?.(); return { verdict: world.hooks.verdict, reason: world.hooks.verdict === 'failed' ? 'http: status 500' : null }; } };
}

function servicesOf(world: GroupWorld, calls: SystemCalls): ServiceController {
  const of = (name: string): DeviceWorld => world.devices[name]!;
  void calls;
  return {
    start: async ({ name }) => {
      const tree = runningTree(of(name));
      if (world.hooks.failStart === name && tree.includes('1.1.0')) throw new Error('it does not start');
      world.hooks.order.push(`start ${name}`);
      of(name).service.tree ??= tree;
    },
    stop: async ({ name }) => {
      world.hooks.order.push(`stop ${name}`);
      of(name).service.tree = null;
    },
    reload: () => Promise.reject(new Error('not asked')), status: () => Promise.reject(new Error('not asked')),
  };
}

export async function updateBoth(world: GroupWorld, calls: SystemCalls): Promise<readonly { readonly outcome: string; readonly to: string | null }[]> {
  const app = groupOf(world, calls);
  const id = '20261121T093059Z-aaaaaa';
  const moves = app.members.filter(({ name }) => NAMES.some((one) => one === name)).map((member): Move => {
    const device = world.devices[member.name]!;
    const release = join(device.root, 'release');
    if (!existsSync(release)) writeFiles(release, NEW);
    const now = readDevice(member.parts);
    const files = readTree(createFilesystem(), release);
    const plan = makeUpdatePlan(planContext(member.parts, now, id, NOTHING_STANDS), {
      version: '1.1.0', tag: `${member.name}-v1.1.0`, treeDigest: treeDigest(files), signed: true, files,
    });
    return { member, plan, stage: stageRelease(member.parts.fs, device, release), bytesDownloaded: 7 };
  });
  return runGroup(app, { id, moves, begunMs: 0 }, signal);
}

export interface GroupWay { readonly prepare?: (world: GroupWorld) => void; readonly skipRecovery?: boolean }

export const groupScenario = (way: GroupWay): Scenario<GroupWorld> => ({
  setUp: async () => {
    const world = await makeGroup();
    way.prepare?.(world);
    return world;
  },
  run: async (world, calls, report) => {
    const outcomes = new Set((await updateBoth(world, calls)).map(({ outcome }) => outcome));
    for (const outcome of outcomes) report(outcome === 'updated' ? 'committed' : outcome === 'rolled_back' ? 'reverted' : outcome);
  },
  recover: async (world, calls) => {
    if (way.skipRecovery === true) return;
    const ready = await readyMembers(groupOf(world, calls), signal);
    const broken = ready.find((member) => member.broken !== null)?.broken;
    if (broken !== undefined && broken !== null) throw broken;
  },
  check: (world) => checkGroup(world),
  tearDown: destroyGroup,
});

export type CheckBooks = (world: GroupWorld, name: string, device: DeviceWorld) => void;

export function checkGroup(world: GroupWorld, books: CheckBooks = assertBooks): 'old' | 'new' {
  const fs = createFilesystem();
  const verdicts = Object.entries(world.devices).map(([name, device]) => {
    for (const journals of [join(world.shared, 'journal'), join(device.layout.stateDir, 'journal')]) {
      if (findUnfinished(fs, journals).length + findUnsettled(fs, journals).length > 0) throw new Error(`a transaction is still open in ${journals}`);
    }
    const seen = seeThrough(device);
    const verdict = isDeepStrictEqual(seen, NEW) ? 'new' : isDeepStrictEqual(seen, OLD) ? 'old' : undefined;
    if (verdict === undefined) throw new Error(`${name} is neither old nor new: ${JSON.stringify(seen)}`);
    if (device.service.tree !== runningTree(device)) throw new Error(`${name} runs from ${device.service.tree}, current is ${runningTree(device)}`);
    books(world, name, device);
    return verdict;
  });
  if (new Set(verdicts).size > 1) throw new Error(`half a group has moved: ${verdicts.join()}`);
  return verdicts[0] ?? 'old';
}

/** Each has written down how it ended, and blocks what failed, wherever the power went. */
function assertBooks(world: GroupWorld, name: string, { layout }: DeviceWorld): void {
  const fs = createFilesystem();
  const state = readDeviceState(fs, layout);
  const history = readHistory(fs, layout, 100);
  for (const { summary: { begin, end } } of listJournals(fs, join(world.shared, 'journal'))) {
    if (end === null || end.outcome === 'discarded') continue;
    if (!history.some(({ transaction }) => transaction === begin.transaction)) throw new Error(`${begin.transaction} (${end.outcome}) is not in the history of ${name}`);
    if (end.code === 'health-failed' && !state.blocked.some(({ version }) => version === '1.1.0')) throw new Error(`1.1.0 of ${name} failed its probes and is not blocked`);
    if ((end.outcome === 'committed') !== (state.last_safe_version === '1.1.0')) throw new Error(`${name}: ${end.outcome}, last safe is ${state.last_safe_version}`);
  }
}
