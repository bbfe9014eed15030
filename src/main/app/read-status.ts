// `--status`: read from what is on the disk and from the daemon where one runs. Asks no server, takes no lock, changes nothing.
import isNewer from 'semver/functions/gt.js';
import { toHoldlineError } from '../../domain/errors.js';
import { controlSocket, journalDir, sourceCacheFile, type Layout } from '../../domain/layout.js';
import type { Filesystem, Logger } from '../../domain/ports.js';
import type { ComponentStatus, ServiceStatus, StatusReport } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { EMPTY_STATE, type DeviceState, type UpdateState } from '../../domain/state.js';
import { judgeFreshness } from '../../decide/judge-freshness.js';
import { readDeviceState } from '../../engine/device-state.js';
import { listJournals } from '../../engine/journal.js';
import { listBackups, summarizeBackup } from '../../engine/backups.js';
import { peekVersion } from '../../engine/read-device.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { readSourceCache, recallSource, scopeKey } from '../../source/source-cache.js';
import { bridgeInspector } from '../bridge-inspector.js';
import type { Activity } from '../daemon/run-daemon.js';
import { layoutOf } from '../layout-of.js';
import { askDaemon, NO_DAEMON } from './ask-daemon.js';
import { readRollout } from './read-rollout.js';
import { readComponents } from './read-components.js';
import { reportHolds } from './report-holds.js';

/** Nothing worth a line happens while only looking. */
const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export async function readStatus(settings: Settings, layout: Layout): Promise<StatusReport> {
  const fs = createFilesystem();
  const activity = await askActivity(layout);
  const components = settings.components === null ? null
    : readComponents(settings.components, settings.together, { fs, readState, stateOf: (view) => stateOf(fs, layoutOf(view), readState(fs, layoutOf(view)).state, undefined) });
  const { state, problem } = readState(fs, layout);
  const current = components === null ? peekVersion({ fs, layout, settings }) : null;
  const github = recallSource(readSourceCache(fs, sourceCacheFile(layout), SILENT), scopeKey(settings.githubApiUrl.replace(/\/+$/u, ''), settings.githubRepo, settings.githubToken), systemClock.now());
  const available = state.update_available !== false && state.latest_version !== null && (current === null || isNewer(state.latest_version, current)) && !state.blocked.some((b) => b.version === state.latest_version);
  const states = (settings.components ?? []).map((view) => readState(fs, layoutOf(view)).state);
  const own = {
    app: settings.app, install_dir: layout.installDir, current_version: current, latest_version: state.latest_version, update_available: available,
    state: stateOf(fs, layout, state, activity), waiting: state.waiting, last_check: state.last_check, last_update: state.last_update, last_error: problem ?? state.last_error,
    blocked: state.blocked, backups: (settings.components ?? [settings]).flatMap((view) => listBackups(fs, layoutOf(view)).map((backup) => ({ ...summarizeBackup(backup), ...(view.component === null ? {} : { component: view.component.name }) }))), components,
    services: activity?.services ?? await askServices(settings, layout), bridge: await bridgeInspector().status(),
    freshness: judgeFreshness(state, current, settings.freshness.alarmAfter, systemClock.now()),
    holds: reportHolds({ settings, layout, fs }, [state, ...states]), approvals: state.approvals,
    rollout: readRollout(settings, layout, fs, systemClock.now()),
    requests_today: github.requestsToday, rate_limit: github.rateLimit, daemon: { running: activity !== undefined, pid: activity?.pid ?? null },
  };
  return components === null ? own : { ...own, ...speakForAll(components, own, states) };
}

/** The worst state, the newest moment: what a person looks at first. */
function speakForAll(components: readonly ComponentStatus[], own: StatusReport, states: readonly DeviceState[]): Partial<StatusReport> {
  const newest = (moments: readonly (string | null)[]): string | null => moments.filter((moment) => moment !== null).sort().at(-1) ?? null;
  const told = components.find(({ state }) => state === 'broken') ?? components.find(({ state }) => state !== 'idle' && state !== 'waiting') ?? components.find(({ state }) => state === 'waiting');
  const failed = components.find(({ last_error: error }) => error !== null);
  const waits = components.find(({ waiting }) => waiting !== null);
  return {
    update_available: components.some(({ update_available: is }) => is), state: own.state === 'idle' ? told?.state ?? 'idle' : own.state,
    waiting: waits?.waiting === null || waits === undefined ? null : { ...waits.waiting, detail: `${waits.component}: ${waits.waiting.detail}` },
    last_check: newest(states.map(({ last_check: at }) => at)), last_update: newest(states.map(({ last_update: at }) => at)),
    last_error: own.last_error ?? (failed?.last_error === null || failed === undefined ? null : { ...failed.last_error, message: `${failed.component}: ${failed.last_error.message}` }),
    approvals: components.flatMap(({ component, approvals }) => approvals.map((entry) => ({ ...entry, version: `${component} ${entry.version}` }))),
    blocked: components.flatMap(({ component, blocked }) => blocked.map((entry) => ({ ...entry, version: `${component} ${entry.version}` }))),
  };
}

export type ReadState = typeof readState;

async function askActivity(layout: Layout): Promise<Activity | undefined> {
  try {
    const answer = await askDaemon(controlSocket(layout), 'activity', {}, () => undefined);
    return answer === NO_DAEMON ? undefined : answer as Activity;
  } catch { return undefined; }
}

/** A state file nobody can read is told, and the rest of the status still shown. */
function readState(fs: Filesystem, layout: Layout): { readonly state: DeviceState; readonly problem: StatusReport['last_error'] } {
  try { return { state: readDeviceState(fs, layout), problem: null }; } catch (thrown) {
    const error = toHoldlineError(thrown);
    return { state: EMPTY_STATE, problem: { code: error.code, message: error.message, at: systemClock.now().toISOString() } };
  }
}

function stateOf(fs: Filesystem, layout: Layout, remembered: DeviceState, activity: Activity | undefined): UpdateState {
  if (activity !== undefined && activity.state !== 'idle') return activity.state;
  try {
    const newest = listJournals(fs, journalDir(layout)).at(-1)?.summary;
    if (newest !== undefined && (newest.end === null || newest.state === 'broken')) return newest.state;
  } catch (thrown) {
    if (toHoldlineError(thrown).code === 'journal-damaged') return 'broken';
  }
  return remembered.waiting === null ? 'idle' : 'waiting';
}

async function askServices(settings: Settings, layout: Layout): Promise<readonly ServiceStatus[]> {
  if (settings.services.length === 0) return [];
  const { servicesWithoutDaemon } = await import('./services-without-daemon.js');
  const controller = servicesWithoutDaemon(layout);
  return Promise.all(settings.services.map((service) => controller.status(service).catch((thrown: unknown): ServiceStatus => ({
    name: service.name, kind: service.kind, active: false, pid: null, restarts: 0, since: null, detail: toHoldlineError(thrown).message,
  }))));
}
