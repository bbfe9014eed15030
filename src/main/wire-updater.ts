// Wires the updater: the one place where platform, source, artifact, engine and health meet. Loaded by the worker and by a command
// that works without a daemon; never by the resident daemon or by --status.
import { randomBytes } from 'node:crypto';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { HoldlineError } from '../domain/errors.js';
import { sourceCacheFile, type Layout } from '../domain/layout.js';
import type { Filesystem, Logger, ReleaseSource, ServiceController } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import type { Settings } from '../domain/settings.js';
import { assertAboveFloor, judgeManifestTime } from '../artifact/check-manifest.js';
import { extractPayload, listPayload, type PayloadRequest } from '../artifact/extract.js';
import { readKeyStore, rememberStatement } from '../artifact/keys/key-store.js';
import { obtainManifest } from '../artifact/obtain-manifest.js';
import { obtainPayload } from '../artifact/obtain-release.js';
import { readTree } from '../artifact/read-tree.js';
import { createDevicePaths } from '../decide/writable-paths.js';
import type { ArtifactPorts, EngineParts, ObtainedPayload, WatchRules } from '../engine/parts.js';
import { createAudit } from '../engine/audit-log.js';
import { readDeviceState } from '../engine/device-state.js';
import { createUpdater, type Updater } from '../engine/updater.js';
import { chooseProbes } from '../health/choose-probes.js';
import { createProber } from '../health/create-prober.js';
import { longestWait } from '../health/longest-wait.js';
import { watchProbation } from '../health/watch-probation.js';
import { systemClock } from '../platform/clock.js';
import { createFilesystem } from '../platform/filesystem.js';
import { createFetch } from '../platform/http.js';
import { createLocks } from '../platform/locks.js';
import { createProcesses } from '../platform/processes.js';
import { tcpConnect } from '../platform/tcp-connect.js';
import { recover } from '../recovery/recover.js';
import { readBootId } from '../recovery/rescue-calls.js';
import { assertTrust } from '../settings/assert-trust.js';
import { createDirectorySource } from '../source/directory.js';
import { createGitHubSource } from '../source/github.js';
import { withPayloadVersions } from './payload-versions.js';
import { bridgeInspector } from './bridge-inspector.js';
import { layoutOf } from './read-settings.js';

declare const HOLDLINE_VERSION: string;

/** Beside dist/, in the package. */
const shippedRootFile = fileURLToPath(new URL('../config/trusted-roots/public-good.json', import.meta.url));

export interface UpdaterSurroundings {
  readonly services: ServiceController;
  readonly report: Report;
  readonly log: Logger;
  /** Who asked, for the journal and the history. */
  readonly actor: string;
  /** False without a daemon: embedded services do not run, and probes that need them cannot judge. */
  readonly supervisorRuns: boolean;
}

export function wireUpdater(settings: Settings, around: UpdaterSurroundings): Updater {
  const fs = createFilesystem();
  const layout = layoutOf(settings);
  const audit = createAudit({ fs, layout, clock: systemClock, log: around.log, actor: around.actor, anchor: () => readDeviceState(fs, layout).audit });
  return createUpdater({ ...around, audit, ...wireSources(settings, layout, fs, around), ...wireDevice(settings, layout, fs, around), settings, layout, fs, clock: systemClock });
}

type SourceParts = Pick<EngineParts, 'source' | 'sourceFrom' | 'artifact' | 'trees'>;

