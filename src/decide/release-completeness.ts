// Is a release all there? A release can be seen before its assets are: half of one must never be taken. Pure.
import { createPathMatcher } from '../domain/match-glob.js';
import { MANIFEST_ASSET, SIGNATURE_ASSET, type Release } from '../domain/release.js';
import type { TrustSettings } from '../domain/settings.js';

export interface PayloadRule {
  readonly trust: TrustSettings['require'];
  /** Asset name pattern for releases without a manifest; null: the one .tar.gz, else the source tarball. */
  readonly asset: string | null;
}

const isArchive = (name: string): boolean => /\.(?:tar\.gz|tgz)$/i.test(name);

/** Why the release is not complete, one clause; undefined when it is. `others`: the source's whole list, to know this publisher's habit. */
export function whyIncomplete(release: Release, others: readonly Release[], rule: PayloadRule): string | undefined {
  const open = release.assets.find((asset) => !asset.uploaded);
  if (open !== undefined) return `${open.name} is still being uploaded`;
  const has = (name: string): boolean => release.assets.some((asset) => asset.name === name);
  if (has(MANIFEST_ASSET)) {
    if (rule.trust === 'signature' && !has(SIGNATURE_ASSET)) return `${SIGNATURE_ASSET} is missing`;
    return release.assets.some((asset) => isArchive(asset.name)) ? undefined : 'the payload is missing';
  }
  if (rule.asset !== null) {
    const matcher = createPathMatcher([rule.asset]);
    return release.assets.some((asset) => matcher.matches(asset.name)) ? undefined : `no asset matches ${rule.asset}`;
  }
  if (release.assets.some((asset) => isArchive(asset.name))) return undefined;
  if (release.sourceTarball === undefined || rule.trust !== 'none') return 'it has no payload';
  // The source tarball is this release's payload only where this publisher attaches none to any release.
  return others.some((other) => other.assets.some((asset) => isArchive(asset.name))) ? 'it has no payload yet, unlike others of this repository' : undefined;
}
