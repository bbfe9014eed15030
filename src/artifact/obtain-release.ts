// From a chosen release to its payload on disk: which file, which digest it must have, and the list of its files.
// Must never give out a payload that is covered by less than `trust.require` asks for.
import { createHash } from 'node:crypto';
import { choosePayload } from '../domain/choose-payload.js';
import { HoldlineError } from '../domain/errors.js';
import { downloadsDir } from '../domain/layout.js';
import type { AssetDigest, Manifest } from '../domain/manifest.js';
import { CHECKSUMS_ASSET, type Asset, type Release } from '../domain/release.js';
import type { Settings } from '../domain/settings.js';
import type { Tree } from '../domain/tree.js';
import { assertAttested, type AttestationDeps, type AttestedPayload } from './attestation/assert-attested.js';
import { checkManifest } from './check-manifest.js';
import { agreeOnDigest, assertCovered, MAX_CHECKSUMS_BYTES, parseChecksums } from './checksums.js';
import { downloadAsset, type DownloadDeps } from './download.js';
import { wrongDigest } from './download-errors.js';
import { assertUploaded, fetchSmallAsset } from './fetch-small-asset.js';
import { MAX_FILES_LIST_BYTES, parseFilesList } from './files-list.js';
import { payloadKey } from './kept-bytes.js';
import { findAsset, manifestMissing, transferBounds, type ObtainSettings } from './obtain-manifest.js';

/** What stays free on the disk of the downloads. */
export const MIN_FREE_BYTES = 32 * 1024 * 1024;

export interface ObtainedPayload {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly manifest: Manifest | null;
  /** The files as the manifest's tree digest covers them; null without a manifest. */
  readonly files: Tree | null;
  /** A source tarball's top folder is always stripped. */
  readonly strip: 'auto' | 'always';
  readonly bytesDownloaded: number;
  /** Sentences for a person. */
  readonly warnings: readonly string[];
}

export type ObtainPayloadSettings = ObtainSettings & Pick<Settings, 'installDir' | 'stateDir' | 'runtimeDir' | 'backupPath'>;

export type ObtainPayloadDeps = DownloadDeps & AttestationDeps;

/** `manifest` is what `obtainManifest` gave for this very release. */
export async function obtainPayload(deps: ObtainPayloadDeps, settings: ObtainPayloadSettings, release: Release, manifest: Manifest | null, signal: AbortSignal): Promise<ObtainedPayload> {
  if (manifest === null && settings.trust.require === 'signature') throw manifestMissing(release);
  if (manifest !== null) checkManifest(manifest, { repo: settings.githubRepo, tag: release.tag, version: release.version, trustedComment: null });
  const chosen = manifest === null ? choose(release, settings.asset) : { asset: namedAsset(release, manifest.payload.asset, manifest.payload), strip: 'auto' as const };
  assertUploaded(chosen.asset);
  const checksums = await readChecksums(deps, settings, release, signal);
  const digest = expectedDigest(deps, settings, chosen.asset, manifest, checksums?.digests);
  const files = manifest === null ? undefined : await obtainFilesList(deps, settings, release, manifest, signal);
  const attest = (sha256: string): Promise<number> => attestedBytes(deps, settings, release, { name: chosen.asset.name, sha256 }, signal);
  // A known digest is asked about first: what would be refused is not even downloaded.
  const early = digest === null ? 0 : await attest(digest);
  const download = await downloadAsset(deps, {
    ...transferBounds(settings), asset: chosen.asset, sniff: 'gzip',
    key: payloadKey(release, digest),
    expected: { size: manifest?.payload.size ?? chosen.asset.size, sha256: digest ?? undefined },
    maxBytes: settings.limits.payloadBytes, directory: downloadsDir(settings), minFreeBytes: MIN_FREE_BYTES,
  }, signal);
  const late = digest === null ? await attest(download.sha256) : 0;
  return {
    path: download.path, size: download.size, sha256: download.sha256, manifest, files: files?.tree ?? null, strip: chosen.strip,
    bytesDownloaded: download.bytesDownloaded + (checksums?.bytes ?? 0) + (files?.bytes ?? 0) + early + late,
    warnings: warningsOf(settings, manifest, digest, chosen.asset),
  };
}

