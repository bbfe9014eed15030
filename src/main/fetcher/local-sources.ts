// Where releases come from and what is made of them: source and artifact wired together, in whichever process this is. On a device that
// is the fetcher, which has no rights; the updater itself asks it (remote-sources.ts).
import { fileURLToPath } from 'node:url';
import { sourceCacheFile, type Layout } from '../../domain/layout.js';
import type { Filesystem, Logger, ReleaseSource } from '../../domain/ports.js';
import type { Report } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { assertAboveFloor, judgeManifestTime } from '../../artifact/check-manifest.js';
import { extractPayload, listPayload, type PayloadRequest } from '../../artifact/extract.js';
import { readKeyStore, rememberStatement } from '../../artifact/keys/key-store.js';
import { keptBytes } from '../../artifact/kept-bytes.js';
import { obtainManifest } from '../../artifact/obtain-manifest.js';
import { obtainPayload } from '../../artifact/obtain-release.js';
import { createDevicePaths } from '../../decide/writable-paths.js';
import { createByteCounter } from '../../engine/byte-budget.js';
import type { ArtifactPorts, EngineParts, ObtainedPayload } from '../../engine/parts.js';
import { systemClock } from '../../platform/clock.js';
import { createFetch } from '../../platform/http.js';
import { assertTrust } from '../../settings/assert-trust.js';
import { createDirectorySource } from '../../source/directory.js';
import { meterSource } from '../../source/meter-source.js';
import { createGitHubSource, type SharedListing } from '../../source/github.js';
import { withPayloadVersions } from '../payload-versions.js';
import { keyPlaceOf } from './key-place.js';

declare const HOLDLINE_VERSION: string;

/** Beside dist/, in the package. */
const shippedRootFile = fileURLToPath(new URL('../config/trusted-roots/public-good.json', import.meta.url));

export type SourceParts = Pick<EngineParts, 'source' | 'sourceFrom' | 'artifact'>;
export interface SourceSurroundings { readonly settings: Settings; readonly layout: Layout; readonly fs: Filesystem; readonly log: Logger; readonly report: Report;
  /** Shared by components of one repository. */
  readonly listing?: SharedListing | undefined;
}

export function localSources({ settings, layout, fs, log, report, listing }: SourceSurroundings): SourceParts {
  const source = lazySource(() => {
    assertTrust(settings);
    return metered(createGitHubSource({
      fetch: createFetch({ proxy: settings.proxy }), fs, clock: systemClock, log, cacheFile: sourceCacheFile(layout), repo: settings.githubRepo, component: settings.tagPrefix, listing,
      apiUrl: settings.githubApiUrl, token: settings.githubToken, retries: { maxRetries: settings.maxRetries, retryDelayMs: settings.retryDelay * 1000 },
      userAgent: `holdline/${HOLDLINE_VERSION}`,
    }), { settings, layout, fs, log });
  }, settings.githubRepo);
  const keys = { fs, layout: keyPlaceOf(settings, layout) };
  const paths = createDevicePaths(settings.preserve);
  const payloadRequest = (payload: Pick<ObtainedPayload, 'path' | 'strip'> & Partial<Pick<ObtainedPayload, 'files' | 'sha256'>>): PayloadRequest => ({
    payload: payload.path, sha256: payload.files === null ? payload.sha256 ?? null : null, strip: payload.strip, managedPaths: settings.managedPaths, limits: settings.limits, links: settings.archive.links,
  });
  const artifact = (from: ReleaseSource): ArtifactPorts => {
    const deps = { source: from, fs, clock: systemClock, report, log, shippedRootFile };
    return {
      async obtainManifest(release, { floor, named }, signal) {
        assertAboveFloor(release.version, floor, named);
        const obtained = await obtainManifest(deps, settings, release, signal, settings.trust.require === 'signature' ? readKeyStore(keys) : []);
        return { ...obtained, clockIsBehind: obtained.manifest !== null && judgeManifestTime(obtained.manifest, systemClock.now()) === 'clock' };
      },
      rememberStatement: (statement) => rememberStatement(keys, statement),
      obtainPayload: (release, manifest, signal) => obtainPayload(deps, settings, release, manifest, signal),
      keptBytes: (release, manifest) => keptBytes(fs, layout, release, manifest),
      listPayload: async (payload, signal) => (await listPayload({ fs, report, log }, payloadRequest(payload), signal)).tree,
      extract: (payload, into, reuse, signal) => extractPayload({ fs, report, log }, {
        ...payloadRequest(payload), into, isCode: (path) => !paths.isWritable(path),
        reuse: reuse === null ? null : { directory: reuse, isReusable: (path) => !paths.isWritable(path) },
      }, signal),
    };
  };
  const versionOf = (payload: string, signal: AbortSignal): ReturnType<typeof listPayload> => listPayload({ fs, report: () => undefined, log }, payloadRequest({ path: payload, strip: 'auto' }), signal);
  return { source, artifact, sourceFrom: (path) => { assertTrust(settings); return withPayloadVersions(createDirectorySource({ fs, path, component: settings.tagPrefix, part: settings.component?.name ?? null }), versionOf); } };
}

/** Counted where the bytes arrive, so that what is broken off counts too. */
function metered(source: ReleaseSource, { settings: { network }, layout, fs, log }: Pick<SourceSurroundings, 'settings' | 'layout' | 'fs' | 'log'>): ReleaseSource {
  if (network.dailyBytes === 0 && network.bandwidth === 0) return source;
  const counter = createByteCounter({ fs, layout, clock: systemClock, log });
  const counts = network.dailyBytes > 0;
  return meterSource(source, { clock: systemClock, bandwidth: network.bandwidth, count: (bytes) => { if (counts) counter.count(bytes); }, ended: () => counter.save() });
}

/** Octokit and undici start with the first question: a rollback, or a busy answer, needs neither. */
function lazySource(create: () => ReleaseSource, description: string): ReleaseSource {
  let made: ReleaseSource | undefined;
  const get = (): ReleaseSource => { made ??= create(); return made; };
  return {
    get description() { return made?.description ?? description; },
    list: async (signal) => get().list(signal), file: async (path, etag, maxBytes, signal) => get().file?.(path, etag, maxBytes, signal) ?? { kind: 'missing' }, attestations: async (sha256, signal) => get().attestations?.(sha256, signal) ?? [], open: async (asset, range, signal) => get().open(asset, range, signal),
    requestsToday: () => made?.requestsToday() ?? 0, rateLimit: () => made?.rateLimit() ?? null,
  };
}
