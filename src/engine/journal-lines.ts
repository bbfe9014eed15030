// The journal as text: `sha256<TAB>json<LF>` per record. Pure. A bad last line is torn and dropped; a bad line anywhere
// else is damage, and nothing is guessed.
import { createHash } from 'node:crypto';
import { HoldlineError } from '../domain/errors.js';
import type { JournalRecord } from '../domain/journal.js';
import { isJournalRecord } from './check-record.js';

const LINE_FEED = 0x0a;
const TAB = 0x09;
const HASH_CHARACTERS = 64;

export interface ParsedJournal {
  readonly records: readonly JournalRecord[];
  /** Bytes of the good lines: the file is cut to this length before anything is appended. */
  readonly goodBytes: number;
}

export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${createHash('sha256').update(json).digest('hex')}\t${json}\n`;
}

/** @param file the journal's path, for the message */
export function parseJournal(bytes: Uint8Array, file: string): ParsedJournal {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: JournalRecord[] = [];
  let start = 0;
  while (start < content.length) {
    const end = content.indexOf(LINE_FEED, start);
    const json = end < 0 ? undefined : checkedJson(content.subarray(start, end));
    if (json === undefined) {
      const isLast = end < 0 || end === content.length - 1;
      if (isLast) break;
      throw journalDamage(file, records.length + 1, 'the line does not match its checksum');
    }
    records.push(decode(json, file, records.length + 1));
    start = end + 1;
  }
  return { records, goodBytes: start };
}

/** The one way to say it; `line` counts from 1. */
export function journalDamage(file: string, line: number, why: string): HoldlineError<'journal-damaged'> {
  return new HoldlineError('journal-damaged', `cannot read the journal ${file}, line ${line}: ${why}; nothing was changed, and no update runs until a person has looked`, {
    hint: 'Check the disk (dmesg). Compare `current` with what should run (`holdline status`), then move this file away.',
    where: { file, line, column: 1 },
  });
}

function checkedJson(line: Buffer): string | undefined {
  if (line.length <= HASH_CHARACTERS || line[HASH_CHARACTERS] !== TAB) return undefined;
  const json = line.subarray(HASH_CHARACTERS + 1);
  const hash = createHash('sha256').update(json).digest('hex');
  return line.subarray(0, HASH_CHARACTERS).toString('latin1') === hash ? json.toString('utf8') : undefined;
}

/** The line is as it was written: what does not fit comes from another version of holdline. */
function decode(json: string, file: string, line: number): JournalRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw journalDamage(file, line, 'it is not JSON');
  }
  if (!isJournalRecord(value)) throw journalDamage(file, line, 'it is no record this version of holdline knows');
  return value;
}
