// Versions as strict semver, as the library shows them. Nothing is coerced: `1.2`, `v1.2.3.4` and ` 1.2.3` are no versions.
import semver from 'semver';

export interface ParsedVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (string | number)[];
  readonly build: readonly string[];
}

/** Plain semver, without `v`. */
export function isValidVersion(version: unknown): version is string {
  return parseVersion(version) !== null;
}

/** Null for anything but plain semver. */
export function parseVersion(version: unknown): ParsedVersion | null {
  if (typeof version !== 'string' || !/^\d/u.test(version) || version.trim() !== version) return null;
  const parsed = semver.parse(version);
  return parsed === null ? null : { major: parsed.major, minor: parsed.minor, patch: parsed.patch, prerelease: parsed.prerelease, build: parsed.build };
}

/** -1, 0 or 1 by semver precedence (build metadata does not count). Throws RangeError for anything but plain semver. */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  return semver.compare(demand(a), demand(b));
}

/** True when `candidate` has the higher precedence. Throws RangeError as compareVersions does. */
export function isNewer(candidate: string, than: string): boolean {
  return compareVersions(candidate, than) > 0;
}

/** The next release version; a prerelease's own release is its next patch, as npm counts. Throws RangeError. */
export function getNextVersion(version: string, type: 'patch' | 'minor' | 'major'): string {
  const next = semver.inc(demand(version), type);
  if (next === null) throw new RangeError(`cannot count on from ${version}: "${type}" is not patch, minor or major`);
  return next;
}

function demand(version: string): string {
  if (!isValidVersion(version)) throw new RangeError(`cannot use "${String(version)}" as a version: it must be plain semver like 1.2.3`);
  return version;
}
