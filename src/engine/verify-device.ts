// Proves what stands on the device: the running tree against the list of what was shipped, its links, and every backup. Changes nothing.
import { join } from 'node:path';
import { versionDir, recordDir } from '../domain/layout.js';
import type { TreeEntry } from '../domain/tree.js';
import { filesFile } from '../decide/transaction-paths.js';
import { createDevicePaths, VERSION_FILE } from '../decide/writable-paths.js';
import type { Settings } from '../domain/settings.js';
import { linkEntryOf } from '../steps/link-entry.js';
import { readFiles } from '../steps/records.js';
import { walkTree } from '../steps/walk-tree.js';
import { listBackups, listUnreadableBackups, verifyBackup } from './backups.js';
import { readDevice, readVersionFile, type DevicePlaces } from './read-device.js';

export interface VerifyReport {
  /** `tree` or the backup's name. */
  readonly subject: string;
  readonly ok: boolean;
  readonly files: number;
  /** One line per damaged or missing file. */
  readonly damage: readonly string[];
  /** Edited config, preserved files, files that were not shipped: not damage. */
  readonly edited: readonly string[];
}

export interface VerifyPlaces extends DevicePlaces { readonly settings: Pick<Settings, 'managedPaths' | 'preserve'> }

export function verifyDevice(places: VerifyPlaces): readonly VerifyReport[] {
  const { fs, layout } = places;
  const backups = listBackups(fs, layout).map((backup) => {
    const damage = verifyBackup(fs, backup);
    return { subject: backup.name, ok: damage.length === 0, files: backup.manifest.files, damage, edited: [] };
  });
  const unreadable = listUnreadableBackups(fs, layout).map((subject) => ({ subject, ok: false, files: 0, damage: ['its description is missing or damaged'], edited: [] }));
  return [verifyTree(places), ...backups, ...unreadable];
}

function verifyTree(places: VerifyPlaces): VerifyReport {
  const { fs, layout, settings } = places;
  const device = readDevice(places);
  const report = (damage: readonly string[], edited: readonly string[] = [], files = 0): VerifyReport => ({ subject: 'tree', ok: damage.length === 0, files, damage, edited });
  if (device.current === null) return report([], [device.kind === 'empty' ? 'nothing is installed yet' : 'the folder is not adopted yet: there is no list to compare it with']);
  const root = versionDir(layout, device.current.directory);
  const shipped = readFiles(fs, filesFile(recordDir(layout, device.current.directory)));
  if (shipped === undefined) return report(['the list of the shipped files is missing or damaged']);
  const { isWritable } = createDevicePaths(settings.preserve);
  const expected = new Map(shipped.map((entry) => [entry.path, entry]));
  const damage = device.managed.filter(({ status }) => status !== 'linked').flatMap(({ path, status }) =>
    (status === 'missing' && fs.stat(join(root, path)) === undefined ? [] : [`${path}: in the install directory is ${status === 'missing' ? 'missing' : 'not holdline\'s link'}`]));
  const edited: string[] = [];
  let files = 0;
  for (const found of walkTree(fs, root)) {
    const { path, stat } = found;
    if (stat.kind === 'directory') continue;
    const entry = expected.get(path);
    expected.delete(path);
    files += 1;
    if (path === VERSION_FILE) {
      if (readVersionFile(fs, found.full) !== device.current.version) damage.push(`${path}: does not say ${device.current.version}`);
    } else if (entry === undefined) {
      edited.push(`${path}: was not shipped`);
    } else {
      const change = changeOf(places, found, entry);
      if (change !== undefined) (isWritable(path) ? edited : damage).push(`${path}: ${change}`);
    }
  }
  for (const { path } of expected.values()) (isWritable(path) ? edited : damage).push(`${path}: is missing`);
  return report(damage, edited, files);
}

function changeOf({ fs }: VerifyPlaces, found: { readonly full: string; readonly stat: { readonly kind: string; readonly mode: number; readonly size: number } }, entry: TreeEntry): string | undefined {
  const { kind, mode, size } = found.stat;
  if (entry.mode === 'link') return kind === 'link' && linkEntryOf(entry.path, fs.readLink(found.full)).sha256 === entry.sha256 ? undefined : 'leads elsewhere';
  if (kind !== 'file') return `is a ${kind}`;
  if (size !== entry.size) return `has ${size} bytes instead of ${entry.size}`;
  if (((mode & 0o100) !== 0) !== (entry.mode === '0755')) return `is ${entry.mode === '0755' ? 'no longer' : 'now'} executable`;
  try {
    return fs.hash(found.full) === entry.sha256 ? undefined : 'its content has changed';
  } catch (thrown) {
    return `cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`;
  }
}
