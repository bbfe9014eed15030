// Where a device goes back to when the publisher has withdrawn what runs. Pure.
import semver from 'semver';

export interface SafeVersionRequest {
  readonly current: string;
  /** The version that ran before; null for none. */
  readonly previous: string | null;
  /** Versions whose trees are kept here. */
  readonly kept: readonly string[];
  /** Versions of the backups, newest first. */
  readonly backups: readonly string[];
  /** Versions that must not run: blocked, or withdrawn too. */
  readonly isBad: (version: string) => boolean;
}

/** What ran before, else the highest kept one, else the newest backup; null where nothing good is here. Nothing above what runs: it has proven nothing. */
export function chooseSafeVersion({ current, previous, kept, backups, isBad }: SafeVersionRequest): string | null {
  const isSafe = (version: string): boolean => semver.lt(version, current) && !isBad(version);
  const trees = [...kept].sort(semver.rcompare);
  return [...(previous === null ? [] : [previous]), ...trees, ...backups].find(isSafe) ?? null;
}
