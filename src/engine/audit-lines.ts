// The audit log's lines: `sha256<TAB>json`, where the hash covers the hash of the line before, over all files. Pure.
// A reader tells every change, removal, reordering and truncation it can see; it never repairs.
import { createHash } from 'node:crypto';
import type { AuditEntry, AuditReport } from '../domain/audit.js';

export const GENESIS = '0'.repeat(64);
export const MAX_AUDIT_FILES = 8;
export const MAX_AUDIT_FILE_BYTES = 256 * 1024;

export interface AuditFile { readonly number: number; readonly text: string }
export interface ChainedEntry { readonly entry: AuditEntry; readonly hash: string }
export interface AuditAnchor { readonly count: number; readonly head: string }

export const auditFileName = (number: number): string => `${String(number).padStart(8, '0')}.log`;
export function auditFileNumber(name: string): number | undefined {
  return /^\d{8}\.log$/.test(name) ? Number(name.slice(0, 8)) : undefined;
}

export function formatAuditLine(previous: string, entry: AuditEntry): { readonly line: string; readonly hash: string } {
  const json = JSON.stringify(entry);
  const hash = chain(previous, json);
  return { line: `${hash}\t${json}\n`, hash };
}

/** The line as it stands there, whether or not its hash fits; undefined for what is no line of ours. */
export function parseAuditLine(line: string): (ChainedEntry & { readonly json: string }) | undefined {
  const [hash = '', json = ''] = [line.slice(0, 64), line.slice(65)];
  if (!/^[0-9a-f]{64}$/.test(hash) || line[64] !== '\t') return undefined;
  let value: unknown;
  try { value = JSON.parse(json); } catch { return undefined; }
  if (typeof value !== 'object' || value === null) return undefined;
  const { n, at, actor, event, reason, facts } = value as Partial<Record<keyof AuditEntry, unknown>>;
  const sound = Number.isSafeInteger(n) && typeof at === 'string' && typeof actor === 'string' && typeof event === 'string'
    && (reason === null || typeof reason === 'string') && typeof facts === 'object' && facts !== null && !Array.isArray(facts);
  return sound ? { entry: value as AuditEntry, hash, json } : undefined;
}

/** @param files in the order of their numbers. @param anchor what the device's state says of the log's end; null where it says nothing */
export function verifyAudit(files: readonly AuditFile[], anchor: AuditAnchor | null): AuditReport {
  const entries: AuditEntry[] = [];
  const damage = missingFiles(files);
  const hashes = new Map<number, string>();
  let last: { readonly n: number; readonly hash: string } | undefined;
  for (const [index, file] of files.entries()) {
    const lines = file.text.split('\n');
    const rest = lines.pop() ?? '';
    // What was cut off while it was written is no line yet; anything that the anchor counts is missed below.
    if (rest !== '' && index < files.length - 1) damage.push(`${auditFileName(file.number)}: its last line is cut off`);
    if (lines.length === 0 && index < files.length - 1) damage.push(`${auditFileName(file.number)}: is empty`);
    for (const [at, line] of lines.entries()) {
      const where = `${auditFileName(file.number)}:${at + 1}`;
      const found = parseAuditLine(line);
      if (found === undefined) { damage.push(`${where}: is no line of this log`); continue; }
      const previous = at === 0 ? beginOf(found.entry, file, index === 0) : last?.hash;
      if (at === 0) damage.push(...judgeBegin(found.entry, where, file, index === 0 ? undefined : last));
      else if (last !== undefined && found.entry.n !== last.n + 1) damage.push(`${where}: number ${found.entry.n} follows ${last.n}: lines were removed or moved`);
      if (previous !== undefined && chain(previous, found.json) !== found.hash) damage.push(`${where}: was changed, or what stood before it was`);
      last = { n: found.entry.n, hash: found.hash };
      hashes.set(last.n, last.hash);
      entries.push(found.entry);
    }
  }
  damage.push(...judgeEnd(anchor, last, hashes));
  return { entries, damage, lines: entries.length };
}

function beginOf(entry: AuditEntry, file: AuditFile, isOldest: boolean): string {
  const stated = entry.facts['previous'];
  return isOldest && file.number === 1 ? GENESIS : typeof stated === 'string' ? stated : GENESIS;
}

function judgeBegin(entry: AuditEntry, where: string, file: AuditFile, last: { readonly n: number; readonly hash: string } | undefined): string[] {
  if (entry.event !== 'log-begun') return [`${where}: the file does not begin where it did`];
  if (last === undefined) return file.number === 1 && entry.n !== 1 ? [`${where}: begins with number ${entry.n}: what came before is missing`] : [];
  const gap = entry.n - last.n - 1;
  if (gap > 0) return [`${where}: lines ${last.n + 1} to ${entry.n - 1} are missing`];
  return entry.facts['previous'] === last.hash && gap === 0 ? [] : [`${where}: does not follow from the file before it`];
}

/** Files go only when there are more than are kept. */
function missingFiles(files: readonly AuditFile[]): string[] {
  const [first] = files;
  if (first === undefined) return [];
  const gaps = files.flatMap(({ number }, index) => {
    const before = files[index - 1];
    return before === undefined || number === before.number + 1 ? [] : [`${auditFileName(before.number + 1)}: is missing`];
  });
  return first.number > 1 && files.length < MAX_AUDIT_FILES ? [`${auditFileName(first.number - 1)}: is missing`, ...gaps] : gaps;
}

function judgeEnd(anchor: AuditAnchor | null, last: { readonly n: number; readonly hash: string } | undefined, hashes: ReadonlyMap<number, string>): string[] {
  if (anchor === null) return [];
  if (last === undefined) return [`the whole log is missing: it had ${anchor.count} lines`];
  if (anchor.count > last.n) return [`the end is missing: lines ${last.n + 1} to ${anchor.count}`];
  const there = hashes.get(anchor.count);
  return there === undefined || there === anchor.head ? [] : [`line ${anchor.count} is not the one that was written: the log was replaced`];
}

function chain(previous: string, json: string): string {
  return createHash('sha256').update(`${previous}\n${json}`).digest('hex');
}
