// Which blocks of components that move together have done their duty: what only went back with another one's withdrawn version comes again
// with a newer one of that. Pure.
import semver from 'semver';
import type { Blocked } from '../domain/state.js';

/** @param coming component to the version that it would have now. @returns versions that are no longer kept away */
export function liftBlocks(blocked: readonly Blocked[], coming: ReadonlyMap<string, string>): readonly string[] {
  return blocked.flatMap(({ version, went_with: cause }) => {
    const next = cause === undefined ? undefined : coming.get(cause.component);
    return cause === undefined || next === undefined || semver.lt(next, cause.version) ? [] : [version];
  });
}
