// No two components may write the same files: what one switches, the other must never touch. By text, because links may not be followed here.
import { join, relative, sep } from 'node:path';
import { HOUSE } from '../domain/layout.js';
import type { ComponentSettings } from '../domain/settings.js';
import type { Finding } from './parse-settings-yaml.js';

export function checkComponentPaths(components: readonly ComponentSettings[]): readonly Finding[] {
  return components.flatMap((settings, index) => components.slice(0, index).flatMap((other) => {
    const overlap = findOverlap(other, settings);
    if (overlap === undefined) return [];
    const [theirs, ours] = overlap;
    const same = theirs === ours ? `both ${ours}` : `${theirs} and ${ours}`;
    return [{
      path: ['components', settings.component.name, 'install_dir'], at: 'value',
      message: `the paths of ${other.component.name} and ${settings.component.name} overlap: ${same}`,
      hint: settings.installDir === other.installDir ? 'Give each component a folder of its own.' : 'Move one install_dir out of what the other replaces, or take the path out of managed_paths.',
    } satisfies Finding];
  }));
}

function findOverlap(a: ComponentSettings, b: ComponentSettings): readonly [string, string] | undefined {
  if (a.installDir === b.installDir) return [a.installDir, b.installDir];
  for (const theirs of pathsOf(a)) for (const ours of pathsOf(b)) if (isInside(theirs, ours) || isInside(ours, theirs)) return [theirs, ours];
  return undefined;
}

const pathsOf = ({ installDir, managedPaths }: ComponentSettings): readonly string[] => [HOUSE, ...managedPaths].map((path) => join(installDir, path));

function isInside(path: string, folder: string): boolean {
  const steps = relative(folder, path);
  return steps === '' || (steps !== '..' && !steps.startsWith(`..${sep}`));
}
