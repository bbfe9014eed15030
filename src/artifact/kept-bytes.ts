// Under which name a payload is kept while it is downloaded, and how much of it is there. Apart from the download itself, which who asks this need not load.
import { join } from 'node:path';
import { downloadsDir, type Layout } from '../domain/layout.js';
import type { Manifest } from '../domain/manifest.js';
import type { Filesystem } from '../domain/ports.js';
import type { Release } from '../domain/release.js';

/** The same content always gets the same name. */
export const payloadKey = (release: Release, digest: string | null): string => `payload-${release.version.slice(0, 100)}-${digest?.slice(0, 16) ?? 'unpinned'}.tar.gz`;

export const partPath = (directory: string, key: string): string => join(directory, `${key}.part`);

/** Bytes of its payload that are here already, whole or in part; 0 where no manifest says which they are. */
export function keptBytes(fs: Filesystem, layout: Pick<Layout, 'stateDir'>, release: Release, manifest: Manifest | null): number {
  if (manifest === null) return 0;
  const directory = downloadsDir(layout);
  const key = payloadKey(release, manifest.payload.sha256);
  const kept = fs.stat(join(directory, key)) ?? fs.stat(partPath(directory, key));
  return Math.min(kept?.size ?? 0, manifest.payload.size);
}
