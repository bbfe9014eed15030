// Brings back into the old version what was edited in the new one's config while it was on probation. Each file is replaced whole
// and durably; on a conflict the old version's value stays and the edited file is written beside it. Never deletes.
import { dirname, join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';
import { mergeConfig } from '../decide/merge-config.js';
import { createDevicePaths } from '../decide/writable-paths.js';
import { readConfig } from './config-files.js';
import { combineSides, isOldNew, type MergePlaces } from './merge-sides.js';
import { removeTemporaries } from './remove-temporaries.js';

/** @returns the files written, below the old version */
export function keepEdits(fs: Filesystem, places: MergePlaces & { readonly current: string }): readonly string[] {
  const { current, tree } = places;
  const { isPreserved } = createDevicePaths(places.preserve);
  const { ours, merged } = combineSides(fs, places);
  const edited = readConfig(fs, tree, (path) => isPreserved(path) || isOldNew(fs, tree, path));
  const { files, newFiles } = mergeConfig({ base: merged.files, ours: ours.files, theirs: edited.files });
  const written: string[] = [];
  for (const [path, { content, mode }] of [...files, ...newFiles]) {
    if (ours.files.get(path)?.content.equals(content) === true || ours.opaque.has(path) || ours.folders.has(path)) continue;
    const to = join(current, path);
    fs.makeDirectory(dirname(to));
    // The one before may have been killed while it wrote here.
    removeTemporaries(fs, to);
    fs.writeDurably(to, content, mode);
    if (edited.files.has(path)) fs.copyOwner(join(tree, path), to);
    written.push(path);
  }
  return written;
}
