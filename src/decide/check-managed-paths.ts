// Whether the managed paths of the settings can be managed at all: before anything is read or written. Pure.
import { posix } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { HOUSE } from '../domain/layout.js';
import { isBelow } from './writable-paths.js';

/** Throws `settings-invalid` naming the path and the reason. */
export function checkManagedPaths(paths: readonly string[]): void {
  if (paths.length === 0) throw refuse('no path is given', 'Name at least one, for example src.');
  for (const path of paths) {
    const reason = problemOf(path);
    if (reason !== undefined) throw refuse(`${JSON.stringify(path)} ${reason}`, 'Give paths inside install_dir, such as src or app/config.');
  }
  for (const [index, path] of paths.entries()) {
    const other = paths.find((candidate, at) => at !== index && isBelow(candidate, path));
    if (other !== undefined) {
      const how = other === path ? 'is named twice' : `holds ${JSON.stringify(other)}, which is managed too`;
      throw refuse(`${JSON.stringify(path)} ${how}`, 'Keep only one of the two.');
    }
  }
}

function problemOf(path: string): string | undefined {
  if (path === '' || path === '.') return 'is the install directory itself';
  if (path.includes('\0')) return 'holds a NUL character';
  if (posix.isAbsolute(path)) return 'is absolute';
  if (path.split('/').includes('..')) return 'leaves the install directory';
  if (posix.normalize(path) !== path || path.endsWith('/')) return `is not in its plain form (${JSON.stringify(posix.normalize(path).replace(/\/$/, ''))})`;
  if (isBelow(path, HOUSE)) return 'belongs to holdline itself';
  return undefined;
}

function refuse(reason: string, hint: string): HoldlineError {
  return new HoldlineError('settings-invalid', `cannot use managed_paths: ${reason}`, { hint });
}
