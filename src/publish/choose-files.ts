// What of a folder goes into a release: sorted by bytes, links as links. Reads names and kinds only.
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { HOUSE } from '../domain/layout.js';
import { createPathMatcher } from '../domain/match-glob.js';
import type { FileStat, Filesystem } from '../domain/ports.js';
import { comparePaths } from '../domain/tree.js';
import { isMinisignSecret } from './secret-text.js';
import type { TarItem } from './tar-blocks.js';

export interface FileChoice {
  /** Only these paths or folders (a `files` list); undefined for all. */
  readonly files?: readonly string[] | undefined;
  /** Only what one of these globs covers; undefined for all. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/** Never content of a release: another tool's and our own records. */
const NEVER = ['.git', HOUSE];

/** @param never further paths to leave out, such as the folder the assets go to */
export function chooseFiles(fs: Filesystem, directory: string, choice: FileChoice, never: readonly string[]): readonly TarItem[] {
  const matcher = (patterns: readonly string[] | undefined, absent: boolean): ((path: string) => boolean) => {
    if (patterns === undefined) return () => absent;
    const made = createPathMatcher(patterns);
    return (path) => made.matches(path);
  };
  const listed = matcher(choice.files, true);
  const included = matcher(choice.include, true);
  const excluded = matcher(choice.exclude ?? [], false);
  const items: TarItem[] = [];
  const walk = (below: string): boolean => {
    let kept = false;
    for (const name of fs.list(join(directory, below))) {
      const path = below === '' ? name : `${below}/${name}`;
      if (NEVER.includes(path) || never.includes(path) || excluded(path)) continue;
      const stat = fs.stat(join(directory, path));
      if (stat === undefined) throw changed(path);
      const wanted = listed(path) && included(path);
      if (stat.kind === 'directory') {
        const filled = walk(path);
        if (!filled && wanted) items.push(item(path, 'directory', stat));
        kept ||= filled || wanted;
      } else if (wanted) {
        items.push(chooseItem(fs, directory, path, stat));
        kept = true;
      }
    }
    return kept;
  };
  walk('');
  assertFound(fs, directory, choice.files);
  return items.sort((a, b) => comparePaths(a.path, b.path));
}

function chooseItem(fs: Filesystem, directory: string, path: string, stat: FileStat): TarItem {
  if (stat.kind === 'link') return { ...item(path, 'link', stat), size: 0, target: fs.readLink(join(directory, path)) };
  if (stat.kind !== 'file') {
    throw new HoldlineError('archive-forbidden', `cannot publish: ${JSON.stringify(path)} is neither file, folder nor link`, { hint: 'Leave it out with --exclude.' });
  }
  if (isMinisignSecret(fs, join(directory, path), stat.size)) {
    throw new HoldlineError('archive-forbidden', `cannot publish: ${JSON.stringify(path)} is a secret signing key`, { hint: 'Move it out of the folder. If it was ever published, make a new key.' });
  }
  return item(path, 'file', stat);
}

function item(path: string, type: TarItem['type'], stat: FileStat): TarItem {
  return { path, type, executable: type === 'file' && (stat.mode & 0o100) !== 0, size: type === 'file' ? stat.size : 0, target: '' };
}

/** A name in a `files` list that is not there is a mistake; a glob may match nothing. */
function assertFound(fs: Filesystem, directory: string, files: readonly string[] | undefined): void {
  const missing = files?.find((path) => !/[*?[{]/.test(path) && fs.stat(join(directory, path)) === undefined);
  if (missing !== undefined) throw new HoldlineError('usage', `cannot publish: ${JSON.stringify(missing)} is in the files list but not in ${directory}`, { hint: 'Build first, or correct the list.' });
}

function changed(path: string): HoldlineError {
  return new HoldlineError('step-failed', `cannot publish: ${JSON.stringify(path)} disappeared while the folder was read`, { hint: 'Publish when nothing else works in the folder.' });
}
