// The change of signing keys that a release may carry: fetched only when it is not the one already known, proven against the ring.
// An older one is left aside (an old release carries it); one that no trusted key signed refuses the release.
import { createHash } from 'node:crypto';
import type { AcceptedStatement } from '../../domain/keys.js';
import { KEYS_ASSET, KEYS_SIGNATURE, type Release } from '../../domain/release.js';
import type { TransferBounds } from '../download.js';
import { fetchSmallAsset, type SmallAssetDeps } from '../fetch-small-asset.js';
import { MAX_SIGNATURE_BYTES } from '../minisign.js';
import { admitStatement, type Admitted, type KeyRing } from './key-ring.js';
import { badStatement, MAX_STATEMENT_BYTES, MAX_STATEMENT_SIGNATURES, parseKeyStatement } from './key-statement.js';

export interface ObtainedStatement { readonly admitted: Admitted; readonly accepted: AcceptedStatement; readonly bytesDownloaded: number }

/** Undefined where the release carries none, or none that is newer than what is known. */
export async function obtainStatement(deps: SmallAssetDeps, ring: KeyRing, release: Release, bounds: TransferBounds, signal: AbortSignal): Promise<ObtainedStatement | undefined> {
  const asset = release.assets.find(({ name }) => name === KEYS_ASSET);
  if (asset === undefined) return undefined;
  if (ring.text !== null && asset.sha256 === createHash('sha256').update(ring.text).digest('hex')) return undefined;
  const content = await fetchSmallAsset(deps, asset, MAX_STATEMENT_BYTES, bounds, signal);
  const text = decode(content);
  if (text === ring.text) return undefined;
  const { serial } = parseKeyStatement(text);
  if (serial < ring.serial) return undefined;
  const signatures: string[] = [];
  let bytesDownloaded = content.length;
  for (const one of release.assets.filter(({ name }) => KEYS_SIGNATURE.test(name)).slice(0, MAX_STATEMENT_SIGNATURES)) {
    const signature = await fetchSmallAsset(deps, one, MAX_SIGNATURE_BYTES, bounds, signal);
    signatures.push(decode(signature));
    bytesDownloaded += signature.length;
  }
  const now = deps.clock.now();
  const accepted: AcceptedStatement = { text, signatures, at: now.toISOString(), tag: release.tag };
  return { admitted: admitStatement(ring, accepted, now), accepted, bytesDownloaded };
}

function decode(content: Buffer): string {
  try { return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content); } catch (cause) { throw badStatement('it is not UTF-8', undefined, cause); }
}
