// The daemon's composition root: resident and small. What is heavy (octokit, undici, tar) is loaded by its workers, never here.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoldlineError, errnoOf, toHoldlineError } from '../domain/errors.js';
import { controlSocket, currentLink, sourceCacheFile, supervisorFile, type Layout } from '../domain/layout.js';
import type { Filesystem, Logger, ServiceController } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { Settings } from '../domain/settings.js';
import { acceptsProcess, PLAIN_GENERATION } from '../engine/accepts-process.js';
import { systemClock } from '../platform/clock.js';
import { createFilesystem } from '../platform/filesystem.js';
import { createLocks } from '../platform/locks.js';
import { createUsageReader } from '../platform/process-usage.js';
import { createProcesses } from '../platform/processes.js';
import { createNotifier, feedWatchdog, type Notifier as SystemNotifier } from '../platform/sd-notify.js';
import { createServiceHost } from '../platform/spawn-service.js';
import { recoverApp, summarizeRecovery, type RecoverySummary } from '../recovery/recover-app.js';
import { createController } from '../services/controller.js';
import { createEmbeddedSupervisor, type EmbeddedSupervisor } from '../services/embedded.js';
import { serviceEnvironment } from '../services/service-environment.js';
import { createSystemd } from '../services/systemd.js';
import { readSourceCache, recallSource, scopeKey } from '../source/source-cache.js';
import { createLog } from './daemon/log.js';
import { createUsageWatch, type UsageWatch } from './daemon/usage-watch.js';
import { createDaemon, type DaemonParts } from './daemon/run-daemon.js';
import { serveControl } from './daemon/serve-control.js';
import { startWorker } from './daemon/start-worker.js';
import { layoutOf } from './layout-of.js';
import { readSettings } from './read-settings.js';

/** @returns the exit code. @throws HoldlineError for settings, and `busy` where a daemon runs already */
export async function runHoldlineDaemon(settingsFile: string | undefined): Promise<number> {
  const settings = readSettings(settingsFile, process.env);
  const layout = layoutOf(settings);
  const log = createLog(settings);
  for (const warning of settings.warnings) log.warn(warning);
  const fs = createFilesystem();
  const lock = takeDaemonLock(layout);
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // A closed terminal or log pipe must not take the services down with it.
  process.on('SIGHUP', () => undefined);
  const notifier = await createNotifier(process.env, process.pid);
  const supervisor = createSupervisor(settings, layout, fs, log);
  const services = createController({
    systemd: createSystemd({ processes: createProcesses(), environment: process.env }), embedded: supervisor,
    upgradeBridge: async (name) => (await import('./upgrade-bridge.js')).upgradeBridge(name),
  });
  const usage = createUsageWatch({ rules: settings.regression, services: settings.services, controller: services, reader: createUsageReader(), clock: systemClock, log });
  const daemon = createDaemon(daemonParts({ settings, layout, fs, log, services, supervisor, notifier, usage }));
  const server = await serve(daemon, layout);
  const alive = new AbortController();
  void feedWatchdog(notifier, systemClock, alive.signal);
  try {
    log.info('holdline runs', { repo: settings.githubRepo, interval: settings.checkInterval, auto_update: settings.autoUpdate, install_dir: layout.installDir });
    return await daemon.run(stop.signal);
  } finally {
    usage.end();
    alive.abort();
    await server.close();
    lock.release();
  }
}

async function serve(daemon: Parameters<typeof serveControl>[0], layout: Layout): ReturnType<typeof serveControl> {
  const socket = controlSocket(layout);
  try { return await serveControl(daemon, socket); } catch (cause) {
    throw new HoldlineError('permission', `cannot open the control socket ${socket}: ${errnoOf(cause) ?? 'unknown error'}`, { cause, hint: 'Set runtime_dir to a short path this user may write.' });
  }
}

