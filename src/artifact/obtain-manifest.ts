// The manifest of a release, as far as the settings let it be believed: fetch, verify, parse, compare with what was asked for.
// Under `signature` nothing of it is read before its signature is proven.
import { createHash } from 'node:crypto';
import { HoldlineError } from '../domain/errors.js';
import type { AcceptedStatement } from '../domain/keys.js';
import type { Manifest } from '../domain/manifest.js';
import { MANIFEST_ASSET, SIGNATURE_ASSET, type Asset, type Release } from '../domain/release.js';
import type { Settings, TrustKey } from '../domain/settings.js';
import { assertNotExpired, checkManifest } from './check-manifest.js';
import type { TransferBounds } from './download.js';
import { fetchSmallAsset, type SmallAssetDeps } from './fetch-small-asset.js';
import { choosePart, type ForeignRelease } from './choose-part.js';
import { assertWithinLimits, MAX_MANIFEST_BYTES, parseManifest } from './manifest.js';
import { admittedKeys } from './keys/admitted-keys.js';
import { buildKeyRing } from './keys/key-ring.js';
import { obtainStatement } from './keys/obtain-statement.js';
import { MAX_SIGNATURE_BYTES, verifySignature } from './minisign.js';

/** What of the settings obtaining a release depends on. */
export type ObtainSettings = Pick<Settings, 'githubRepo' | 'component' | 'trust' | 'limits' | 'asset' | 'downloadTimeout' | 'downloadDeadline' | 'maxRetries' | 'retryDelay'>;

export interface ObtainedManifest {
  /** Of this component, where the settings are one's. Null: the release has none, and the settings ask for no signature; or it is foreign. */
  readonly manifest: Manifest | null;
  /** Proven, and not for this component; null where it is. */
  readonly foreign: ForeignRelease | null;
  /** Lower-case hex sha256 of its bytes. */
  readonly sha256: string | null;
  /** A change of signing keys that this release carries and that was proven: to be remembered. */
  readonly statement: AcceptedStatement | null;
  /** Name of the pinned key that signed it; null where no signature was asked for. */
  readonly signedBy: string | null;
  readonly bytesDownloaded: number;
}

/** @param known the changes of signing keys this device has accepted so far */
export async function obtainManifest(deps: SmallAssetDeps, settings: ObtainSettings, release: Release, signal: AbortSignal, known: readonly AcceptedStatement[] = []): Promise<ObtainedManifest> {
  const { trust } = settings;
  if (trust.require === 'signature' && trust.keys.length === 0) {
    throw new HoldlineError('trust-key-missing', 'cannot check releases: trust.require is signature, but no public key is set', { hint: 'Put the publisher\'s public key under trust.keys in the settings.' });
  }
  const asset = findAsset(release, MANIFEST_ASSET);
  if (asset === undefined) {
    if (trust.require === 'signature') throw manifestMissing(release);
    return { manifest: null, foreign: unclaimed(settings), sha256: null, statement: null, signedBy: null, bytesDownloaded: 0 };
  }
  const proof = trust.require === 'signature' ? await readProof(deps, settings, release, signal, known) : undefined;
  const content = await fetchSmallAsset(deps, asset, MAX_MANIFEST_BYTES, transferBounds(settings), signal);
  const verified = proof === undefined ? undefined : verifySignature(content, proof.signature, proof.keys);
  const stated = parseManifest(content, settings.limits);
  checkManifest(stated, { repo: settings.githubRepo, tag: release.tag, version: release.version, trustedComment: verified?.trustedComment ?? null });
  const choice = choosePart(stated, settings.component);
  if (choice.kind === 'part') {
    assertNotExpired(stated, deps.clock.now());
    assertWithinLimits(choice.manifest, settings.limits);
  }
  return {
    manifest: choice.kind === 'part' ? choice.manifest : null, foreign: choice.kind === 'foreign' ? choice.foreign : null,
    sha256: createHash('sha256').update(content).digest('hex'), statement: proof?.statement ?? null, signedBy: verified?.key.name ?? null,
    bytesDownloaded: content.length + (proof?.bytesDownloaded ?? 0),
  };
}

/** Without a manifest only a pattern of its own says which file is this component's, where several have the same releases. */
function unclaimed({ component, asset }: ObtainSettings): ForeignRelease | null {
  const mates = component?.tagMates ?? [];
  if (component === null || mates.length === 0 || asset !== null) return null;
  return { carries: [], expires: null, why: `it has no ${MANIFEST_ASSET} that says which of its files is ${component.name}'s, and the settings name none (asset)` };
}

interface Proof { readonly signature: Buffer; readonly keys: readonly TrustKey[]; readonly statement: AcceptedStatement | null; readonly bytesDownloaded: number }

/** The signature, and the keys that may have made it: a change of keys in the release comes first, for it may bring the key that signed. */
async function readProof(deps: SmallAssetDeps, settings: ObtainSettings, release: Release, signal: AbortSignal, known: readonly AcceptedStatement[]): Promise<Proof> {
  const { trust, githubRepo } = settings;
  const asset = findSignature(release);
  const bounds = transferBounds(settings);
  const ring = buildKeyRing(githubRepo, trust.keys, known);
  const news = await obtainStatement(deps, ring, release, bounds, signal);
  const signature = await fetchSmallAsset(deps, asset, MAX_SIGNATURE_BYTES, bounds, signal);
  const keys = admittedKeys(news?.admitted.ring ?? ring, signature, deps.clock.now());
  return { signature, keys, statement: news?.accepted ?? null, bytesDownloaded: signature.length + (news?.bytesDownloaded ?? 0) };
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