async function attestedBytes(deps: AttestationDeps, settings: ObtainSettings, release: Release, payload: AttestedPayload, signal: AbortSignal): Promise<number> {
  const { attestation } = settings.trust;
  if (attestation === undefined) return 0;
  const question = { attestation, repo: settings.githubRepo, release, payload, bounds: transferBounds(settings) };
  return (await assertAttested(deps, question, signal)).bytesDownloaded;
}

function choose(release: Release, pattern: string | null): { asset: Asset; strip: 'auto' | 'always' } {
  const choice = choosePayload(release, pattern);
  switch (choice.kind) {
    case 'asset': return { asset: choice.asset, strip: 'auto' };
    case 'source-tarball': return { asset: choice.asset, strip: 'always' };
    case 'none': throw new HoldlineError('source-not-found', `cannot find the payload of release ${release.tag}: it has ${pattern === null ? 'no .tar.gz' : `no asset that matches ${pattern}`}`, {
      hint: `It has: ${release.assets.map((asset) => asset.name).join(', ') || 'no assets'}. Set \`asset:\` in the settings to the right name, with * for what changes.`,
    });
    case 'several': throw new HoldlineError('source-not-found', `cannot choose the payload of release ${release.tag}: ${choice.names.join(', ')} all fit`, {
      hint: 'Set `asset:` in the settings to a pattern that only one of them matches.',
    });
  }
}

/** The asset a manifest names, of the size it states. */
function namedAsset(release: Release, name: string, stated: { readonly size: number }): Asset {
  const asset = findAsset(release, name);
  const found = asset === undefined ? 'the release does not have it' : asset.size === undefined || asset.size === stated.size ? undefined : `the release's has ${asset.size}`;
  if (asset !== undefined && found === undefined) return asset;
  throw new HoldlineError('manifest-mismatch', `cannot use release ${release.tag}: its manifest names ${name} with ${stated.size} bytes, ${found ?? ''}`, {
    hint: 'The release is incomplete or was changed after signing. Nothing was installed; ask the publisher.', context: { asset: name, size: stated.size },
  });
}

async function readChecksums(deps: DownloadDeps, settings: ObtainSettings, release: Release, signal: AbortSignal): Promise<{ digests: ReadonlyMap<string, string>; bytes: number } | undefined> {
  const asset = settings.trust.require === 'checksum' ? findAsset(release, CHECKSUMS_ASSET) : undefined;
  if (asset === undefined) return undefined;
  const content = await fetchSmallAsset(deps, asset, MAX_CHECKSUMS_BYTES, transferBounds(settings), signal);
  return { digests: parseChecksums(content), bytes: content.length };
}

function expectedDigest(deps: DownloadDeps, settings: ObtainSettings, asset: Asset, manifest: Manifest | null, checksums: ReadonlyMap<string, string> | undefined): string | null {
  const agreed = agreeOnDigest(asset.name, [
    { by: 'the manifest', sha256: manifest?.payload.sha256 },
    { by: CHECKSUMS_ASSET, sha256: checksums?.get(asset.name) },
    { by: deps.source.description, sha256: asset.sha256 },
  ]);
  return settings.trust.require === 'none' ? agreed : assertCovered(asset.name, agreed);
}

async function obtainFilesList(deps: DownloadDeps, settings: ObtainSettings, release: Release, manifest: Manifest, signal: AbortSignal): Promise<{ tree: Tree; bytes: number }> {
  const stated: AssetDigest = manifest.files;
  const asset = namedAsset(release, stated.name, stated);
  const content = await fetchSmallAsset(deps, { ...asset, size: stated.size }, MAX_FILES_LIST_BYTES, transferBounds(settings), signal);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 !== stated.sha256) throw wrongDigest(asset.name, stated.sha256, sha256);
  return { tree: parseFilesList(content, manifest.tree_digest, settings.limits), bytes: content.length };
}

function warningsOf(settings: ObtainSettings, manifest: Manifest | null, digest: string | null, asset: Asset): string[] {
  const warnings: string[] = [];
  if (manifest !== null && settings.trust.require !== 'signature') warnings.push(`The manifest's signature was not checked: trust.require is ${settings.trust.require}.`);
  if (digest === null) warnings.push(`Nobody states a checksum of ${asset.name}: only the connection vouches for it.`);
  return warnings;
}
