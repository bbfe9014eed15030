// Reads and writes what is known of a version directory: `record.json` and `files.json`. A damaged one reads as absent.
import { join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';
import type { VersionRecord } from '../domain/state.js';
import { sortTree, type Tree, type TreeEntry } from '../domain/tree.js';
import { filesFile, recordFile, shippedDir } from '../decide/transaction-paths.js';
import { CONFIG } from '../decide/writable-paths.js';
import { copyEntry } from './copy-entry.js';
import { walkPath, walkTree } from './walk-tree.js';

const MAX_RECORD_BYTES = 64 * 1024;
/** 500,000 entries with long names. */
const MAX_FILES_BYTES = 384 * 1024 * 1024;
const ORIGINS: readonly unknown[] = ['adopted', 'release', 'backup'] satisfies VersionRecord['origin'][];
const MODES: readonly unknown[] = ['0644', '0755', 'link'] satisfies TreeEntry['mode'][];

export function readRecord(fs: Filesystem, record: string): VersionRecord | undefined {
  return parseRecord(readJson(fs, recordFile(record), MAX_RECORD_BYTES));
}

/** The tree as it was shipped, sorted; undefined when nobody knows. */
export function readFiles(fs: Filesystem, file: string): Tree | undefined {
  const value = readJson(fs, file, MAX_FILES_BYTES);
  if (!isObject(value) || !Array.isArray(value['entries'])) return undefined;
  const entries = value['entries'].map(parseEntry);
  return entries.includes(undefined) ? undefined : sortTree(entries.filter((entry) => entry !== undefined));
}

/** Read-only, so that a backup can link it. Returns the bytes written. */
export function writeFiles(fs: Filesystem, record: string, tree: Tree): number {
  const lines = tree.map((entry) => JSON.stringify(entry)).join(',\n');
  const text = `{"format":1,"entries":[\n${lines}\n]}\n`;
  fs.writeDurably(filesFile(record), text, 0o444);
  return Buffer.byteLength(text);
}

/** Copies a record's `shipped` folder into another record, replacing what is there. */
export function copyShippedConfig(fs: Filesystem, shipped: string, record: string): void {
  fs.remove(shippedDir(record));
  fs.makeDirectory(shippedDir(record));
  for (const entry of walkTree(fs, shipped)) copyEntry(fs, entry, join(shippedDir(record), entry.path));
}

/** Copies `<tree>/config` to `<record>/shipped/config`, replacing what is there. True when there is a config. */
export function keepShippedConfig(fs: Filesystem, tree: string, record: string): boolean {
  const shipped = shippedDir(record);
  fs.remove(shipped);
  if (fs.stat(join(tree, CONFIG)) === undefined) return false;
  fs.makeDirectory(shipped);
  for (const entry of walkPath(fs, tree, CONFIG)) copyEntry(fs, entry, join(shipped, entry.path));
  return true;
}

export function parseRecord(value: unknown): VersionRecord | undefined {
  if (!isObject(value)) return undefined;
  const { format, version, tag, tree_digest: digest, created, origin, has_shipped_config: shipped } = value;
  if (format !== 1 || typeof version !== 'string' || typeof digest !== 'string' || typeof created !== 'string' || typeof shipped !== 'boolean') return undefined;
  if ((typeof tag !== 'string' && tag !== null) || !isOrigin(origin)) return undefined;
  const { requires } = value;
  return { format: 1, version, tag, tree_digest: digest, created, origin, has_shipped_config: shipped, ...(isRanges(requires) ? { requires } : {}) };
}

export function parseEntry(value: unknown): TreeEntry | undefined {
  if (!isObject(value)) return undefined;
  const { path, mode, size, sha256 } = value;
  if (typeof path !== 'string' || !isMode(mode) || typeof size !== 'number' || typeof sha256 !== 'string') return undefined;
  // A list names files inside its tree and nothing else, whoever wrote it.
  if (path === '' || path.startsWith('/') || path.split('/').some((part) => part === '' || part === '.' || part === '..')) return undefined;
  return { path, mode, size, sha256 };
}

export function readJson(fs: Filesystem, path: string, maxBytes: number): unknown {
  if (fs.stat(path)?.kind !== 'file') return undefined;
  const text = fs.readText(path, maxBytes);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isRanges = (value: unknown): value is Readonly<Record<string, string>> => isObject(value) && Object.values(value).every((range) => typeof range === 'string');
const isOrigin = (value: unknown): value is VersionRecord['origin'] => ORIGINS.includes(value);
const isMode = (value: unknown): value is TreeEntry['mode'] => MODES.includes(value);
