// Is there room for the rest of a download and a reserve? Asked before the first byte and every few MiB.
import { errnoOf, HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Filesystem } from '../domain/ports.js';

export const CHECK_EVERY_BYTES = 4 * 1024 * 1024;

export interface FreeSpace {
  /** Throws `disk-full` unless `remaining` bytes (undefined: nobody knows) and the reserve are free. */
  check(remaining: number | undefined): void;
  /** A failed write, explained; a full disk with how much is missing. */
  explain(thrown: unknown, remaining: number | undefined): HoldlineError;
}

export function createFreeSpace(fs: Filesystem, name: string, directory: string, minFreeBytes: number): FreeSpace {
  const needed = (remaining: number | undefined): number => (remaining ?? 0) + minFreeBytes;
  return {
    check: (remaining) => {
      const free = fs.free(directory).bytes;
      if (free < needed(remaining)) throw diskFull(name, directory, needed(remaining), free);
    },
    explain: (thrown, remaining) => {
      if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(thrown) ?? '')) return explainFsError(thrown, `write the download of ${name}`);
      return diskFull(name, directory, needed(remaining), fs.free(directory).bytes, thrown);
    },
  };
}

function diskFull(name: string, directory: string, needed: number, free: number, cause?: unknown): HoldlineError {
  return new HoldlineError('disk-full', `cannot download ${name}: ${needed} bytes must be free in ${directory}, there are ${free}`, {
    hint: 'Free some space there (or raise the quota). What has arrived is kept; the next run goes on from there.', cause, context: { needed, free, directory },
  });
}
