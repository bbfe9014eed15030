// What kind of update lies between two versions, for the policy. A manifest may say security or hotfix instead.
import semver from 'semver';
import type { UpdateType } from '../domain/release.js';

/** By the first number that differs, in either direction; a change of prerelease or build only is a patch. Unknown from: major. */
export function nextUpdateType(from: string | null, to: string): UpdateType {
  const before = from === null ? null : semver.parse(from);
  const after = semver.parse(to);
  if (before === null || after === null || before.major !== after.major) return 'major';
  return before.minor === after.minor ? 'patch' : 'minor';
}
