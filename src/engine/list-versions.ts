// `holdline versions`: what is kept here and what the source shows, newest first. Changes nothing.
import rcompare from 'semver/functions/rcompare.js';
import { toHoldlineError } from '../domain/errors.js';
import type { Release } from '../domain/release.js';
import type { KnownVersion } from '../domain/results.js';
import { listBackups } from './backups.js';
import { readDeviceState } from './device-state.js';
import { createForeignReleases } from './foreign-releases.js';
import type { EngineParts } from './parts.js';
import { readDevice } from './read-device.js';

export async function listVersions(parts: EngineParts, signal: AbortSignal): Promise<readonly KnownVersion[]> {
  const { fs, layout } = parts;
  const device = readDevice(parts);
  const backups = listBackups(fs, layout);
  const { blocked, seen } = readDeviceState(fs, layout);
  const shown = await listReleases(parts, signal);
  const foreign = createForeignReleases(parts.settings.component, seen).of(shown);
  const releases = shown.filter(({ tag }) => !foreign.has(tag));
  const kept = new Set(device.versions.map(({ version }) => version));
  const versions = new Set([...releases.map(({ version }) => version), ...kept, ...backups.map(({ manifest }) => manifest.version), ...(device.version === null ? [] : [device.version])]);
  return [...versions].sort(rcompare).map((version): KnownVersion => {
    const release = releases.find((one) => one.version === version);
    return {
      version, running: version === device.version, kept: kept.has(version), backups: backups.filter(({ manifest }) => manifest.version === version).map(({ name }) => name),
      tag: release?.tag ?? null, published_at: release?.publishedAt ?? null, blocked: blocked.find((entry) => entry.version === version)?.reason ?? null,
    };
  });
}

/** Without the source, what is kept here is still worth knowing. */
async function listReleases({ source, report }: EngineParts, signal: AbortSignal): Promise<readonly Release[]> {
  try {
    return (await source.list(signal)).releases;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    report({ type: 'note', level: 'warn', message: `only what is kept here is shown: ${toHoldlineError(thrown).message}` });
    return [];
  }
}
