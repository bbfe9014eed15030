// Reads and checks a backup's description and its list of files. Undefined when one is missing or not what this program wrote.
import { createHash } from 'node:crypto';
import type { BackupEntry, BackupManifest } from '../domain/device.js';
import type { Filesystem } from '../domain/ports.js';
import { backupEntriesFile, backupManifestFile } from '../decide/transaction-paths.js';
import { isObject, parseEntry, parseRecord, readJson } from './records.js';

const MAX_MANIFEST_BYTES = 64 * 1024;
const MAX_ENTRIES_BYTES = 384 * 1024 * 1024;

export function readBackupManifest(fs: Filesystem, backup: string): BackupManifest | undefined {
  const value = readJson(fs, backupManifestFile(backup), MAX_MANIFEST_BYTES);
  if (!isObject(value) || value['format'] !== 1) return undefined;
  const { version, directory, created, bytes, files, entries_sha256: digest, install_dir: installDir } = value;
  if (typeof version !== 'string' || typeof directory !== 'string' || typeof created !== 'string' || typeof digest !== 'string' || typeof installDir !== 'string') return undefined;
  const record = parseRecord(value['record']);
  if (typeof bytes !== 'number' || typeof files !== 'number' || record === undefined) return undefined;
  return { format: 1, version, install_dir: installDir, directory, created, bytes, files, record, entries_sha256: digest };
}

/** Undefined also when the list is not the one the description was written for. */
export function readBackupEntries(fs: Filesystem, backup: string): readonly BackupEntry[] | undefined {
  const file = backupEntriesFile(backup);
  const manifest = readBackupManifest(fs, backup);
  if (manifest === undefined || fs.stat(file)?.kind !== 'file') return undefined;
  const bytes = fs.readBytes(file, MAX_ENTRIES_BYTES);
  if (createHash('sha256').update(bytes).digest('hex') !== manifest.entries_sha256) return undefined;
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  if (!Array.isArray(value)) return undefined;
  const entries = value.map(parseBackupEntry);
  return entries.includes(undefined) ? undefined : entries.filter((entry) => entry !== undefined);
}

function parseBackupEntry(value: unknown): BackupEntry | undefined {
  const entry = parseEntry(value);
  if (entry === undefined || !isObject(value)) return undefined;
  const target = value['target'];
  if (entry.mode !== 'link') return entry;
  return typeof target === 'string' ? { ...entry, target } : undefined;
}
