// One epoch on the spool: files `rx` (received bytes), `tx` (bytes to send) and `record`, whose offsets are the epoch's offsets:
// what is no longer needed is punched out, nothing is renumbered. Must never hold a second copy of a position the kernel keeps.
import { closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { acknowledge, decodeRecord, deliver, drop, EMPTY_COUNTERS, encodeRecord, RECORD_BYTES } from './record.js';
import type { Counters } from './record.js';
import type { System } from './system.js';

/** Holes are punched in steps, so that not every acknowledgement costs a system call. */
const RELEASE_STEP_BYTES = 256 * 1024;

export class Stream {
  readonly id: string;
  readonly directory: string;
  readonly rx: number;
  /** Its own file position is the confirmed position: the kernel moves it together with the bytes. */
  readonly tx: number;
  readonly #system: System;
  readonly #record: number;
  #counters: Counters = EMPTY_COUNTERS;
  #head = 0;
  #accepted = 0;
  #rxReleased = 0;
  #txReleased = 0;
  #ended = false;
  /** The confirmed position, asked from the kernel once after each time it has moved; the last word when the files are closed. */
  #confirmed: number | undefined;

  private constructor(system: System, id: string, directory: string, tx: number) {
    this.#system = system;
    this.id = id;
    this.directory = directory;
    this.tx = tx;
    this.rx = openSync(join(directory, 'rx'), 'r+');
    this.#record = openSync(join(directory, 'record'), 'r+');
    this.refresh();
  }

  /** Reads the positions again: a successor opens the files early and owns them only once it has the lock. */
  refresh(): void {
    const stored = Buffer.alloc(RECORD_BYTES);
    readSync(this.#record, stored, 0, RECORD_BYTES, 0);
    this.#head = fstatSync(this.rx).size;
    this.#accepted = fstatSync(this.tx).size;
    this.#confirmed = undefined;
    // An unreadable record costs acknowledged bytes being offered again, never a byte.
    const counters = decodeRecord(stored) ?? EMPTY_COUNTERS;
    this.#counters = counters.tail <= this.#head ? counters : EMPTY_COUNTERS;
  }

  /** Makes the files of a new epoch. */
  static create(system: System, id: string, directory: string): Stream {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(join(directory, 'rx'), 'wx', 0o600));
    // The record takes its room now: on a filesystem that is full later, what is acknowledged and dropped must still be written down.
    writeFileSync(join(directory, 'record'), encodeRecord(EMPTY_COUNTERS), { flag: 'wx', mode: 0o600 });
    return new Stream(system, id, directory, openSync(join(directory, 'tx'), 'wx+', 0o600));
  }

  /** Opens an epoch that is there; `tx` is the kept descriptor, or its file is opened anew for an epoch that has ended. */
  static open(system: System, id: string, directory: string, tx?: number): Stream {
    const stream = new Stream(system, id, directory, tx ?? openSync(join(directory, 'tx'), 'r+'));
    if (tx === undefined) system.seek(stream.tx, Math.min(stream.counters.sentAtEnd, stream.accepted));
    return stream;
  }

  get head(): number { return this.#head; }
  get tail(): number { return this.#counters.tail; }
  /** Where a consumer begins that knows nothing of this epoch: between here and the tail everything was dropped. */
  get firstUnacknowledged(): number { return this.#counters.acknowledgedTo; }
  get held(): number { return this.#head - this.#counters.tail; }
  get accepted(): number { return this.#accepted; }
  get confirmed(): number { return this.#confirmed ??= this.#system.position(this.tx); }
  get unsent(): number { return this.#accepted - this.confirmed; }
  get counters(): Counters { return this.#counters; }
  get ended(): boolean { return this.#ended; }

  end(): void {
    this.#ended = true;
    this.#store({ ...this.#counters, sentAtEnd: this.confirmed });
  }

  /** The kernel has appended this many bytes to `rx`. */
  grew(bytes: number): void { this.#head += bytes; }

  /** The kernel has appended this many bytes to `tx` (the PTY link's way in). */
  grewUnsent(bytes: number): void { this.#accepted += bytes; }

  read(into: Buffer, at: number, bytes: number, offset: number): number {
    return readSync(this.rx, into, at, bytes, offset);
  }

  /** Appends to `tx`; a short write (disk full) is told by the accepted position, never hidden. What was sent already makes room for it. */
  append(bytes: Buffer): void {
    const done = this.#appendSome(bytes);
    if (done === bytes.length) return;
    this.reclaim();
    const rest = bytes.subarray(done);
    if (this.#appendSome(rest) < rest.length) throw new Error('the filesystem of the spool is full');
  }

  #appendSome(bytes: Buffer): number {
    let done = 0;
    try {
      while (done < bytes.length) {
        const count = writeSync(this.tx, bytes, done, bytes.length - done, this.#accepted);
        this.#accepted += count;
        done += count;
      }
    } catch {
      // What fits is in.
    }
    return done;
  }

  acknowledge(offset: number): void { this.#store(acknowledge(this.#counters, Math.min(offset, this.#head))); }
  /** Gives the room back at once: it is called because room is needed. */
  drop(to: number): void { this.#store(drop(this.#counters, Math.min(to, this.#head)), 1); }
  /** Not written down alone: it is a figure for people, and costs no system call per frame. */
  deliver(to: number): void { this.#counters = deliver(this.#counters, to); }

  /** The kernel has sent some of it: gives the room back. */
  sent(): void {
    this.#confirmed = undefined;
    this.#release(RELEASE_STEP_BYTES);
  }

  /** Gives back everything that is not needed any more, however little: the filesystem is full. */
  reclaim(): void { this.#release(1); }

  #release(step: number): void {
    const { confirmed, tail } = this;
    if (confirmed - this.#txReleased >= step) {
      this.#system.release(this.tx, this.#txReleased, confirmed);
      this.#txReleased = confirmed;
    }
    if (tail - this.#rxReleased >= step) {
      this.#system.release(this.rx, this.#rxReleased, tail);
      this.#rxReleased = tail;
    }
  }

  #store(next: Counters, step = RELEASE_STEP_BYTES): void {
    if (next === this.#counters) return;
    this.#counters = next;
    writeSync(this.#record, encodeRecord(next), 0, RECORD_BYTES, 0);
    this.#release(step);
  }

  close(): void {
    this.#confirmed = this.confirmed;
    for (const file of [this.rx, this.tx, this.#record]) closeSync(file);
  }

  /** Forgets the epoch for good. */
  remove(): void {
    this.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
