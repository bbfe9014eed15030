// The journal of one transaction on disk. A record is durable when `append` returns; when it throws, the record is not there.
// Keeps a small reserve file beside the journal, so that a full disk cannot stop a revert from being recorded.
import { basename, dirname, join } from 'node:path';
import { errnoOf, HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { BeginRecord, JournalRecord } from '../domain/journal.js';
import type { Clock, Filesystem, WritableFile } from '../domain/ports.js';
import { isTemporaryName } from '../domain/temporary-names.js';
import { foldJournal, needsSettling, type JournalSummary } from './fold-journal.js';
import { encodeRecord, journalDamage, parseJournal } from './journal-lines.js';
import { assertTransition } from './transitions.js';

export interface Journal {
  readonly path: string;
  readonly begin: BeginRecord;
  summary(): JournalSummary;
  append(record: JournalRecord): void;
  /** Gives the reserved bytes and inode back to the filesystem: before a revert, and at the end. */
  releaseReserve(): void;
  close(): void;
}

const SUFFIX = '.journal';
const RESERVE_SUFFIX = '.reserve';
const RESERVE_BYTES = 64 * 1024;
const MAX_JOURNAL_BYTES = 16 * 1024 * 1024;
/** Closed journals kept for a person to look at. */
const KEPT_JOURNALS = 20;

/** Begins a transaction: its first record is durable when this returns, and nothing else has happened yet. */
export function createJournal(fs: Filesystem, directory: string, begin: BeginRecord): Journal {
  const path = join(directory, begin.transaction + SUFFIX);
  const line = encodeRecord(begin);
  // Read back through the reader's own rules: a plan that recovery would refuse must never be carried out.
  const records = parseJournal(Buffer.from(line), path).records;
  foldJournal(records, path);
  try {
    assertNewest(fs, directory, begin.transaction);
    fs.makeDirectory(directory);
    fs.sync(dirname(directory));
    fs.writeDurably(path, line);
    makeReserve(fs, path);
  } catch (thrown) {
    throw explainFsError(thrown, `begin a transaction in ${directory}`);
  }
  return attach(fs, path, records, Buffer.byteLength(line));
}

/**
 * `20261121T093000Z-1a2b3c`, later than every name there is, also when the clock has jumped back: the order of the names is
 * the order of the transactions, and an open one that is not the newest is known to be damage.
 */
export function newTransactionId(fs: Filesystem, directory: string, clock: Clock, random: string): string {
  const newest = journalPaths(fs, directory).map((path) => timeOf(basename(path))).at(-1) ?? 0;
  const now = Math.floor(clock.now().getTime() / 1000) * 1000;
  const stamp = new Date(Math.max(now, newest + 1000)).toISOString().slice(0, 19).replaceAll(/[-:]/gu, '');
  return `${stamp}Z-${random}`;
}

/** Milliseconds of the name's stamp; 0 for a name that has none. */
function timeOf(name: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(name);
  const time = match === null ? NaN : Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`);
  return Number.isNaN(time) ? 0 : time;
}

function assertNewest(fs: Filesystem, directory: string, transaction: string): void {
  const newest = journalPaths(fs, directory).at(-1);
  if (newest !== undefined && basename(newest) >= transaction + SUFFIX) {
    throw new HoldlineError('internal', `cannot begin transaction ${transaction}: ${basename(newest)} is there already`, { hint: 'Try again in a second.' });
  }
  const [open] = findUnfinished(fs, directory);
  if (open === undefined) return;
  throw new HoldlineError('recovery-failed', `cannot begin an update: transaction ${open.summary.begin.transaction} is still open`, { hint: 'Run `holdline recover` and read what it says.' });
}

/** After the journal, so that no reserve is ever without one; without it nothing is begun. */
function makeReserve(fs: Filesystem, path: string): void {
  try {
    const file = fs.open(reserveOf(path), 'truncate');
    try { file.write(Buffer.alloc(RESERVE_BYTES)); } finally { file.close(); }
  } catch (thrown) {
    try {
      fs.remove(reserveOf(path));
      fs.remove(path);
    } catch { /* recovery closes it: nothing had begun */ }
    throw thrown;
  }
}

/** Opens a journal to append to it; a torn last line is cut off first. Throws `journal-damaged`. */
export function openJournal(fs: Filesystem, path: string): Journal {
  const { records, goodBytes, size } = read(fs, path);
  if (goodBytes < size) {
    fs.truncate(path, goodBytes);
    fs.sync(path);
  }
  return attach(fs, path, records, goodBytes);
}

export interface JournalFile { readonly path: string; readonly summary: JournalSummary }

/** All journals, oldest first, without those that never began. Changes nothing. Throws `journal-damaged`. */
export function listJournals(fs: Filesystem, directory: string): JournalFile[] {
  const found = journalPaths(fs, directory).flatMap((path) => {
    const summary = foldJournal(read(fs, path).records, path);
    return summary === undefined ? [] : [{ path, summary }];
  });
  // None begins before the last has ended: its end was there and has rotted away. Undoing it would undo what came later.
  const stale = found.slice(0, -1).find(({ summary }) => summary.end === null);
  if (stale !== undefined) throw journalDamage(stale.path, 1, 'it has no end, though a later transaction has begun');
  return found;
}

/** Those a crash left open: recovery deals with them before anything else begins. */
export function findUnfinished(fs: Filesystem, directory: string): JournalFile[] {
  return listJournals(fs, directory).filter(({ summary }) => summary.end === null);
}

/** Those that ended while services, state and history still wait for somebody who can write them. */
export function findUnsettled(fs: Filesystem, directory: string): JournalFile[] {
  return listJournals(fs, directory).filter(({ summary }) => needsSettling(summary));
}

/** Removes the oldest journals that nobody needs any more. */
export function pruneJournals(fs: Filesystem, directory: string, keep: number = KEPT_JOURNALS): void {
  const paths = journalPaths(fs, directory);
  for (const path of paths.slice(0, Math.max(0, paths.length - keep))) {
    const summary = foldJournal(read(fs, path).records, path);
    if (summary !== undefined && (summary.end === null || needsSettling(summary))) continue;
    fs.remove(path);
  }
  removeRubbish(fs, directory);
}

/** Reserves whose transaction is over or never began, and temps of a writer that died. */
function removeRubbish(fs: Filesystem, directory: string): void {
  if (fs.stat(directory) === undefined) return;
  const open = new Set(findUnfinished(fs, directory).map(({ path }) => reserveOf(path)));
  for (const path of fs.list(directory).map((name) => join(directory, name))) {
    if (isTemporaryName(basename(path)) || (path.endsWith(RESERVE_SUFFIX) && !open.has(path))) fs.remove(path);
  }
}

function attach(fs: Filesystem, path: string, known: readonly JournalRecord[], goodBytes: number): Journal {
  const records = [...known];
  const summaryOf = (all: readonly JournalRecord[]): JournalSummary => {
    const summary = foldJournal(all, path);
    if (summary === undefined) throw journalDamage(path, 1, 'it holds no record');
    return summary;
  };
  const { begin } = summaryOf(records);
  let length = goodBytes;
  let file: WritableFile | undefined;
  /** False while the file may hold more than we count on. */
  let intact = true;
  const cutToLength = (): void => {
    fs.truncate(path, length);
    fs.sync(path);
    intact = true;
  };
  const write = (line: Buffer): void => {
    if (!intact) cutToLength();
    intact = false;
    file ??= fs.open(path, 'append');
    file.write(line);
    file.sync();
    length += line.length;
    intact = true;
  };
  const releaseReserve = (): void => fs.remove(reserveOf(path));
  const append = (record: JournalRecord): void => {
    const before = summaryOf(records);
    if (record.type === 'state') assertTransition(before.state, record.state);
    if (record.type === 'end' && before.state !== record.outcome) assertTransition(before.state, record.outcome);
    summaryOf([...records, record]); // what a reader would refuse is never written
    const line = Buffer.from(encodeRecord(record));
    try {
      try {
        write(line);
      } catch (thrown) {
        if (errnoOf(thrown) !== 'ENOSPC') throw thrown;
        releaseReserve();
        write(line);
      }
    } catch (thrown) {
      // The record may be on the disk in part or in whole; the reader must not find what the caller believes has failed.
      try { cutToLength(); } catch { /* tried again before the next record */ }
      throw explainFsError(thrown, `write the journal ${path}`);
    }
    records.push(record);
  };
  return { path, begin, summary: () => summaryOf(records), append, releaseReserve, close: () => { file?.close(); file = undefined; } };
}

function read(fs: Filesystem, path: string) {
  let bytes: Buffer;
  try {
    bytes = fs.readBytes(path, MAX_JOURNAL_BYTES);
  } catch (thrown) {
    if (errnoOf(thrown) === 'EFBIG') throw journalDamage(path, 1, 'it is far too large');
    throw explainFsError(thrown, `read the journal ${path}`);
  }
  return { ...parseJournal(bytes, path), size: bytes.length };
}

/** Sorted by name, which is by time. */
function journalPaths(fs: Filesystem, directory: string): string[] {
  if (fs.stat(directory) === undefined) return [];
  return fs.list(directory).filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).map((name) => join(directory, name));
}

const reserveOf = (path: string): string => path.slice(0, -SUFFIX.length) + RESERVE_SUFFIX;
