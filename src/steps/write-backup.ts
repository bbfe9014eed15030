// Writes a backup of a version directory: under a partial name, checked, on the disk, then renamed. The version directory is only read.
// Read-only code is linked on the same filesystem; on another one, unchanged files are linked to the backup before. What the app may write to is copied.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { BackupEntry, BackupManifest } from '../domain/device.js';
import type { Clock, Filesystem, Logger } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import type { TreeEntry, TreeMode } from '../domain/tree.js';
import { backupEntriesFile, BACKUP_RECORD, backupManifestFile, filesFile } from '../decide/transaction-paths.js';
import { readBackupEntries } from './backup-manifest.js';
import { linkOrCopy, WRITE_BITS } from './copy-entry.js';
import { copyContent, copyFolder, copyLink } from './copy-content.js';
import { readFiles, readRecord } from './records.js';
import { walkTree, type Walked } from './walk-tree.js';

export interface BackupRequest {
  /** The version directory and its record. */
  readonly source: string;
  readonly record: string;
  readonly directory: string;
  readonly installDir: string;
  readonly version: string;
  /** Where it is written, and its name in the end; both in one folder. */
  readonly partial: string;
  readonly final: string;
  /** An older backup to share unchanged files with; null: none. */
  readonly older: string | null;
}

export interface BackupDeps { readonly fs: Filesystem; readonly clock: Clock; readonly report: Report; readonly log: Logger }

const COPY_TRIES = 3;

interface Writing extends BackupDeps {
  readonly request: BackupRequest;
  /** Hashes as shipped, by path: a sealed file is not read again to be linked. */
  readonly known: ReadonlyMap<string, TreeEntry>;
  readonly older: ReadonlyMap<string, BackupEntry>;
}

/** Returns the bytes written. */
export function writeBackup(deps: BackupDeps, request: BackupRequest): number {
  const { fs, report } = deps;
  const record = readRecord(fs, request.record);
  if (record === undefined) throw new HoldlineError('step-failed', `cannot back up ${request.version}: its record ${request.record} is missing or damaged`, { hint: 'Run `holdline verify`.' });
  const writing: Writing = { ...deps, request, known: byPath(readFiles(fs, filesFile(request.record)) ?? []), older: readOlder(fs, request.older) };
  fs.makeDirectory(dirname(request.final));
  fs.remove(request.partial);
  fs.makeDirectory(join(request.partial, BACKUP_RECORD));
  const entries: BackupEntry[] = [];
  let bytesWritten = 0;
  for (const [from, below] of [[request.source, ''], [request.record, `${BACKUP_RECORD}/`]] as const) {
    for (const found of walkTree(fs, from)) {
      const written = backUpEntry(writing, found, `${below}${found.path}`);
      bytesWritten += written.bytesWritten;
      if (written.entry !== undefined) entries.push(written.entry);
      if (entries.length % 500 === 0) report({ type: 'progress', phase: 'backup', done: entries.length, total: writing.known.size, unit: 'files' });
    }
  }
  const list = `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`;
  fs.writeDurably(backupEntriesFile(request.partial), list);
  const manifest: BackupManifest = {
    format: 1, version: request.version, install_dir: request.installDir, directory: request.directory, created: deps.clock.now().toISOString(), record,
    files: entries.length, entries_sha256: sha256(list), bytes: entries.reduce((sum, { size }) => sum + size, 0),
  };
  fs.writeDurably(backupManifestFile(request.partial), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.syncFilesystem(request.partial);
  fs.rename(request.partial, request.final);
  fs.sync(dirname(request.final));
  return bytesWritten + Buffer.byteLength(list);
}

interface Written { readonly entry: BackupEntry | undefined; readonly bytesWritten: number }

function backUpEntry(writing: Writing, found: Walked, path: string): Written {
  const { fs, request } = writing;
  const to = join(request.partial, path);
  const { kind, size } = found.stat;
  if (kind === 'directory') {
    copyFolder(fs, found, to);
    return { entry: undefined, bytesWritten: 0 };
  }
  if (kind === 'other') return { entry: undefined, bytesWritten: 0 };
  if (kind === 'link') {
    const target = fs.readLink(found.full);
    copyLink(fs, target, to);
    return { entry: { path, mode: 'link', size: Buffer.byteLength(target), sha256: sha256(target), target }, bytesWritten: 0 };
  }
  const mode: TreeMode = (found.stat.mode & 0o100) === 0 ? '0644' : '0755';
  const sealed = (found.stat.mode & WRITE_BITS) === 0;
  const shipped = sealed ? writing.known.get(path) : undefined;
  const expected = shipped?.size === size && shipped.mode === mode ? shipped.sha256 : undefined;
  if (sealed && fs.stat(dirname(to))?.device === found.stat.device) {
    const bytesWritten = linkOrCopy(fs, found, to);
    return { entry: { path, mode, size, sha256: expected ?? fs.hash(to) }, bytesWritten };
  }
  return copyOut(writing, found, to, { path, mode, expected: expected ?? (sealed ? fs.hash(found.full) : undefined) });
}

/** Another filesystem, or a file the app may write to while it is copied. Every byte written is read again. */
function copyOut({ fs, request, older, log }: Writing, found: Walked, to: string, file: { readonly path: string; readonly mode: TreeMode; readonly expected: string | undefined }): Written {
  const { path, mode, expected } = file;
  const before = older.get(path);
  if (expected !== undefined && request.older !== null && before?.sha256 === expected && before.mode === mode) {
    const full = join(request.older, path);
    const stat = fs.stat(full);
    if (stat?.kind === 'file' && stat.size === found.stat.size && (stat.mode & WRITE_BITS) === 0) {
      const bytesWritten = linkOrCopy(fs, { full, stat }, to);
      if (fs.hash(to) === expected) return { entry: { path, mode, size: stat.size, sha256: expected }, bytesWritten };
    }
  }
  for (let tries = 1; ; tries += 1) {
    copyContent(fs, found, to);
    const written = fs.hash(to);
    const wanted = expected ?? fs.hash(found.full);
    const size = fs.stat(to)?.size ?? 0;
    if (written === wanted) return { entry: { path, mode, size, sha256: written }, bytesWritten: size };
    if (tries < COPY_TRIES) continue;
    if (expected !== undefined) throw new HoldlineError('step-failed', `cannot back up ${path}: the copy differs from the original. Nothing has changed on the device`, { hint: 'Check the disk that holds backup_path, and run `holdline verify`.' });
    log.warn(`${path} is written to all the time: its backup may hold a moment in between`, { path });
    return { entry: { path, mode, size, sha256: written }, bytesWritten: size };
  }
}

function readOlder(fs: Filesystem, older: string | null): ReadonlyMap<string, BackupEntry> {
  return older === null ? new Map() : byPath(readBackupEntries(fs, older) ?? []);
}

const byPath = <Entry extends TreeEntry>(entries: readonly Entry[]): ReadonlyMap<string, Entry> => new Map(entries.map((entry) => [entry.path, entry]));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
