// What the processes run from, for comparing it with what comes: lists of shipped files, and what the device added to them.
// Changes nothing, and hashes no more than config and an adopted folder.
import { createHash } from 'node:crypto';
import type { Device, KeptVersion } from '../domain/device.js';
import { versionDir } from '../domain/layout.js';
import { createPathMatcher, globRoot } from '../domain/match-glob.js';
import type { Filesystem } from '../domain/ports.js';
import type { Tree } from '../domain/tree.js';
import type { DeviceFiles } from '../decide/list-changes.js';
import type { RunningFiles } from '../decide/make-plan.js';
import { CONFIG, isBelow } from '../decide/writable-paths.js';
import { walkPath, type Walked } from '../steps/walk-tree.js';
import type { EngineParts } from './parts.js';
import { readCurrentFiles } from './read-device.js';

type Parts = Pick<EngineParts, 'fs' | 'layout' | 'settings' | 'trees'>;

export function readRunning(parts: Parts, { current }: Device): Pick<RunningFiles, 'files' | 'device'> {
  if (current === null) return { files: null, device: { config: new Map(), configBase: false, preserved: new Set() } };
  const root = rootOf(parts, current);
  return { files: filesOf(parts, current, root), device: readDeviceFiles(parts, current, root) };
}

/** In a dry run the folder is not taken over yet. */
function rootOf({ fs, layout }: Parts, { directory }: KeptVersion): string {
  const root = versionDir(layout, directory);
  return fs.stat(root)?.kind === 'directory' ? root : layout.installDir;
}

/** An adopted folder is the user's own, who may have edited its code since: what stands there is what runs. */
function filesOf(parts: Parts, current: KeptVersion, root: string): Tree | null {
  if (current.record.origin !== 'adopted') return readCurrentFiles(parts, current);
  const { managedPaths, preserve } = parts.settings;
  const preserved = createPathMatcher(preserve);
  const isOutside = (path: string): boolean => preserved.matches(path) || !managedPaths.some((managed) => isBelow(path, managed) || isBelow(managed, path));
  return parts.trees.read(root, isOutside);
}

function readDeviceFiles({ fs, settings: { managedPaths, preserve } }: Parts, { record }: KeptVersion, root: string): DeviceFiles {
  const isManaged = ({ path }: Walked): boolean => managedPaths.some((managed) => isBelow(path, managed));
  const matcher = createPathMatcher(preserve);
  const preserved = new Set<string>();
  for (const top of new Set(preserve.map(globRoot))) {
    for (const entry of managedPaths.filter((managed) => isBelow(top, managed) || isBelow(managed, top)).flatMap((managed) => [...walkPath(fs, root, isBelow(top, managed) ? top : managed)])) {
      if (entry.stat.kind !== 'directory' && matcher.matches(entry.path)) preserved.add(entry.path);
    }
  }
  const config = new Map<string, string>();
  for (const entry of walkPath(fs, root, CONFIG)) {
    if (isManaged(entry) && !matcher.matches(entry.path) && !entry.path.endsWith('.new')) addHash(fs, config, entry);
  }
  return { config, configBase: record.has_shipped_config, preserved };
}

function addHash(fs: Filesystem, config: Map<string, string>, { path, full, stat }: Walked): void {
  if (stat.kind === 'file') config.set(path, fs.hash(full));
  if (stat.kind === 'link') config.set(path, createHash('sha256').update(fs.readLink(full)).digest('hex'));
}
