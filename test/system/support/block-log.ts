// A recording of every write to a disk (the format of dm-log-writes), and the disks a power cut could have left of it. A flush makes
// what was written before it durable; of what came after, any pages may be there, in any order.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

export interface LoggedWrite { readonly offset: number; readonly bytes: Buffer }
export type LogEntry = { readonly kind: 'write'; readonly write: LoggedWrite } | { readonly kind: 'flush' };

const MAGIC = 0x6a736677736872n;
const FLUSH = 1n;
const DISCARD = 4n;
const HEADER_BYTES = 32;
const PAGE = 4096;

/** All entries so far; the log may still be growing. */
export function readBlockLog(path: string): LogEntry[] {
  const fd = openSync(path, 'r');
  try {
    const head = readAt(fd, 0, HEADER_BYTES);
    if (head.length < HEADER_BYTES || head.readBigUInt64LE(0) !== MAGIC) return [];
    const sector = head.readUInt32LE(24);
    const entries: LogEntry[] = [];
    for (let at = sector; ; at += sector) {
      const header = readAt(fd, at, HEADER_BYTES);
      if (header.length < HEADER_BYTES || header.every((byte) => byte === 0)) return entries;
      const [from, count, flags] = [header.readBigUInt64LE(0), header.readBigUInt64LE(8), header.readBigUInt64LE(16)];
      if ((flags & FLUSH) !== 0n) entries.push({ kind: 'flush' });
      if (count === 0n || (flags & DISCARD) !== 0n) continue;
      const length = Number(count) * sector;
      entries.push({ kind: 'write', write: { offset: Number(from) * sector, bytes: readAt(fd, at + sector, length) } });
      at += length;
    }
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, position));
}

export interface DiskState {
  /** `prefix 120`, `torn 120 of flush 98 #3`: enough to find it again with the seed. */
  readonly name: string;
  /** Entries that had been issued when the power went. */
  readonly at: number;
  /** Written over the beginning, in this order. */
  readonly writes: readonly LoggedWrite[];
}

/** Every prefix: at a flush, before it, and between any two writes. */
export function* prefixStates(entries: readonly LogEntry[]): Generator<DiskState> {
  const writes: LoggedWrite[] = [];
  for (const [index, entry] of entries.entries()) {
    yield { name: `prefix ${index}${entry.kind === 'flush' ? ' at a flush' : ''}`, at: index, writes: [...writes] };
    if (entry.kind === 'write') writes.push(entry.write);
  }
  yield { name: `prefix ${entries.length}`, at: entries.length, writes };
}

/** Of what no flush had made durable, some pages and not others; sometimes in another order. */
export function tornState(entries: readonly LogEntry[], random: () => number, number: number): DiskState {
  const at = 1 + Math.floor(random() * entries.length);
  const issued = entries.slice(0, at);
  const flush = issued.findLastIndex(({ kind }) => kind === 'flush');
  const durable = writesOf(issued.slice(0, flush + 1));
  const keep = random();
  const kept = writesOf(issued.slice(flush + 1)).flatMap((write) => pagesOf(write)).filter(() => random() < keep);
  if (random() < 0.3) shuffle(kept, random);
  return { name: `torn ${at} after the flush ${flush} #${number}`, at, writes: [...durable, ...kept] };
}

/** All that was not flushed is lost. */
export function flushedState(entries: readonly LogEntry[], at: number): DiskState {
  const issued = entries.slice(0, at);
  const flush = issued.findLastIndex(({ kind }) => kind === 'flush');
  return { name: `only what was flushed at ${at}`, at, writes: writesOf(issued.slice(0, flush + 1)) };
}

const writesOf = (entries: readonly LogEntry[]): LoggedWrite[] => entries.flatMap((entry) => (entry.kind === 'write' ? [entry.write] : []));

function pagesOf({ offset, bytes }: LoggedWrite): LoggedWrite[] {
  const pages: LoggedWrite[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, (Math.floor((offset + at) / PAGE) + 1) * PAGE - offset);
    pages.push({ offset: offset + at, bytes: bytes.subarray(at, end) });
    at = end;
  }
  return pages;
}

function shuffle<Item>(items: Item[], random: () => number): void {
  for (let left = items.length - 1; left > 0; left -= 1) {
    const other = Math.floor(random() * (left + 1));
    const [a, b] = [items[left], items[other]];
    if (a === undefined || b === undefined) continue;
    [items[left], items[other]] = [b, a];
  }
}

/** The same disk has the same fingerprint, however it came about. */
export function fingerprintOf({ writes }: DiskState): string {
  const pages = new Map<number, Buffer>();
  for (const { offset, bytes } of writes.flatMap(pagesOf)) pages.set(offset, bytes);
  const hash = createHash('sha1');
  for (const offset of [...pages.keys()].sort((a, b) => a - b)) hash.update(`${offset}:`).update(pages.get(offset) ?? '');
  return hash.digest('hex');
}