function takeDaemonLock(layout: Layout): { release(): void } {
  const path = join(layout.stateDir, 'daemon.lock');
  const locks = createLocks();
  const lock = locks.tryLock(path);
  if (lock !== undefined) return lock;
  throw new HoldlineError('busy', `cannot start: a daemon for this app runs already (${locks.holder(path) ?? 'holder unknown'})`, { hint: 'See holdline --status.' });
}

function createSupervisor(settings: Settings, layout: Layout, fs: Filesystem, log: Logger): EmbeddedSupervisor {
  const homes = new Map(settings.components?.flatMap((view) => view.services.map(({ name }) => [name, layoutOf(view)])));
  /** Of a service that is not in the settings any more nothing is known; it is only ended. */
  const homeOf = (name: string): Layout => homes.get(name) ?? layout;
  return createEmbeddedSupervisor({
    services: settings.services, host: createServiceHost({ logDirectory: join(layout.runtimeDir, 'logs'), clock: systemClock }), filesystem: fs, clock: systemClock, log,
    stateFile: supervisorFile(layout), environment: serviceEnvironment(process.env, join(process.execPath, '..')),
    folderOf: (name) => homeOf(name).installDir,
    generation: (name) => { try { return fs.readLink(currentLink(homeOf(name))); } catch { return PLAIN_GENERATION; } },
    accepts: (left) => acceptsProcess(fs, homeOf(left.service), left),
  });
}

interface Wiring { readonly settings: Settings; readonly layout: Layout; readonly fs: Filesystem; readonly log: Logger; readonly services: ServiceController; readonly supervisor: EmbeddedSupervisor; readonly notifier: SystemNotifier; readonly usage: UsageWatch }

function daemonParts({ settings, layout, fs, log, services, supervisor, notifier, usage }: Wiring): DaemonParts {
  const { GITHUB_TOKEN: _token, ...env } = process.env;
  const script = fileURLToPath(new URL('./worker.js', import.meta.url));
  let repaired: Repaired | undefined;
  const quietly = (work: Promise<void>): void => { work.catch((thrown: unknown) => log.debug('systemd was not told', { reason: String(thrown) })); };
  return {
    settings, clock: systemClock, random: Math.random, log,
    notify: { ready: () => quietly(notifier.ready()), stopping: () => quietly(notifier.stopping()), status: (text) => quietly(notifier.status(text)) },
    startJob: (job, actor, report) => startWorker({ script, settings, services, usage: usage.history, report, log, env }, job, actor),
    recover: async () => { repaired = repair(settings, layout); return repaired; },
    startServices: async () => { await supervisor.startAll(repaired?.without); usage.begin(); },
    stopServices: () => supervisor.stopAll().catch((thrown: unknown) => { log.error(toHoldlineError(thrown).message); }),
    rateLimit: () => recallSource(readSourceCache(fs, sourceCacheFile(layout), log), scopeKey(settings.githubApiUrl, settings.githubRepo, settings.githubToken), systemClock.now()).rateLimit,
    serviceStatus: () => Promise.all(settings.services.map((service): Promise<ServiceStatus> => services.status(service).catch((thrown: unknown) => ({
      name: service.name, kind: service.kind, active: false, pid: null, restarts: 0, since: null, detail: toHoldlineError(thrown).message,
    })))),
  };
}

interface Repaired extends RecoverySummary {
  /** Services of a component nobody could put in order: what they would start from is unknown. */
  readonly without: ReadonlySet<string>;
}

/** A component that stays broken does not keep the others from running. */
function repair(settings: Settings, layout: Layout): Repaired {
  const [own, ...components] = recoverApp({ stateDir: layout.stateDir, probation: 'leave' });
  const summary = summarizeRecovery([own, ...components]);
  const broken = (settings.components ?? []).filter((view) => components.some(({ stateDir, outcome }) => outcome === 'broken' && stateDir === view.stateDir));
  const goesOn = own.outcome !== 'broken' && broken.length < (settings.components?.length ?? 0);
  return { ...summary, outcome: summary.outcome === 'broken' && goesOn ? 'repaired' : summary.outcome, without: new Set(broken.flatMap(({ services }) => services.map(({ name }) => name))) };
}