function wireSources(settings: Settings, layout: Layout, fs: Filesystem, { log, report }: UpdaterSurroundings): SourceParts {
  const source = lazySource(() => {
    assertTrust(settings);
    return createGitHubSource({
      fetch: createFetch({ proxy: settings.proxy }), fs, clock: systemClock, log, cacheFile: sourceCacheFile(layout), repo: settings.githubRepo,
      apiUrl: settings.githubApiUrl, token: settings.githubToken, retries: { maxRetries: settings.maxRetries, retryDelayMs: settings.retryDelay * 1000 },
      userAgent: `holdline/${HOLDLINE_VERSION}`,
    });
  }, settings.githubRepo);
  const paths = createDevicePaths(settings.preserve);
  const payloadRequest = (payload: Pick<ObtainedPayload, 'path' | 'strip'>): PayloadRequest => ({
    payload: payload.path, strip: payload.strip, managedPaths: settings.managedPaths, limits: settings.limits, links: settings.archive.links,
  });
  const artifact = (from: ReleaseSource): ArtifactPorts => {
    const deps = { source: from, fs, clock: systemClock, report, log, shippedRootFile };
    return {
      async obtainManifest(release, { floor, named }, signal) {
        assertAboveFloor(release.version, floor, named);
        const obtained = await obtainManifest(deps, settings, release, signal, settings.trust.require === 'signature' ? readKeyStore({ fs, layout }) : []);
        return { ...obtained, clockIsBehind: obtained.manifest !== null && judgeManifestTime(obtained.manifest, systemClock.now()) === 'clock' };
      },
      rememberStatement: (statement) => rememberStatement({ fs, layout }, statement),
      obtainPayload: (release, manifest, signal) => obtainPayload(deps, settings, release, manifest, signal),
      listPayload: async (payload, signal) => (await listPayload({ fs, report, log }, payloadRequest(payload), signal)).tree,
      extract: (payload, into, reuse, signal) => extractPayload({ fs, report, log }, {
        ...payloadRequest(payload), into, isCode: (path) => !paths.isWritable(path),
        reuse: reuse === null ? null : { directory: reuse, isReusable: (path) => !paths.isWritable(path) },
      }, signal),
    };
  };
  return { source, sourceFrom: (path) => { assertTrust(settings); return withPayloadVersions(createDirectorySource({ fs, path }), (payload, signal) => listPayload({ fs, report: () => undefined, log }, payloadRequest({ path: payload, strip: 'auto' }), signal)); }, artifact, trees: { read: (directory, skip) => readTree(fs, directory, { skip, onOther: (path) => log.warn('neither file, folder nor link: it is left where it is', { path }) }) } };
}

/** Octokit and undici start with the first question: a rollback, or a busy answer, needs neither. */
function lazySource(create: () => ReleaseSource, description: string): ReleaseSource {
  let made: ReleaseSource | undefined;
  const get = (): ReleaseSource => { made ??= create(); return made; };
  return {
    get description() { return made?.description ?? description; },
    list: async (signal) => get().list(signal), attestations: async (sha256, signal) => get().attestations?.(sha256, signal) ?? [], open: async (asset, range, signal) => get().open(asset, range, signal),
    requestsToday: () => made?.requestsToday() ?? 0, rateLimit: () => made?.rateLimit() ?? null,
  };
}

type DeviceParts = Pick<EngineParts, 'locks' | 'watch' | 'facts' | 'recover' | 'bootId' | 'random'>;

function wireDevice(settings: Settings, layout: Layout, fs: Filesystem, around: UpdaterSurroundings): DeviceParts {
  return {
    locks: createLocks(), bootId: readBootId(), random: () => randomBytes(3).toString('hex'),
    watch: (touched, rules, signal) => watch(settings, around, touched, rules, signal),
    facts: () => ({ node: process.versions.node, arch: process.arch, memoryMb: totalmem() / 2 ** 20, diskMb: freeMb(fs, layout) }),
    recover: () => {
      const result = recover({ stateDir: layout.stateDir, lock: 'held', probation: 'take' });
      const actions = result.transactions.map((t) => t.message);
      return { outcome: result.outcome, actions: result.alarm === null ? actions : [...actions, `${result.alarm.message} ${result.alarm.hint}`] };
    },
  };
}

function freeMb(fs: Filesystem, layout: Layout): number {
  try { return fs.free(layout.installDir).bytes / 2 ** 20; } catch (cause) {
    throw new HoldlineError('install-missing', `cannot look at the install directory ${layout.installDir}`, { cause, hint: 'Create it or correct install_dir in the settings.' });
  }
}

function watch(settings: Settings, around: UpdaterSurroundings, touched: readonly string[], rules: WatchRules, signal: AbortSignal): ReturnType<EngineParts['watch']> {
  const health = chooseProbes({ health: settings.health, services: settings.services, touched, supervisorRuns: around.supervisorRuns });
  if (health.length === 0) return Promise.resolve({ verdict: 'healthy', reason: null });
  const prober = createProber({
    health, services: settings.services, installDir: settings.installDir, controller: around.services, processes: createProcesses(), fetch,
    connect: tcpConnect, bridges: bridgeInspector(), clock: systemClock,
  });
  return watchProbation({ rules, prober, patience: longestWait(health, rules), clock: systemClock, report: around.report, signal });
}
