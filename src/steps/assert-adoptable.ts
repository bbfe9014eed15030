// Refuses a folder that would not be the same after adoption, before anything is written: links that would lead elsewhere, mount points inside.
import { dirname, join, relative } from 'node:path/posix';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import { isBelow } from '../decide/writable-paths.js';
import { walkPath } from './walk-tree.js';

/** @throws install-invalid */
export function assertAdoptable(fs: Filesystem, installDir: string, managedPaths: readonly string[]): void {
  const device = fs.stat(fs.realPath(installDir))?.device;
  for (const managed of managedPaths) {
    for (const { path, full, stat } of walkPath(fs, installDir, managed)) {
      if (stat.device !== device) throw refuse(`${path} lies on another filesystem`, 'Unmount it, or take it out of managed_paths.', path);
      if (stat.kind !== 'link') continue;
      const target = fs.readLink(full);
      if (target.startsWith('/')) continue;
      const leadsTo = relative('/', join('/', dirname(path), target));
      const climbs = join(dirname(path), target).startsWith('..');
      // From its new place deeper in .holdline a relative link finds only what moves along with it.
      if (climbs || !managedPaths.some((other) => isBelow(leadsTo, other))) throw refuse(`${path} is a link to ${target}, which does not move along`, `Make it absolute (ln -sfn ${join(installDir, leadsTo)} ${full}), or add its target to managed_paths.`, path);
    }
  }
}

function refuse(why: string, hint: string, path: string): HoldlineError {
  return new HoldlineError('install-invalid', `cannot adopt the folder: ${why}. Nothing was changed`, { hint, context: { path } });
}
