// The counters of one epoch as 64 bytes on the spool, written by one system call within one page, so that a kill leaves the old
// or the new record. PURE. received = acknowledged + dropped + held holds in every record that was ever written.

export interface Counters {
  /** First byte still held: everything before it was acknowledged or dropped. */
  readonly tail: number;
  readonly acknowledged: number;
  /** End of what was ever acknowledged; a consumer that knows nothing begins here, so that it hears of everything dropped since. */
  readonly acknowledgedTo: number;
  readonly dropped: number;
  /** Bytes handed to a consumer, each counted once. */
  readonly delivered: number;
  /** End of what was ever handed to a consumer. */
  readonly deliveredTo: number;
  /** Sent to the driver when the epoch ended; until then the kernel's file position says it. */
  readonly sentAtEnd: number;
}

export const EMPTY_COUNTERS: Counters = { tail: 0, acknowledged: 0, acknowledgedTo: 0, dropped: 0, delivered: 0, deliveredTo: 0, sentAtEnd: 0 };
export const RECORD_BYTES = 64;
const MAGIC = 0x484c_4252_0000_0002n;

export function encodeRecord(counters: Counters): Buffer {
  const out = Buffer.alloc(RECORD_BYTES);
  [MAGIC, ...[counters.tail, counters.acknowledged, counters.acknowledgedTo, counters.dropped, counters.delivered, counters.deliveredTo, counters.sentAtEnd].map(BigInt)]
    .forEach((value, index) => out.writeBigUInt64BE(value, index * 8));
  return out;
}

/** Undefined for anything that is not a record. */
export function decodeRecord(bytes: Buffer): Counters | undefined {
  if (bytes.length < RECORD_BYTES || bytes.readBigUInt64BE(0) !== MAGIC) return undefined;
  const [tail = 0, acknowledged = 0, acknowledgedTo = 0, dropped = 0, delivered = 0, deliveredTo = 0, sentAtEnd = 0] = [1, 2, 3, 4, 5, 6, 7].map((index) => Number(bytes.readBigUInt64BE(index * 8)));
  return acknowledged + dropped === tail && acknowledgedTo <= tail ? { tail, acknowledged, acknowledgedTo, dropped, delivered, deliveredTo, sentAtEnd } : undefined;
}

/** The app has committed everything before `offset`. */
export function acknowledge(counters: Counters, offset: number): Counters {
  if (offset <= counters.tail) return counters;
  return { ...deliver(counters, offset), tail: offset, acknowledgedTo: offset, acknowledged: counters.acknowledged + offset - counters.tail };
}

/** A consumer has everything before `to` that was not dropped: it was handed over, by us or by a killed predecessor that could not note it. */
export function deliver(counters: Counters, to: number): Counters {
  if (to <= counters.deliveredTo) return counters;
  return { ...counters, delivered: counters.delivered + to - Math.max(counters.tail, counters.deliveredTo), deliveredTo: to };
}

/** Everything before `to` is given up. */
export function drop(counters: Counters, to: number): Counters {
  if (to <= counters.tail) return counters;
  return { ...counters, tail: to, dropped: counters.dropped + to - counters.tail };
}
