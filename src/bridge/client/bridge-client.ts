// The client library for Node: the line's bytes as an async iteration, acknowledgements, confirmed writes, and a connection that comes
// back by itself at the byte where it broke. Must never yield a byte twice, nor skip one without a `gap` event.
import { EventEmitter } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { HoldlineError } from '../../domain/errors.js';
import { encodeFrame } from '../frames.js';
import { FrameReader } from '../frame-reader.js';
import { NO_EPOCH, PROTOCOL_VERSION } from '../protocol.js';
import type { Frame } from '../protocol.js';
import { ChunkQueue } from './chunk-queue.js';
import type { Chunk, ClientEvents, ConnectOptions, Written } from './client-events.js';
import { WriteQueue } from './write-queue.js';

const RETRY_FIRST_MS = 5;
/** A try at a local socket costs next to nothing, and a bridge that is back is wanted at once. */
const RETRY_MAX_MS = 100;
/** A restarted app may meet its own dying connection; longer than this, somebody else has the seat. */
const SEAT_RETRIES = 6;
/** These end the client: trying again would fail the same way. */
const FINAL_ERRORS = new Set(['malformed', 'version', 'oversized', 'ack-future', 'write-gap', 'read-only', 'from-future', 'unexpected']);

type WelcomeFrame = Extract<Frame, { type: 'welcome' }>;

function socketPath(options: ConnectOptions): string {
  if (options.path !== undefined) return options.path;
  if (options.name === undefined) throw new HoldlineError('usage', 'cannot connect: neither a bridge name nor a path was given', { hint: 'connectBridge({ name: "meter" })' });
  return join(options.socketDir ?? process.env['HOLDLINE_BRIDGE_DIR'] ?? '/run/holdline/bridge', `${options.name}.sock`);
}

export class BridgeClient extends EventEmitter<ClientEvents> implements AsyncIterable<Chunk> {
  readonly #options: ConnectOptions;
  readonly #path: string;
  readonly #writes = new WriteQueue();
  readonly #chunks = new ChunkQueue((full) => { if (full) this.#socket?.pause(); else this.#socket?.resume(); });
  #socket: Socket | undefined;
  #epoch: string;
  #position: number;
  #connected = false;
  #down = false;
  #closed = false;
  #retryMs = RETRY_FIRST_MS;
  #seatRetries = SEAT_RETRIES;
  #timer: NodeJS.Timeout | undefined;
  #reason = 'the bridge does not run';
  /** The app's last word, said again after a reconnection. */
  #acked: { readonly epoch: string; readonly offset: number } | undefined;
  #welcomed = false;
  /** Frames behind the first WELCOME wait one turn of the loop, so that an app that awaited it has its listeners on. */
  #backlog: Frame[] | undefined;

  constructor(options: ConnectOptions) {
    super();
    this.#options = options;
    this.#path = socketPath(options);
    this.#epoch = options.epoch ?? NO_EPOCH;
    this.#position = options.from ?? 0;
    this.#connect();
  }

