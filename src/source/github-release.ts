// One release of GitHub's JSON as we keep it: only what we use, each field checked. Anything else in it is ignored. Pure.
import type { Asset, Release } from '../domain/release.js';
import { parseTag } from './parse-tag.js';

/** Notes are for people and manifests carry their own; this bounds the cache. */
const MAX_NOTES_LENGTH = 8_192;

export interface KeptAsset { readonly id: number; readonly name: string; readonly size: number | null; readonly sha256: string | null; readonly uploaded: boolean }

export interface KeptRelease {
  readonly tag: string;
  readonly prerelease: boolean;
  readonly publishedAt: string;
  readonly url: string;
  readonly notes: string;
  readonly assets: readonly KeptAsset[];
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Undefined for drafts and for what is no release at all. */
export function keepRelease(value: unknown): KeptRelease | undefined {
  if (!isFields(value) || value['draft'] !== false || typeof value['tag_name'] !== 'string' || !Array.isArray(value['assets'])) return undefined;
  const published = text(value['published_at']) || text(value['created_at']);
  return {
    tag: value['tag_name'],
    prerelease: value['prerelease'] === true,
    publishedAt: Number.isNaN(Date.parse(published)) ? new Date(0).toISOString() : new Date(published).toISOString(),
    url: text(value['html_url']),
    notes: text(value['body']).slice(0, MAX_NOTES_LENGTH),
    assets: value['assets'].flatMap((asset: unknown) => keepAsset(asset) ?? []),
  };
}

function keepAsset(value: unknown): KeptAsset | undefined {
  if (!isFields(value) || typeof value['name'] !== 'string' || !Number.isSafeInteger(value['id'])) return undefined;
  const size = value['size'];
  return {
    id: Number(value['id']),
    name: value['name'],
    size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
    sha256: /^sha256:([0-9a-f]{64})$/i.exec(text(value['digest']))?.[1]?.toLowerCase() ?? null,
    // GitHub's description knows `open`, its servers also say `starter`: only this word means complete.
    uploaded: value['state'] === 'uploaded',
  };
}

/** `repositoryUrl`: `https://api.github.com/repos/owner/name`; `publicUrl`: `https://github.com/owner/name`. Addresses are built, never taken from the answer: it could send our token elsewhere. */
export function toRelease(kept: KeptRelease, component: string | null, repositoryUrl: string, publicUrl: string | null = null): Release | undefined {
  const version = parseTag(kept.tag, component);
  if (version === undefined) return undefined;
  const { tag, prerelease, publishedAt, url, notes } = kept;
  return {
    tag, version, prerelease, publishedAt, url, notes,
    assets: kept.assets.map((asset): Asset => ({
      name: asset.name, size: asset.size ?? undefined, sha256: asset.sha256, uploaded: asset.uploaded, url: `${repositoryUrl}/releases/assets/${asset.id}`,
      ...(publicUrl === null ? {} : { publicUrl: `${publicUrl}/releases/download/${tag.split('/').map(encodeURIComponent).join('/')}/${encodeURIComponent(asset.name)}` }),
    })),
    sourceTarball: {
      name: `${tag.replaceAll('/', '-')}.tar.gz`, size: undefined, sha256: null, uploaded: true, url: `${repositoryUrl}/tarball/refs/tags/${encodeURIComponent(tag)}`,
    },
  };
}
