// The manifest of a release, as far as the settings let it be believed: fetch, verify, parse, compare with what was asked for.
// Under `signature` nothing of it is read before its signature is proven.
import { HoldlineError } from '../domain/errors.js';
import type { Manifest } from '../domain/manifest.js';
import { MANIFEST_ASSET, SIGNATURE_ASSET, type Asset, type Release } from '../domain/release.js';
import type { Settings } from '../domain/settings.js';
import { assertNotExpired, checkManifest } from './check-manifest.js';
import type { TransferBounds } from './download.js';
import { fetchSmallAsset, type SmallAssetDeps } from './fetch-small-asset.js';
import { MAX_MANIFEST_BYTES, parseManifest } from './manifest.js';
import { MAX_SIGNATURE_BYTES, verifySignature } from './minisign.js';

/** What of the settings obtaining a release depends on. */
export type ObtainSettings = Pick<Settings, 'githubRepo' | 'trust' | 'limits' | 'asset' | 'downloadTimeout' | 'downloadDeadline' | 'maxRetries' | 'retryDelay'>;

export interface ObtainedManifest {
  /** Null: the release has none, and the settings ask for no signature. */
  readonly manifest: Manifest | null;
  /** Name of the pinned key that signed it; null where no signature was asked for. */
  readonly signedBy: string | null;
  readonly bytesDownloaded: number;
}

export async function obtainManifest(deps: SmallAssetDeps, settings: ObtainSettings, release: Release, signal: AbortSignal): Promise<ObtainedManifest> {
  const { trust, githubRepo } = settings;
  if (trust.require === 'signature' && trust.keys.length === 0) {
    throw new HoldlineError('trust-key-missing', 'cannot check releases: trust.require is signature, but no public key is set', { hint: 'Put the publisher\'s public key under trust.keys in the settings.' });
  }
  const asset = findAsset(release, MANIFEST_ASSET);
  if (asset === undefined) {
    if (trust.require === 'signature') throw manifestMissing(release);
    return { manifest: null, signedBy: null, bytesDownloaded: 0 };
  }
  const bounds = transferBounds(settings);
  const signatureAsset = trust.require === 'signature' ? findSignature(release) : undefined;
  const content = await fetchSmallAsset(deps, asset, MAX_MANIFEST_BYTES, bounds, signal);
  const signature = signatureAsset === undefined ? undefined : await fetchSmallAsset(deps, signatureAsset, MAX_SIGNATURE_BYTES, bounds, signal);
  const verified = signature === undefined ? undefined : verifySignature(content, signature, trust.keys);
  const manifest = parseManifest(content, settings.limits);
  checkManifest(manifest, { repo: githubRepo, tag: release.tag, version: release.version, trustedComment: verified?.trustedComment ?? null });
  assertNotExpired(manifest, deps.clock.now());
  return { manifest, signedBy: verified?.key.name ?? null, bytesDownloaded: content.length + (signature?.length ?? 0) };
}

export function findAsset(release: Release, name: string): Asset | undefined {
  return release.assets.find((asset) => asset.name === name);
}

export function transferBounds(settings: ObtainSettings): TransferBounds {
  return {
    stallMs: settings.downloadTimeout * 1000, deadlineMs: settings.downloadDeadline * 1000,
    maxRetries: settings.maxRetries, retryDelayMs: settings.retryDelay * 1000,
  };
}

export function manifestMissing(release: Release): HoldlineError {
  return new HoldlineError('manifest-missing', `cannot trust release ${release.tag}: it has no ${MANIFEST_ASSET}, and trust.require is signature`, {
    hint: 'Publish it with `holdline publish`; for releases nobody signs set trust.require to checksum, which proves the transfer but not the publisher.',
  });
}

function findSignature(release: Release): Asset {
  const asset = findAsset(release, SIGNATURE_ASSET);
  if (asset !== undefined) return asset;
  throw new HoldlineError('signature-missing', `cannot trust release ${release.tag}: it has a ${MANIFEST_ASSET} but no ${SIGNATURE_ASSET}`, {
    hint: 'Publish it with a key: `holdline publish --key FILE`.',
  });
}
