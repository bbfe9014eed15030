// A disk of a few hundred kilobytes that really runs full, where this machine lets us mount one; and a user who may write nothing.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { CLI } from './run-command.js';

export const isRoot = process.getuid?.() === 0;
const works = (command: string, args: readonly string[]): boolean => {
  try { execFileSync(command, args, { stdio: 'ignore' }); return true; } catch { return false; }
};

/** Mounts a tmpfs of this size there; undefined where that is not allowed. Unmount it before the folder is removed. */
export function mountSmallDisk(path: string, kilobytes: number): { unmount(): void } | undefined {
  mkdirSync(path, { recursive: true });
  if (!isRoot || !works('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,nr_inodes=20000`, 'holdline-e2e', path])) return undefined;
  return { unmount: () => { execFileSync('umount', ['-l', path]); } };
}

const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];

/** How to run a command as somebody without rights: through setpriv when we are root, as we are when we are not; undefined where that does not work. */
export function asNobody(root: string): readonly string[] | undefined {
  if (!isRoot) return [];
  // Temp folders are private to their maker.
  chmodSync(root, 0o755);
  return works(NOBODY[0] ?? '', [...NOBODY.slice(1), process.execPath, CLI, '--version']) && works(NOBODY[0] ?? '', [...NOBODY.slice(1), 'test', '-x', root]) ? NOBODY : undefined;
}

