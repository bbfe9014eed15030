// The loop between the port and one epoch's files. It only asks the kernel to move bytes, and knows three reasons to stop: the
// spool is full and the link has flow control, the filesystem is full, the line has gone. Must never spin and never read bytes itself.
import { Pace } from './pace.js';
import type { Stream } from './stream.js';
import type { System, Transfer, Watch } from './system.js';

const BURST = 16;
/** A tty gives 4095 bytes at once at the most. */
const LARGE_MOVE_BYTES = 2048;
/** Room won by one drop, so that a full spool does not drop at every byte. */
const DROP_SLACK_BYTES = 64 * 1024;
const FULL_RETRY_MS = 250;

export interface LineEvents {
  received(): void;
  sent(): void;
  gone(reason: string): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface LineOptions { readonly capacity: number; readonly flowControl: boolean; readonly monotonicMs: () => number }

export class Line {
  readonly stream: Stream;
  readonly #system: System;
  readonly #tty: number;
  readonly #pipe: number | undefined;
  readonly #options: LineOptions;
  readonly #events: LineEvents;
  #watch: Watch | undefined;
  #wanted = '';
  #writeBlocked = false;
  #storageFull = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #pace = new Pace();
  #rest: NodeJS.Timeout | undefined;

  constructor(system: System, files: { readonly tty: number; readonly pipe: number | undefined }, stream: Stream, options: LineOptions, events: LineEvents) {
    this.#system = system;
    this.#tty = files.tty;
    this.#pipe = files.pipe;
    this.stream = stream;
    this.#options = options;
    this.#events = events;
  }

  get reading(): boolean { return this.#watch !== undefined && !this.#storageFull && !this.heldBack; }
  get storageFull(): boolean { return this.#storageFull; }
  /** The link's own flow control is holding the device back. */
  get heldBack(): boolean { return this.#options.flowControl && this.stream.held >= this.#options.capacity; }

  start(): void {
    this.#watch = this.#system.watch(this.#tty, () => { this.#ready(); });
    this.#recoverPipe();
    this.#ready();
  }

  /** Stops between two transfers; whatever is under way stays in the kernel for the next process. */
  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#rest);
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Sends what was appended to `tx`; call after every append. */
  flush(): void {
    if (this.#watch === undefined) return;
    this.#pace.wrote();
    this.#endRest();
    this.#send();
    this.#setInterest();
  }

  /** Room may have come free: an acknowledgement. */
  roomFreed(): void {
    if (this.#watch !== undefined) this.#setInterest();
  }

  /** Bytes a killed predecessor had taken from the tty and not yet stored come first. */
  #recoverPipe(): void {
    if (this.#drainPipe() === 'full') this.#makeRoom();
  }

  #drainPipe(): Transfer['state'] {
    if (this.#pipe === undefined) return 'empty';
    const { moved, state } = this.#system.drain(this.#pipe, this.stream.rx, this.stream.head);
    this.stream.grew(moved);
    if (moved > 0) this.#events.received();
    return state;
  }

  #ready(): void {
    if (this.#watch === undefined) return;
    this.#send();
    if (this.#receive()) this.#setInterest();
  }

  /** False when the line has gone. */
  #receive(): boolean {
    let grown = 0;
    // While reading waits, a hang-up still wakes us; without this look the wake-ups would never end.
    if ((this.heldBack || this.#storageFull) && this.#system.native?.hasHungUp(this.#tty) === true) return this.#end(0);
    for (let turn = 0; turn < BURST && !this.heldBack && !this.#storageFull; turn += 1) {
      const { moved, state } = this.#system.receive(this.#tty, this.#pipe, this.stream.rx, this.stream.head);
      this.stream.grew(moved);
      grown += moved;
      if (state === 'gone') return this.#end(grown);
      if (state === 'full') this.#makeRoom();
      // A small amount means the tty is empty now; asking again would only hear EAGAIN.
      if (state === 'empty' || (state === 'more' && moved < LARGE_MOVE_BYTES)) break;
    }
    this.#keepWithin();
    if (grown > 0) {
      this.#takeRest(this.#pace.received(grown, this.#options.monotonicMs()));
      this.#events.received();
    }
    return true;
  }

  /** Reading waits; a hang-up and room for writing still wake us. */
  #takeRest(ms: number): void {
    if (ms === 0) return;
    this.#endRest();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#ready();
    }, ms);
  }

  #endRest(): void {
    clearTimeout(this.#rest);
    this.#rest = undefined;
  }

  #end(grown: number): false {
    this.stop();
    this.#keepWithin();
    if (grown > 0) this.#events.received();
    this.#events.gone('the device has hung up or was unplugged');
    return false;
  }

  #keepWithin(): void {
    const { held, head } = this.stream;
    if (this.#options.flowControl || held <= this.#options.capacity) return;
    const to = head - this.#options.capacity + Math.min(DROP_SLACK_BYTES, this.#options.capacity / 4);
    this.#drop(Math.floor(to), 'the spool is full and nobody acknowledges');
  }

  #drop(to: number, why: string): void {
    const before = this.stream.counters.dropped;
    this.stream.drop(to);
    this.#events.warn(`dropped the oldest bytes: ${why}`, { dropped: this.stream.counters.dropped - before, total: this.stream.counters.dropped });
  }

  /** The filesystem is full. What is not needed makes room; without flow control the oldest half does; with it, or with nothing to give up, reading waits. */
  #makeRoom(): void {
    this.stream.reclaim();
    if (this.#pipe !== undefined && this.#drainPipe() !== 'full') return;
    if (!this.#options.flowControl && this.stream.held >= DROP_SLACK_BYTES) {
      this.#drop(this.stream.tail + Math.ceil(this.stream.held / 2), 'the filesystem of the spool is full');
      if (this.#drainPipe() !== 'full') return;
    }
    if (!this.#storageFull) this.#events.warn('the filesystem of the spool is full: reading waits', { directory: this.stream.directory });
    this.#storageFull = true;
    this.#retry = setTimeout(() => { this.#retryStorage(); }, FULL_RETRY_MS);
  }

  #retryStorage(): void {
    if (this.#watch === undefined) return;
    this.#storageFull = false;
    this.#recoverPipe();
    this.#ready();
  }

  #send(): void {
    const { unsent } = this.stream;
    if (unsent === 0) { this.#writeBlocked = false; return; }
    const { moved, state } = this.#system.send(this.stream.tx, this.#tty, unsent);
    this.#writeBlocked = moved < unsent;
    if (moved > 0) {
      this.stream.sent();
      this.#events.sent();
    }
    // The receiving side sees the same hang-up and reports it once.
    if (state === 'gone') this.#writeBlocked = false;
  }

  #setInterest(): void {
    const interest = { readable: !this.heldBack && !this.#storageFull && this.#rest === undefined, writable: this.#writeBlocked };
    const wanted = `${interest.readable} ${interest.writable}`;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#watch?.set(interest);
  }
}
