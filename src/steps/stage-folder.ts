// Stages the user's own folder for adoption: every file is a hard link to the original, so that a program that has it open loses nothing.
import { join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';
import { assertAdoptable } from './assert-adoptable.js';
import type { StagedTree } from './context.js';
import { copyEntry, linkOrCopy, makeDirectoryLike } from './copy-entry.js';
import { walkPath } from './walk-tree.js';

export function stageFolder(fs: Filesystem, installDir: string, managedPaths: readonly string[]): (into: string) => Promise<StagedTree> {
  return async (into) => {
    assertAdoptable(fs, installDir, managedPaths);
    fs.makeDirectory(into);
    let bytesWritten = 0;
    for (const managed of managedPaths) {
      for (const entry of walkPath(fs, installDir, managed)) {
        const to = join(into, entry.path);
        if (entry.stat.kind === 'directory') makeDirectoryLike(fs, entry, to);
        else if (entry.stat.kind === 'link') copyEntry(fs, entry, to);
        else bytesWritten += linkOrCopy(fs, entry, to);
      }
    }
    return { bytesWritten };
  };
}
