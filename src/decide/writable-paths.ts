// Which paths of a tree belong to the device and are copied and writable; all others are code: linked and read-only. Pure.
import { createPathMatcher } from '../domain/match-glob.js';

/** The managed path that is merged three ways. */
export const CONFIG = 'config';
export const VERSION_FILE = 'VERSION';

export const isConfig = (path: string): boolean => path === CONFIG || path.startsWith(`${CONFIG}/`);

export interface DevicePaths {
  isPreserved(path: string): boolean;
  /** Config or preserved. */
  isWritable(path: string): boolean;
}

export function createDevicePaths(preserve: readonly string[]): DevicePaths {
  const matcher = createPathMatcher(preserve);
  return { isPreserved: (path) => matcher.matches(path), isWritable: (path) => isConfig(path) || matcher.matches(path) };
}

/** True when `path` is `parent` or below it. */
export const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`);
