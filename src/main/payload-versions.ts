// A lone tarball on a stick: its version is what its VERSION says, else what its name says (DESIGN 18).
import semver from 'semver';
import type { ReleaseSource } from '../domain/ports.js';
import { choosePayload } from '../domain/choose-payload.js';
import type { Release } from '../domain/release.js';

type ReadVersion = (payload: string, signal: AbortSignal) => Promise<{ readonly versionText: string | null }>;

export function withPayloadVersions(source: ReleaseSource, read: ReadVersion): ReleaseSource {
  const named = async (release: Release, signal: AbortSignal): Promise<Release> => {
    if (release.guessed !== true) return release;
    const choice = choosePayload(release, null);
    if (choice.kind !== 'asset') return release;
    const { versionText } = await read(choice.asset.url, signal);
    return versionText !== null && semver.valid(versionText) === versionText ? { ...release, version: versionText, guessed: false } : release;
  };
  return {
    description: source.description,
    async list(signal) {
      const { releases, rateLimit } = await source.list(signal);
      const all: Release[] = [];
      for (const release of releases) all.push(await named(release, signal));
      return { releases: all, rateLimit };
    },
    ...(source.attestations === undefined ? {} : { attestations: source.attestations }),
    open: (asset, range, signal) => source.open(asset, range, signal), requestsToday: () => source.requestsToday(), rateLimit: () => source.rateLimit(),
  };
}
