// Releases for a device world: a source that shows them and a verifier that believes them, so that only what is decided matters.
import type { Manifest } from '../../src/domain/manifest.js';
import type { UpdateType } from '../../src/domain/release.js';
import type { EngineParts } from '../../src/engine/parts.js';
import { assetOf, releaseOf } from './fake-source.js';
import { partsOf, type DeviceWorld } from './device-world.js';

export interface Shown { readonly tag: string; readonly type?: UpdateType; readonly publishedAt?: string; readonly minVersion?: string }

/** Manifests that were asked for, by tag. */
export interface ReleaseParts { readonly parts: EngineParts; readonly asked: string[] }

export function partsWithReleases(world: DeviceWorld, shown: readonly Shown[], now: Date): ReleaseParts {
  const base = partsOf(world);
  const asked: string[] = [];
  const releases = shown.map(({ tag, publishedAt = '2026-11-01T00:00:00Z' }) =>
    releaseOf(tag, ['holdline.json', 'holdline.json.minisig', 'holdline.files.json.gz', `app-${tag.slice(1)}.tar.gz`].map((name) => assetOf(name, Buffer.alloc(1))), { publishedAt }));
  const settings = { ...world.settings, channel: 'stable', asset: null, incompleteReleaseWait: 0, trust: { require: 'signature', keys: [], maxMajorJump: 10 }, freshness: { alarmAfter: 0 }, githubRepo: 'acme/app', githubToken: null, component: null };
  const manifestOf = (tag: string, version: string): Manifest => {
    const one = shown.find((release) => release.tag === tag);
    return { version, expires: null, requires: one?.minVersion === undefined ? {} : { min_version: one.minVersion }, type: one?.type ?? typeOf(version), payload: { size: 1 }, processes: [], hooks: {} } as unknown as Manifest;
  };
  const parts = {
    ...base, settings, clock: { ...base.clock, now: () => now },
    source: { description: 'the fake source', requestsToday: () => 0, rateLimit: () => null, list: () => Promise.resolve({ releases, rateLimit: null }), open: () => Promise.reject(new Error('not asked')) },
    artifact: () => ({
      rememberStatement: () => undefined,
      keptBytes: () => 0,
      obtainManifest: ({ tag, version }: { tag: string; version: string }) => {
        asked.push(tag);
        return Promise.resolve({ manifest: manifestOf(tag, version), clockIsBehind: false, sha256: null, signedBy: 'main', statement: null });
      },
    }),
  } as unknown as EngineParts;
  return { parts, asked };
}

/** From 1.0.0. */
function typeOf(version: string): UpdateType {
  if (!version.startsWith('1.')) return 'major';
  return version.startsWith('1.0.') ? 'patch' : 'minor';
}
