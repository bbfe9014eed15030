// What a durable write or link of a path left when it was killed before its rename.
import { basename, dirname, join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';
import { isTemporaryOf } from '../domain/temporary-names.js';

export function removeTemporaries(fs: Filesystem, path: string): void {
  const folder = dirname(path);
  if (fs.stat(folder)?.kind !== 'directory') return;
  for (const name of fs.list(folder)) if (isTemporaryOf(basename(path), name)) fs.remove(join(folder, name));
}
