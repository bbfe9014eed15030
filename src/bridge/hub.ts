// The middle of the bridge: which epochs there are, who has the consumer's seat, and who must be woken when something moved.
// Sockets, PTYs and the port itself stay outside; must never let one participant's fault reach another.
import { MAX_ENDED_EPOCHS } from './epochs.js';
import type { Line } from './line.js';
import type { SeatMemory } from './seat-memory.js';
import type { Stream } from './stream.js';

/** Someone who takes bytes of the line: a protocol client, the PTY link, a raw TCP client. */
export interface Participant {
  readonly kind: 'socket' | 'pty' | 'tcp';
  /** For people: `app`, `PTY link`. */
  readonly label: string;
  readonly role: 'consumer' | 'observer';
  /** Received bytes, an ended epoch, a new one, or a changed write position: look again. */
  wake(): void;
}

/** How long the seat waits for a protocol client that has gone (a restart or an update, its own or the bridge's) before the PTY link or TCP may have it. */
const SEAT_HOLD_MS = 30_000;

export interface HubOptions {
  readonly monotonicMs: () => number;
  readonly memory: SeatMemory;
  readonly warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

export class Hub {
  #streams: Stream[] = [];
  readonly #participants = new Set<Participant>();
  readonly #options: HubOptions;
  #line: Line | undefined;
  #seat: Participant | undefined;
  /** Undefined: not asked yet who had it in an earlier life. */
  #heldUntilMs: number | undefined;
  readonly #startedMs: number;
  #downReason = 'the device is not there, or cannot be opened';

  constructor(options: HubOptions) {
    this.#options = options;
    this.#startedMs = options.monotonicMs();
  }

  /** The app that had the seat may come back. */
  #isHeld(): boolean {
    this.#heldUntilMs ??= this.#options.memory.last === 'socket' ? this.#startedMs + SEAT_HOLD_MS : 0;
    return this.#options.monotonicMs() < this.#heldUntilMs;
  }

  /** Epochs of earlier lives that still hold bytes, oldest first. */
  recall(ended: readonly Stream[]): void { this.#streams = [...ended, ...this.#streams]; }

  get line(): Line | undefined { return this.#line; }
  get streams(): readonly Stream[] { return this.#streams; }
  get participants(): ReadonlySet<Participant> { return this.#participants; }
  get seat(): Participant | undefined { return this.#seat; }
  get downReason(): string { return this.#downReason; }
  /** The epoch that is being written; undefined while the line is down. */
  get current(): Stream | undefined { return this.#line?.stream; }
  get newest(): Stream | undefined { return this.#streams.at(-1); }
  get oldest(): Stream | undefined { return this.#streams[0]; }

  find(epoch: string): Stream | undefined { return this.#streams.find((stream) => stream.id === epoch); }

  /** The epoch after one that has ended; folder names sort by age, also for one that was removed meanwhile. */
  after(stream: Stream): Stream | undefined {
    return this.#streams.find((candidate) => candidate.directory > stream.directory);
  }

  /** A line was opened or taken over. */
  attach(line: Line): void {
    this.#streams.push(line.stream);
    this.#line = line;
    this.#prune();
    line.start();
    this.wakeAll();
  }

  /** The line has gone: its epoch takes no more bytes either way. */
  detach(reason: string): void {
    const stream = this.#line?.stream;
    this.#line?.stop();
    this.#line = undefined;
    this.#downReason = reason;
    stream?.end();
    this.#prune();
    this.wakeAll();
  }

  join(participant: Participant): void { this.#participants.add(participant); }

  leave(participant: Participant): void {
    this.#participants.delete(participant);
    if (this.#seat !== participant) return;
    this.#seat = undefined;
    if (participant.kind === 'socket') this.#heldUntilMs = this.#options.monotonicMs() + SEAT_HOLD_MS;
  }

  /** Gives up the seat and stays (the PTY link without a program). */
  rise(participant: Participant): void {
    if (this.#seat === participant) this.#seat = undefined;
  }

  takeSeat(participant: Participant): boolean {
    if (this.#seat === participant) return true;
    if (this.#seat !== undefined) return false;
    if (participant.kind !== 'socket' && this.#isHeld()) return false;
    this.#seat = participant;
    this.#options.memory.remember(participant.kind);
    return true;
  }

  /** The seat's owner has committed everything before `offset`. */
  acknowledge(stream: Stream, offset: number): void {
    stream.acknowledge(offset);
    if (stream === this.#line?.stream) this.#line.roomFreed();
    else this.#prune();
  }

  wakeAll(): void {
    for (const participant of this.#participants) participant.wake();
  }

  /** Removes ended epochs that nobody needs; a surplus one is given up with a word. */
  #prune(): void {
    const ended = this.#streams.filter((stream) => stream.ended);
    const surplus = Math.max(0, ended.length - MAX_ENDED_EPOCHS);
    ended.forEach((stream, index) => {
      // The newest is kept while the line is down: clients still hang on it.
      if (stream === this.newest && stream.held === 0) return;
      if (index < surplus) {
        if (stream.held > 0) this.#options.warn('gave up an epoch nobody has read', { epoch: stream.id, bytes: stream.held });
        stream.drop(stream.head);
      }
      if (stream.held > 0) return;
      this.#streams.splice(this.#streams.indexOf(stream), 1);
      stream.remove();
    });
  }
}
