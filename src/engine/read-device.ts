// Reads a device as it stands: what runs, what is kept, what the managed paths are. Changes nothing; call it under the lock before a plan is made.
import { dirname, join } from 'node:path';
import parse from 'semver/functions/parse.js';
import type { Device, KeptVersion, ManagedPath } from '../domain/device.js';
import { HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import { currentLink, currentLinkTarget, managedLinkTarget, previousLink, recordDir, versionDir, versionsDir, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import type { Settings } from '../domain/settings.js';
import type { VersionRecord } from '../domain/state.js';
import { comparePaths, type Tree } from '../domain/tree.js';
import { filesFile } from '../decide/transaction-paths.js';
import { VERSION_FILE } from '../decide/writable-paths.js';
import { readFiles, readRecord } from '../steps/records.js';

export interface DevicePlaces {
  readonly fs: Filesystem;
  readonly layout: Layout;
  readonly settings: Pick<Settings, 'managedPaths'>;
}

const MAX_VERSION_BYTES = 4096;

/** @throws install-missing, install-invalid, version-invalid (a plain folder without a usable VERSION), broken */
export function readDevice(places: DevicePlaces): Device {
  const { fs, layout, settings } = places;
  try {
    assertInstallDir(fs, layout);
    const managed = settings.managedPaths.map((path) => readManagedPath(fs, layout, path));
    const current = readCurrent(fs, layout);
    if (current !== null) {
      const versions = readVersions(fs, layout, current);
      const previous = readPrevious(fs, layout, versions);
      return { kind: 'adopted', version: current.version, current, previous, versions, managed };
    }
    const orphan = managed.find(({ status }) => status === 'linked');
    if (orphan !== undefined) {
      throw new HoldlineError('broken', `cannot tell what runs: ${orphan.path} leads into .holdline, but no version is selected there`, {
        hint: `Select one by hand: ln -s versions/NAME ${currentLink(layout)}; the names are in ${versionsDir(layout)}.`,
      });
    }
    const kind = managed.every(({ status }) => status === 'missing') ? 'empty' : 'plain';
    return { kind, version: kind === 'empty' ? null : readPlainVersion(fs, layout), current: null, previous: null, versions: [], managed };
  } catch (thrown) {
    throw explainFsError(thrown, `read ${layout.installDir}`, layout.installDir);
  }
}

/** What runs, for those who only look; null when nothing does or nobody can tell. */
export function peekVersion(places: DevicePlaces): string | null {
  try {
    return readDevice(places).version;
  } catch {
    return null;
  }
}

/** The record of what runs, for those who only look; a plain folder has none, only a version. */
export function peekRunning(places: DevicePlaces): (Pick<VersionRecord, 'version' | 'requires'> & { readonly tree_digest: string | null }) | null {
  try {
    const { current, version } = readDevice(places);
    return current?.record ?? (version === null ? null : { version, tree_digest: null });
  } catch {
    return null;
  }
}

/** The tree of a kept version as it was shipped; null when its list is gone. */
export function readCurrentFiles({ fs, layout }: Pick<DevicePlaces, 'fs' | 'layout'>, { directory }: KeptVersion): Tree | null {
  return readFiles(fs, filesFile(recordDir(layout, directory))) ?? null;
}

/** Plain semver, without `v`; undefined for anything else. */
export function readVersionFile(fs: Filesystem, file: string): string | undefined {
  if (fs.stat(file)?.kind !== 'file') return undefined;
  const text = fs.readText(file, MAX_VERSION_BYTES).trim();
  return parse(text)?.raw === text && !text.startsWith('v') ? text : undefined;
}

function assertInstallDir(fs: Filesystem, { installDir }: Layout): void {
  let kind = fs.stat(installDir)?.kind;
  if (kind === 'link') kind = fs.stat(fs.realPath(installDir))?.kind;
  if (kind === 'directory') return;
  throw new HoldlineError(kind === undefined ? 'install-missing' : 'install-invalid', `cannot use install_dir: ${installDir} ${kind === undefined ? 'does not exist' : 'is not a folder'}`, {
    hint: `Create it (mkdir -p ${installDir}) or correct install_dir in the settings.`,
  });
}

function readManagedPath(fs: Filesystem, layout: Layout, path: string): ManagedPath {
  // A link above a managed path would make our relative link lead somewhere else.
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const kind = fs.stat(join(layout.installDir, parent))?.kind;
    if (kind !== undefined && kind !== 'directory') return { path, status: 'foreign' };
  }
  const at = join(layout.installDir, path);
  const kind = fs.stat(at)?.kind;
  if (kind === undefined) return { path, status: 'missing' };
  if (kind === 'link') return { path, status: fs.readLink(at) === managedLinkTarget(layout, path) ? 'linked' : 'foreign' };
  return { path, status: kind === 'other' ? 'foreign' : 'own' };
}

function readCurrent(fs: Filesystem, layout: Layout): KeptVersion | null {
  const link = currentLink(layout);
  const kind = fs.stat(link)?.kind;
  if (kind === undefined) return null;
  const name = kind === 'link' ? nameIn(fs.readLink(link)) : undefined;
  if (name === undefined || fs.stat(versionDir(layout, name))?.kind !== 'directory') {
    throw new HoldlineError('broken', `cannot tell what runs: ${link} does not lead to a version directory`, {
      hint: `Put it back by hand: ln -sfn versions/NAME ${link}; the names are in ${versionsDir(layout)}.`,
    });
  }
  return readKept(fs, layout, name) ?? readUnrecorded(fs, layout, name);
}

function readPrevious(fs: Filesystem, layout: Layout, versions: readonly KeptVersion[]): KeptVersion | null {
  const link = previousLink(layout);
  const name = fs.stat(link)?.kind === 'link' ? nameIn(fs.readLink(link)) : undefined;
  return versions.find(({ directory }) => directory === name) ?? null;
}

function readVersions(fs: Filesystem, layout: Layout, current: KeptVersion): readonly KeptVersion[] {
  const others = fs.list(versionsDir(layout)).filter((name) => name !== current.directory && fs.stat(versionDir(layout, name))?.kind === 'directory')
    .map((name) => readKept(fs, layout, name)).filter((kept) => kept !== undefined);
  return [current, ...others].sort((a, b) => comparePaths(b.record.created, a.record.created));
}

function readKept(fs: Filesystem, layout: Layout, name: string): KeptVersion | undefined {
  const record = readRecord(fs, recordDir(layout, name));
  return record === undefined ? undefined : { version: record.version, directory: name, record };
}

/** The running tree without its record: it still runs, and an update can still leave it. Its config has no known base. */
function readUnrecorded(fs: Filesystem, layout: Layout, name: string): KeptVersion {
  const version = readVersionFile(fs, join(versionDir(layout, name), VERSION_FILE));
  if (version === undefined) {
    throw new HoldlineError('broken', `cannot tell what runs: ${name} has neither a readable record nor a VERSION`, { hint: `Write its version: echo 1.2.0 > ${join(versionDir(layout, name), VERSION_FILE)}` });
  }
  const record: VersionRecord = { format: 1, version, tag: null, tree_digest: '', created: '1970-01-01T00:00:00.000Z', origin: 'adopted', has_shipped_config: false };
  return { version, directory: name, record };
}

function nameIn(target: string): string | undefined {
  const name = target.slice(target.lastIndexOf('/') + 1);
  return name !== '' && target === currentLinkTarget(name) ? name : undefined;
}

function readPlainVersion(fs: Filesystem, { installDir }: Layout): string {
  const file = join(installDir, VERSION_FILE);
  const version = readVersionFile(fs, file);
  if (version !== undefined) return version;
  const found = fs.stat(file) === undefined ? 'it does not exist' : 'it does not hold a plain version such as 1.2.0';
  throw new HoldlineError('version-invalid', `cannot tell which version is installed: ${file}: ${found}. Nothing was changed`, { hint: `Write it once: echo 1.2.0 > ${file}` });
}
