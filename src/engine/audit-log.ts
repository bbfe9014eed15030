// Writes the audit log below <state_dir>/audit: each line chained to the one before, on disk before the next thing happens.
// Must never throw and never rewrite a whole line: what does not fit on the disk is counted and told by the next line that does.
import { join } from 'node:path';
import type { AuditEntry, AuditEvent } from '../domain/audit.js';
import { errnoOf } from '../domain/errors.js';
import { auditDir, type Layout } from '../domain/layout.js';
import type { Audit, Clock, Filesystem, Logger } from '../domain/ports.js';
import { auditFileName, auditFileNumber, formatAuditLine, GENESIS, MAX_AUDIT_FILES, MAX_AUDIT_FILE_BYTES, parseAuditLine, type AuditAnchor, type AuditFile } from './audit-lines.js';

export interface AuditParts {
  readonly fs: Filesystem;
  readonly layout: Pick<Layout, 'sharedDir'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly actor: string;
  /** What the device's state says of the log's end. */
  anchor(): AuditAnchor | null;
}

/** Where the next line goes. `broken`: the log does not end where it should, and goes on in a new file. */
interface Position { readonly number: number; readonly size: number; readonly n: number; readonly hash: string; readonly broken: boolean }

/** The caller holds the lock whenever it notes. */
export function createAudit(parts: AuditParts): Audit {
  let position: Position | undefined;
  let written: AuditAnchor | undefined;
  let lost = 0;
  return {
    head: () => (written === undefined ? undefined : { ...written }),
    note(event) {
      try {
        position = append(parts, position, event, lost);
        written = { count: position.n, head: position.hash };
        lost = 0;
      } catch (thrown) {
        position = undefined;
        lost += 1;
        parts.log.warn('the audit log cannot be written: what happens now is missing in it', { errno: errnoOf(thrown) ?? String(thrown) });
      }
    },
  };
}

/** Steps stand in the journal, durable; their lines reach the disk with the next decision. */
const WITHOUT_SYNC: ReadonlySet<string> = new Set<AuditEvent['event']>(['step']);

function append(parts: AuditParts, known: Position | undefined, event: AuditEvent, lost: number): Position {
  const { fs, layout } = parts;
  const directory = auditDir(layout);
  fs.makeDirectory(directory, 0o750);
  let at = known !== undefined && fs.stat(fileOf(directory, known))?.size === known.size ? known : findEnd(parts, directory);
  if (at.number === 0 || at.broken || at.size >= MAX_AUDIT_FILE_BYTES) at = { ...at, number: at.number + 1, size: 0, broken: false };
  const starts = at.size === 0;
  const file = fs.open(fileOf(directory, at), 'append', 0o640);
  try {
    if (starts) at = put(parts, file, at, { event: 'log-begun', facts: { previous: at.hash } });
    at = put(parts, file, at, lost === 0 ? event : { ...event, facts: { ...event.facts, lost_lines: lost } });
    if (!WITHOUT_SYNC.has(event.event)) file.sync();
  } finally { file.close(); }
  if (starts) {
    fs.sync(directory);
    prune(fs, directory);
  }
  return at;
}

function put({ clock, actor }: AuditParts, file: { write(bytes: Uint8Array): void }, at: Position, { event, reason, facts }: AuditEvent): Position {
  const entry: AuditEntry = { n: at.n + 1, at: clock.now().toISOString(), actor, event, reason: reason ?? null, facts: facts ?? {} };
  const { line, hash } = formatAuditLine(at.hash, entry);
  const bytes = Buffer.from(line);
  file.write(bytes);
  return { ...at, n: entry.n, hash, size: at.size + bytes.length };
}

const fileOf = (directory: string, { number }: Pick<Position, 'number'>): string => join(directory, auditFileName(number));

/** A torn last line is cut off. Where more is missing, the log goes on behind the gap, so that the gap stays visible. */
function findEnd({ fs, anchor }: AuditParts, directory: string): Position {
  const numbers = listAuditFiles(fs, directory);
  const newest = numbers.at(-1) ?? 0;
  const expected = anchor();
  const behind: Position = { number: newest, size: 0, n: expected?.count ?? 0, hash: expected?.head ?? GENESIS, broken: newest > 0 };
  for (const number of numbers.toReversed()) {
    const path = join(directory, auditFileName(number));
    const bytes = fs.readBytes(path);
    const end = bytes.lastIndexOf('\n') + 1;
    if (end < bytes.length && number === newest) fs.truncate(path, end);
    // Cut off before its first line was whole: the file before it holds the end.
    if (end === 0) continue;
    const last = parseAuditLine(bytes.toString('utf8', end < 2 ? 0 : bytes.lastIndexOf('\n', end - 2) + 1, end - 1));
    if (last === undefined || (expected !== null && expected.count > last.entry.n)) return behind;
    return { number: newest, size: number === newest ? end : 0, n: last.entry.n, hash: last.hash, broken: false };
  }
  return behind;
}

function prune(fs: Filesystem, directory: string): void {
  for (const number of listAuditFiles(fs, directory).slice(0, -MAX_AUDIT_FILES)) fs.unlink(join(directory, auditFileName(number)));
}

export function listAuditFiles(fs: Filesystem, directory: string): readonly number[] {
  try {
    return fs.list(directory).map(auditFileNumber).filter((number) => number !== undefined).sort((a, b) => a - b);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return [];
    throw thrown;
  }
}

export function readAuditFiles(fs: Filesystem, layout: Pick<Layout, 'sharedDir'>): readonly AuditFile[] {
  const directory = auditDir(layout);
  return listAuditFiles(fs, directory).map((number) => ({ number, text: fs.readText(join(directory, auditFileName(number))) }));
}
