// Wires the updater: the one place where platform, source, artifact, engine and health meet. Loaded by the worker and by a command
// that works without a daemon; never by the resident daemon or by --status.
import { randomBytes } from 'node:crypto';
import type { DeviceFacts } from '../domain/device-facts.js';
import { HoldlineError } from '../domain/errors.js';
import type { Layout } from '../domain/layout.js';
import type { Filesystem, Logger, Prober, ServiceController } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import type { UsageHistory } from '../domain/service-usage.js';
import type { HealthSettings, Settings } from '../domain/settings.js';
import { readTree } from '../artifact/read-tree.js';
import type { LookRules } from '../decide/step-params.js';
import type { EngineParts, WatchRules } from '../engine/parts.js';
import { createAudit } from '../engine/audit-log.js';
import { readDeviceState } from '../engine/device-state.js';
import { createComponentsUpdater } from '../engine/components/create-components-updater.js';
import { createUpdater, type Updater } from '../engine/updater.js';
import { choosePeek, chooseProbes } from '../health/choose-probes.js';
import { comparesAnything, createUsageComparison, type UsageComparison } from '../health/compare-usage.js';
import { createProber } from '../health/create-prober.js';
import type { ProbationRules } from '../health/judge-probation.js';
import { longestWait } from '../health/longest-wait.js';
import { createUsageSampler } from '../health/usage-sampler.js';
import { watchProbation } from '../health/watch-probation.js';
import { systemClock } from '../platform/clock.js';
import { readDeviceFacts } from '../platform/device-facts.js';
import { createFilesystem } from '../platform/filesystem.js';
import { createLocks } from '../platform/locks.js';
import { createUsageReader } from '../platform/process-usage.js';
import { createProcesses } from '../platform/processes.js';
import { tcpConnect } from '../platform/tcp-connect.js';
import { recover } from '../recovery/recover.js';
import { readBootId } from '../recovery/rescue-calls.js';
import { bridgeInspector } from './bridge-inspector.js';
import type { SourceParts, SourceSurroundings } from './fetcher/local-sources.js';
import { wireSources } from './fetcher/wire-sources.js';
import { createHoldWorld } from './hold-world.js';
import { layoutOf } from './layout-of.js';
import { wireHooks, wireModules } from './wire-modules.js';
import { wireRollouts } from './wire-rollouts.js';

export interface UpdaterSurroundings {
  readonly services: ServiceController;
  readonly report: Report;
  readonly log: Logger;
  /** The program that talks to the network and reads archives without the right to do more; or what does it in this process, for tests that leave out a defence. */
  readonly fetcher: string | ((inside: SourceSurroundings) => SourceParts);
  /** Who asked, for the journal and the history. */
  readonly actor: string;
  /** False without a daemon: embedded services do not run, and probes that need them cannot judge. */
  readonly supervisorRuns: boolean;
  /** What each service used before this job, as the daemon has seen it; empty without one. */
  readonly usage: UsageHistory;
}

export function wireUpdater(given: Settings, around: UpdaterSurroundings): Updater {
  const fs = createFilesystem();
  const shared = layoutOf(given);
  const audit = createAudit({ fs, layout: shared, clock: systemClock, log: around.log, actor: around.actor, anchor: () => readDeviceState(fs, shared).audit });
  const sources = wireSources(given, fs, around);
  const wireParts = (view: Settings): EngineParts => {
    const layout = layoutOf(view);
    const { settings, desk } = wireRollouts(view, layout, fs, systemClock, around.log);
    return { ...around, audit, rollouts: desk, ...sources.of(settings), ...wireDevice(settings, layout, fs, around), settings, layout, fs, clock: systemClock };
  };
  const updater = given.components === null ? createUpdater(wireParts(given)) : createComponentsUpdater({
    app: wireParts(given), members: given.components.map((view) => ({ name: view.component.name, facts: view.component, parts: wireParts(view) })), together: given.together,
    watch: (names, touched, rules, signal) => watch((given.components ?? []).filter((view) => names.includes(view.component.name)), around, touched, rules, signal),
  });
  return { run: async (job, signal) => { try { return await updater.run(job, signal); } finally { sources.close(); } } };
}

type DeviceParts = Pick<EngineParts, 'modules' | 'hooks' | 'holdWorld' | 'locks' | 'watch' | 'look' | 'facts' | 'recover' | 'bootId' | 'random' | 'trees'>;