  get #isObserver(): boolean { return this.#options.role === 'observer'; }
  get epoch(): string { return this.#epoch; }
  /** The next byte to be received. */
  get position(): number { return this.#position; }
  get connected(): boolean { return this.#connected; }
  /** The device is unplugged. */
  get down(): boolean { return this.#down; }
  /** Where the next write goes; known from the first `connect` on. */
  get writeOffset(): number { return this.#writes.next; }

  [Symbol.asyncIterator](): AsyncIterator<Chunk> { return this.#chunks.iterate(); }

  /** Everything before `offset` is committed by the app and may be forgotten. Throws for an observer. */
  ack(offset: number, epoch: string = this.#epoch): void {
    if (this.#isObserver) throw new HoldlineError('usage', 'cannot acknowledge: this client only observes', { hint: 'Connect without a role, as the consumer.' });
    this.#acked = { epoch, offset };
    if (this.#connected) this.#socket?.write(encodeFrame({ type: 'ack', offset, epoch }));
  }

  /**
   * Resolves when the kernel's driver has taken all of it. `offset` (default: the end) lets a restarted app repeat a write it is not
   * sure of: what was accepted before is not sent again. Rejects when the line goes down or the client is closed.
   */
  write(data: Uint8Array | string, at: { readonly offset?: number } = {}): Promise<Written> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (this.#isObserver) return Promise.reject(new HoldlineError('usage', 'cannot write: this client only observes', { hint: 'Connect without a role, as the consumer.' }));
    if (this.#closed) return Promise.reject(new HoldlineError('bridge-unavailable', 'cannot write: the client is closed'));
    if (!this.#welcomed) return Promise.reject(new HoldlineError('bridge-unavailable', 'cannot write: not connected yet', { hint: 'Wait for connectBridge, or for the `connect` event.' }));
    if (this.#down) return Promise.reject(new HoldlineError('bridge-unavailable', 'cannot write: the line is down', { hint: 'Wait for the `epoch` event.' }));
    return new Promise((resolve, reject) => {
      const pieces = this.#writes.add(bytes, at.offset ?? this.#writes.next, { resolve, reject });
      if (this.#connected) this.#send(pieces);
    });
  }

  /** Ends the client; the iteration ends after the chunks already here. */
  close(): void {
    if (this.#closed) return;
    this.#stop(undefined);
  }

  #stop(error: HoldlineError | undefined): void {
    this.#closed = true;
    this.#connected = false;
    clearTimeout(this.#timer);
    this.#socket?.end();
    this.#writes.fail(error ?? new HoldlineError('bridge-unavailable', 'cannot confirm the write: the client was closed'));
    this.#chunks.end(error);
    this.emit('end', { error });
  }

  #connect(): void {
    const reader = new FrameReader();
    const socket = createConnection(this.#path);
    this.#socket = socket;
    socket.on('connect', () => {
      socket.write(encodeFrame({ type: 'hello', from: this.#position, version: PROTOCOL_VERSION, role: this.#options.role ?? 'consumer', epoch: this.#epoch, name: this.#options.client ?? '' }));
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) if (this.#socket === socket && !this.#closed) this.#receive(frame);
      } catch (error) {
        this.#stop(new HoldlineError('bridge-protocol', 'cannot understand the bridge: it speaks another protocol', { hint: 'Update the older of the two.', cause: error }));
      }
    });
    socket.on('error', (error) => { this.#reason = error.message; });
    socket.on('close', () => { if (this.#socket === socket) this.#lost(); });
  }

  #lost(): void {
    if (this.#closed) return;
    if (this.#connected) this.emit('disconnect', { reason: this.#reason });
    this.#connected = false;
    if (this.#options.reconnect === false) {
      this.#stop(new HoldlineError('bridge-unavailable', `cannot reach the bridge at ${this.#path}: ${this.#reason}`, { hint: 'See `holdline bridge status`.' }));
      return;
    }
    this.#timer = setTimeout(() => { this.#connect(); }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
  }

  #receive(frame: Frame): void {
    if (this.#backlog === undefined) this.#take(frame);
    else this.#backlog.push(frame);
  }

  #releaseBacklog(): void {
    const frames = this.#backlog ?? [];
    this.#backlog = undefined;
    for (const frame of frames) if (!this.#closed) this.#take(frame);
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case 'welcome': this.#welcome(frame); return;
      case 'data':
        this.#position = frame.offset + frame.bytes.length;
        this.#chunks.push({ epoch: this.#epoch, offset: frame.offset, data: frame.bytes });
        return;
      case 'gap':
        this.#position = frame.to;
        this.emit('gap', { epoch: this.#epoch, from: frame.from, to: frame.to });
        return;
      case 'wack': if (frame.epoch === this.#epoch) this.#writes.settle(frame.epoch, frame.accepted, frame.confirmed); return;
      case 'down':
        this.#down = true;
        this.#writes.end(frame.epoch, frame.confirmed, 0);
        this.emit('down', { epoch: frame.epoch, head: frame.head, confirmed: frame.confirmed, reason: frame.reason });
        return;
      case 'epoch': this.#enter(frame.epoch, frame.from, frame.accepted); return;
      case 'error': this.#refused(frame.code, frame.message); return;
      default: return;
    }
  }

  #enter(epoch: string, from: number, accepted: number): void {
    const previous = this.#epoch === NO_EPOCH ? null : this.#epoch;
    this.#writes.end(this.#epoch, 0, accepted);
    this.#down = false;
    this.#epoch = epoch;
    this.#position = from;
    const tell = (): void => { this.emit('epoch', { previous, epoch, from, accepted }); };
    if (this.#welcomed) tell();
    else setImmediate(tell);
  }

  #welcome(frame: WelcomeFrame): void {
    this.#connected = true;
    this.#retryMs = RETRY_FIRST_MS;
    this.#seatRetries = SEAT_RETRIES;
    if (frame.epoch !== NO_EPOCH && frame.epoch !== this.#epoch) this.#enter(frame.epoch, frame.from, frame.accepted);
    if (!this.#welcomed) {
      this.#welcomed = true;
      this.#backlog = [];
      setImmediate(() => { this.#releaseBacklog(); });
    }
    // No epoch at all: everything of ours was acknowledged, and the device is away. The next one comes as EPOCH.
    if (frame.epoch !== NO_EPOCH) this.#position = frame.from;
    this.#down = frame.down;
    this.emit('connect', { epoch: frame.epoch, from: frame.from, resumed: frame.resumed, accepted: frame.accepted, down: frame.down });
    if (this.#acked?.epoch === frame.epoch) this.ack(this.#acked.offset, this.#acked.epoch);
    if (frame.epoch === NO_EPOCH) this.#writes.end(this.#epoch, 0, 0);
    else this.#send(this.#writes.resume(frame.epoch, frame.accepted, frame.confirmed));
  }

  #send(pieces: readonly { readonly offset: number; readonly bytes: Buffer }[]): void {
    for (const piece of pieces) this.#socket?.write(encodeFrame({ type: 'write', offset: piece.offset, epoch: this.#epoch, bytes: piece.bytes }));
  }

  #refused(code: string, message: string): void {
    this.#reason = message;
    const seat = code === 'seat-taken';
    if (seat) this.#seatRetries -= 1;
    if (!FINAL_ERRORS.has(code) && !(seat && this.#seatRetries <= 0)) return;
    this.#stop(new HoldlineError(seat ? 'busy' : 'bridge-protocol', `cannot go on with the bridge: ${message}`, { hint: seat ? 'There is one consumer; connect as an observer.' : 'See the offsets the app has stored.' }));
  }
}
