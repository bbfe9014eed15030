// Which file of a release without a manifest is its payload: the asset by name pattern, else the one .tar.gz, else the source tarball. Pure.
import { createPathMatcher } from './match-glob.js';
import { FILES_ASSET, type Asset, type Release } from './release.js';

export type PayloadChoice =
  | { readonly kind: 'asset'; readonly asset: Asset }
  | { readonly kind: 'source-tarball'; readonly asset: Asset }
  | { readonly kind: 'none' }
  /** Guessing could put the wrong architecture's build on the device. */
  | { readonly kind: 'several'; readonly names: readonly string[] };

export function choosePayload(release: Pick<Release, 'assets' | 'sourceTarball'>, pattern: string | null): PayloadChoice {
  const matches = pattern === null ? isTarball : createPathMatcher([pattern]).matches;
  const found = release.assets.filter((asset) => asset.name !== FILES_ASSET && matches(asset.name));
  const [asset] = found;
  if (found.length > 1) return { kind: 'several', names: found.map((one) => one.name) };
  if (asset !== undefined) return { kind: 'asset', asset };
  if (pattern === null && release.sourceTarball !== undefined) return { kind: 'source-tarball', asset: release.sourceTarball };
  return { kind: 'none' };
}

const isTarball = (name: string): boolean => /\.(?:tar\.gz|tgz)$/i.test(name);