function wireDevice(settings: Settings, layout: Layout, fs: Filesystem, around: UpdaterSurroundings): DeviceParts {
  return {
    trees: { read: (directory, skip) => readTree(fs, directory, { skip, onOther: (path) => around.log.warn('neither file, folder nor link: it is left where it is', { path }) }) },
    modules: wireModules(createProcesses(), { ...around, fs, layout }), hooks: wireHooks(createProcesses(), around.log), locks: createLocks(), bootId: readBootId(), random: () => randomBytes(3).toString('hex'),
    watch: (touched, rules, signal) => watch([settings], around, touched, rules, signal),
    holdWorld: createHoldWorld(),
    look: (service, rules, signal) => peek(settings, around, service, rules, signal),
    facts: () => readFacts(settings, layout),
    recover: () => {
      const result = recover({ stateDir: layout.stateDir, lock: 'held', probation: 'take' });
      const actions = result.transactions.map((t) => t.message);
      return { outcome: result.outcome, actions: result.alarm === null ? actions : [...actions, `${result.alarm.message} ${result.alarm.hint}`] };
    },
  };
}

async function readFacts(settings: Settings, layout: Layout): Promise<DeviceFacts> {
  const places = { install_dir: layout.installDir, state_dir: layout.stateDir, backup_path: layout.backupPath };
  try { return await readDeviceFacts({ places, processes: createProcesses(), askNetwork: settings.network.metered !== 'ignore' }); } catch (cause) {
    throw new HoldlineError('install-missing', `cannot look at the install directory ${layout.installDir}`, { cause, hint: 'Create it or correct install_dir in the settings.' });
  }
}

/** With the probes of each of these views, each in its own folder. */
function watch(views: readonly Settings[], around: UpdaterSurroundings, touched: readonly string[], rules: WatchRules, signal: AbortSignal): ReturnType<EngineParts['watch']> {
  const chosen = views.map((view) => ({ view, health: chooseProbes({ health: view.health, services: view.services, touched, supervisorRuns: around.supervisorRuns }) }));
  const usage = compareUsage(views, around, touched, rules);
  return probeWith(chosen, around, { rules, usage }, signal);
}

/** One service that has just started; what it uses says nothing yet. */
function peek(settings: Settings, around: UpdaterSurroundings, service: string, rules: LookRules, signal: AbortSignal): ReturnType<EngineParts['look']> {
  const health = choosePeek({ health: settings.health, services: settings.services, service, allProbes: rules.allProbes, supervisorRuns: around.supervisorRuns });
  return probeWith([{ view: settings, health }], around, { rules, usage: undefined }, signal);
}

interface ChosenProbes { readonly view: Settings; readonly health: readonly HealthSettings[] }
interface Look { readonly rules: ProbationRules; readonly usage: UsageComparison | undefined }

function probeWith(chosen: readonly ChosenProbes[], around: UpdaterSurroundings, { rules, usage }: Look, signal: AbortSignal): ReturnType<EngineParts['watch']> {
  const all = chosen.flatMap(({ health }) => health);
  if (all.length === 0) return Promise.resolve({ verdict: 'healthy', reason: null });
  const probers = chosen.map(({ view, health }) => createProber({
    health, services: view.services, installDir: view.installDir, controller: around.services, processes: createProcesses(), fetch,
    connect: tcpConnect, bridges: bridgeInspector(), clock: systemClock,
  }));
  const prober: Prober = { probe: async (stop) => (await Promise.all(probers.map((one) => one.probe(stop)))).flat() };
  return watchProbation({ rules, prober, patience: longestWait(all, rules), usage, clock: systemClock, report: around.report, signal });
}

/** A probation of no time has nothing to compare. What uses more than before is judged by the rules of the first, which are those of all unless one says otherwise. */
function compareUsage(views: readonly Settings[], around: UpdaterSurroundings, touched: readonly string[], { seconds, compareBefore }: WatchRules): UsageComparison | undefined {
  const regression = views[0]?.regression;
  if (regression === undefined || seconds === 0 || compareBefore === null || !comparesAnything(regression)) return undefined;
  return createUsageComparison({
    rules: regression, services: views.flatMap(({ services }) => services).filter(({ name }) => touched.includes(name)), controller: around.services, history: around.usage, until: compareBefore,
    sampler: createUsageSampler(createUsageReader(), systemClock),
  });
}

