// Source and artifact for the updater, done by the fetcher. What the trust in the settings hangs on is done here once more, over the bytes
// the fetcher hands out: signature, keys, manifest. So a fetcher taken over by what it read can stop an update, but bring none.
import { HoldlineError } from '../../domain/errors.js';
import { bytesOfDayFile, downloadsDir, sourceCacheFile } from '../../domain/layout.js';
import type { AssetResponse, ReleaseListing, ReleaseSource } from '../../domain/ports.js';
import { assertAboveFloor, judgeManifestTime } from '../../artifact/check-manifest.js';
import { keptBytes } from '../../artifact/kept-bytes.js';
import { readKeyStore, rememberStatement } from '../../artifact/keys/key-store.js';
import { obtainManifest, type ObtainSettings } from '../../artifact/obtain-manifest.js';
import type { ArtifactPorts } from '../../engine/parts.js';
import { systemClock } from '../../platform/clock.js';
import type { Grant } from '../../platform/effect-broker.js';
import { assertTrust } from '../../settings/assert-trust.js';
import type { Fetcher } from './fetcher-process.js';
import { judgeFile, judgeListing, judgeListings, judgePayload, judgeStaged, judgeTree, judgeWholeAsset } from './judge-answers.js';
import { keyPlaceOf } from './key-place.js';
import type { SourceParts, SourceSurroundings } from './local-sources.js';

/** @param list instead of asking for this one's releases alone */
export function remoteSources(around: SourceSurroundings, fetcher: Fetcher, list?: ReleaseSource['list']): SourceParts {
  const { settings } = around;
  const from = new WeakMap<ReleaseSource, string>();
  const source = remoteSource(around, fetcher, null, settings.githubRepo);
  return {
    source: list === undefined ? source : Object.create(source, { list: { value: list } }) as ReleaseSource,
    sourceFrom: (path) => {
      assertTrust(settings);
      const made = remoteSource(around, fetcher, path, path);
      from.set(made, path);
      return made;
    },
    artifact: (asked) => remoteArtifact(around, fetcher, asked, from.get(asked) ?? null),
  };
}

/** The releases of every component that has them in the repository of this one, with one look at it. */
export async function askListings(around: SourceSurroundings, fetcher: Fetcher, signal: AbortSignal): Promise<Readonly<Record<string, ReleaseListing>>> {
  assertTrust(around.settings);
  return judgeListings(await fetcher.ask({ kind: 'listings' }, grantOf(around, []), signal));
}

/** The memory of earlier checks and the count of bytes are kept with every question that may ask the network. */
function grantOf({ layout, fs }: SourceSurroundings, folders: readonly string[]): Grant {
  try { fs.makeDirectory(layout.stateDir, 0o750); } catch { /* what needs it says so */ }
  return { folders, files: [sourceCacheFile(layout), bytesOfDayFile(layout)], linkFrom: null };
}

function remoteSource(around: SourceSurroundings, fetcher: Fetcher, from: string | null, description: string): ReleaseSource {
  return {
    get description() { return fetcher.facts()?.description ?? description; },
    list: async (signal) => {
      assertTrust(around.settings);
      return judgeListing(await fetcher.ask({ kind: 'list', from }, grantOf(around, []), signal));
    },
    open: async (asset, range, signal) => {
      if (range !== undefined) throw new HoldlineError('internal', 'cannot read a part of an asset here: the fetcher downloads what is large');
      return wholeAnswer(judgeWholeAsset(await fetcher.ask({ kind: 'read', from, asset }, grantOf(around, []), signal)));
    },
    ...(from === null ? { file: async (path, etag, maxBytes, signal) => judgeFile(await fetcher.ask({ kind: 'file', path, etag, maxBytes }, grantOf(around, []), signal), maxBytes) } : {}),
    requestsToday: () => fetcher.facts()?.requestsToday ?? 0,
    rateLimit: () => fetcher.facts()?.rateLimit ?? null,
  };
}

function wholeAnswer(content: Buffer): AssetResponse {
  return {
    status: 200, from: 0, total: content.length, etag: undefined, cancel: () => undefined,
    body: { async *[Symbol.asyncIterator]() { yield await Promise.resolve(content); } },
  };
}

function remoteArtifact(around: SourceSurroundings, fetcher: Fetcher, source: ReleaseSource, from: string | null): ArtifactPorts {
  const { settings, layout, fs, log } = around;
  const { depth } = settings.limits;
  const keys = { fs, layout: keyPlaceOf(settings, layout) };
  // The fetcher has tried again and watched for stalls already.
  const once: ObtainSettings = { ...settings, maxRetries: 0, downloadTimeout: settings.downloadDeadline };
  return {
    async obtainManifest(release, { floor, named }, signal) {
      assertAboveFloor(release.version, floor, named);
      const obtained = await obtainManifest({ source, clock: systemClock, log }, once, release, signal, settings.trust.require === 'signature' ? readKeyStore(keys) : []);
      return { ...obtained, clockIsBehind: obtained.manifest !== null && judgeManifestTime(obtained.manifest, systemClock.now()) === 'clock' };
    },
    rememberStatement: (statement) => rememberStatement(keys, statement),
    async obtainPayload(release, manifest, signal) {
      const downloads = downloadsDir(layout);
      return judgePayload(await fetcher.ask({ kind: 'payload', from, release, manifest }, grantOf(around, [downloads]), signal), manifest, downloads, depth);
    },
    keptBytes: (release, manifest) => keptBytes(fs, layout, release, manifest),
    listPayload: async (payload, signal) => judgeTree(await fetcher.ask({ kind: 'listing', payload }, grantOf(around, []), signal), depth),
    async extract(payload, into, reuse, signal) {
      const grant = { ...grantOf(around, [into]), linkFrom: reuse };
      const before = fetcher.bytesWritten();
      try {
        const tree = judgeStaged(await fetcher.ask({ kind: 'extract', payload, into, reuse }, grant, signal), depth);
        if (fs.stat(into)?.kind !== 'directory') throw new HoldlineError('tree-digest', `cannot use the release: ${into} is no folder. Nothing has changed on the device`);
        return { tree, bytesWritten: fetcher.bytesWritten() - before };
      } finally {
        // The last that is asked of it in an update: its memory is wanted elsewhere.
        fetcher.close();
      }
    },
  };
}
