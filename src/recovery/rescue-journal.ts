// The journal files as the rescue path reads and appends them. A failed append is cut off again, so that it never leaves
// a bad line in the middle.
import { constants } from 'node:fs';
import { join } from 'node:path';
import type { JournalRecord } from '../domain/journal.js';
import { judgeJournal, type Judgement } from './judge-journal.js';
import { JournalDamage, readJournal, writeLine } from './read-journal.js';
import { isMissing, type RescueCalls } from './rescue-calls.js';
import { look, removeAll, syncPath } from './rescue-operations.js';

export interface RescueJournal {
  readonly path: string;
  readonly judgement: Judgement;
  append(record: JournalRecord): void;
  /** The bytes kept back for this moment (engine/journal). */
  releaseReserve(): void;
}

/** Which file is damaged, and where; nothing in its folder may be acted on. */
export class DamagedJournal extends Error {
  override readonly name = 'DamagedJournal';
}

const MAX_JOURNAL_BYTES = 16 * 1024 * 1024;

/** All that began, oldest first. Changes nothing. Throws DamagedJournal. */
export function openJournals(calls: RescueCalls, directory: string): RescueJournal[] {
  const names = listNames(calls, directory).filter((name) => name.endsWith('.journal') && !name.startsWith('.'));
  const found = names.flatMap((name) => {
    const opened = openJournal(calls, join(directory, name));
    return opened === undefined ? [] : [opened];
  });
  // None begins before the last has ended: its end was there and has rotted away. Undoing it would undo what came later.
  const stale = found.slice(0, -1).find(({ judgement }) => judgement.end === null);
  if (stale !== undefined) throw new DamagedJournal(`${stale.path}, line 1: it has no end, though a later transaction has begun`);
  return found;
}

function openJournal(calls: RescueCalls, path: string): RescueJournal | undefined {
  try {
    const stat = look(calls, path);
    if (stat === undefined) return undefined; // an updater pruned it just now
    if (stat.size > MAX_JOURNAL_BYTES) throw new JournalDamage(1, 'it is far too large');
    const content = readBytes(calls, path, stat.size);
    const { records, goodBytes } = readJournal(content);
    const judgement = judgeJournal(records);
    if (judgement === undefined) return undefined;
    const append = appender(calls, path, goodBytes, content.length);
    return { path, judgement, append, releaseReserve: () => removeAll(calls, path.replace(/\.journal$/, '.reserve')) };
  } catch (thrown) {
    if (thrown instanceof JournalDamage) throw new DamagedJournal(`${path}, line ${thrown.line}: ${thrown.message}`);
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

function appender(calls: RescueCalls, path: string, goodBytes: number, size: number): (record: JournalRecord) => void {
  let length = goodBytes;
  let intact = goodBytes === size;
  const cut = (): void => {
    calls.truncate(path, length);
    syncPath(calls, path);
    intact = true;
  };
  return (record) => {
    if (!intact) cut();
    const line = writeLine(record);
    intact = false;
    try {
      writeAll(calls, path, line);
    } catch (thrown) {
      try { cut(); } catch { /* tried again before the next record */ }
      throw thrown;
    }
    length += line.length;
    intact = true;
  };
}

function writeAll(calls: RescueCalls, path: string, bytes: Buffer): void {
  const fd = calls.openWrite(path, constants.O_WRONLY | constants.O_APPEND, 0o644);
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(calls.write(fd, rest));
    calls.fsync(fd);
  } finally {
    calls.close(fd);
  }
}

function readBytes(calls: RescueCalls, path: string, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  const fd = calls.open(path, constants.O_RDONLY);
  try {
    let length = 0;
    while (length < size) {
      const read = calls.read(fd, buffer.subarray(length));
      if (read === 0) break;
      length += read;
    }
    return buffer.subarray(0, length);
  } finally {
    calls.close(fd);
  }
}

function listNames(calls: RescueCalls, directory: string): string[] {
  try {
    return calls.readdir(directory).map((name) => name.toString('utf8')).sort();
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}
