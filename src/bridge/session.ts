// One protocol client: its handshake, its place in the stream, its writes. It pulls bytes from the spool at its own pace, so a slow
// client costs no memory and delays nobody. Must never send a byte twice on one connection, nor one that is not stored.
import type { Socket } from 'node:net';
import { encodeFrame, fillDataHeader } from './frames.js';
import { FrameReader } from './frame-reader.js';
import type { Hub, Participant } from './hub.js';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, NO_EPOCH, PROTOCOL_VERSION, ProtocolFault } from './protocol.js';
import type { Frame, Role, WireError } from './protocol.js';
import type { Stream } from './stream.js';

/** Bytes on their way in one client's socket; above it we wait for the client. */
const MAX_IN_FLIGHT_BYTES = 256 * 1024;
/** Bytes accepted for the line and not yet sent; above it we stop listening to the writer until half is gone. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Answers a client has asked for and does not read; above it we stop listening to it, and the server drops it for taking nothing. */
const MAX_UNHEARD_BYTES = 2 * MAX_IN_FLIGHT_BYTES;
/** How long a new consumer waits for one that is just going. */
const SEAT_WAIT_TRIES = 30;
const SEAT_WAIT_MS = 10;

export interface SessionServices {
  readonly hub: Hub;
  report(): string;
  upgrade(session: Session): void;
  /** A successor wants the line. False when none was asked for. */
  takeover(session: Session, pid: number): boolean;
  log(level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>): void;
}

type HelloFrame = Extract<Frame, { type: 'hello' }>;

export class Session implements Participant {
  readonly kind = 'socket';
  readonly #socket: Socket;
  readonly #services: SessionServices;
  readonly #reader = new FrameReader();
  #role: Role = 'observer';
  #label = 'client';
  #open = false;
  #closed = false;
  #stream: Stream | undefined;
  #position = 0;
  #told = '';
  #toldDown: Stream | undefined;
  #seatWait: NodeJS.Timeout | undefined;
  #asks = false;

  constructor(socket: Socket, services: SessionServices) {
    this.#socket = socket;
    this.#services = services;
    socket.on('data', (chunk: Buffer) => { this.#arrived(chunk); });
    socket.on('drain', () => { this.wake(); });
    // 'close' follows; the reason is of no use to anybody.
    socket.on('error', () => undefined);
    socket.on('close', () => { this.#left(); });
  }

  get label(): string { return this.#label; }
  get role(): Role { return this.#role; }
  get isOpen(): boolean { return this.#open; }
  get closed(): boolean { return this.#closed; }
  /** Waits for us: the end of an upgrade. */
  get asks(): boolean { return this.#asks; }
  get position(): number { return this.#position; }
  get epoch(): string { return this.#stream?.id ?? NO_EPOCH; }
  /** Grows as long as the client takes something; stands still for one that does not. */
  get progress(): number { return this.#socket.bytesWritten - this.#socket.writableLength; }
  get waiting(): boolean { return this.#socket.writableLength > 0; }

  send(frame: Frame, sent?: () => void): void {
    this.#asks = false;
    if (!this.#closed) this.#socket.write(encodeFrame(frame), () => sent?.());
  }

  /** Ends the connection with its reason. */
  fail(code: WireError, message: string): void {
    if (this.#closed) return;
    // Whoever has only asked something is closed at every end of a bridge.
    if (this.#open || code !== 'shutting-down') this.#services.log(code === 'shutting-down' ? 'info' : 'warn', `closed ${this.#label}: ${message}`, { code });
    this.#socket.end(encodeFrame({ type: 'error', code, message }));
    this.#left();
    // Its answer has half a second to leave; what it still sends is not read.
    setTimeout(() => { this.#socket.destroy(); }, 500).unref();
  }

  #left(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#seatWait);
    this.#services.hub.leave(this);
    if (this.#open) this.#services.log('info', `${this.#label} has left`, { role: this.#role });
  }

  #arrived(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      for (const frame of this.#reader.push(chunk)) {
        this.#take(frame);
        if (this.#closed) return;
      }
      this.#regulate();
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      this.fail(error.wire, error.message);
    }
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case 'hello': this.#hello(frame); return;
      case 'status': this.send({ type: 'report', json: this.#services.report() }); return;
      case 'upgrade': this.#asks = true; this.#services.upgrade(this); return;
      case 'takeover':
        if (!this.#services.takeover(this, frame.pid)) this.fail('unexpected', 'no upgrade was asked for');
        return;
      case 'ack': this.#ack(frame.epoch, frame.offset); return;
      case 'write': this.#write(frame.epoch, frame.offset, frame.bytes); return;
      default: throw new ProtocolFault('unexpected', `a client does not send ${frame.type}`);
    }
  }

  #hello(frame: HelloFrame): void {
    if (this.#open || this.#seatWait !== undefined) throw new ProtocolFault('unexpected', 'HELLO comes once');
    if (frame.version !== PROTOCOL_VERSION) throw new ProtocolFault('version', `this bridge speaks protocol version ${PROTOCOL_VERSION}, the client ${frame.version}`);
    this.#label = frame.name === '' ? 'client' : frame.name.replaceAll(/[^\x20-\x7e]/g, '?');
    this.#role = frame.role;
    if (frame.role === 'observer' || this.#services.hub.takeSeat(this)) { this.#welcome(frame); return; }
    // The owner may have died this instant: writing to it makes the kernel tell us.
    const owner = this.#services.hub.seat;
    if (owner instanceof Session) owner.#probe();
    this.#awaitSeat(frame, SEAT_WAIT_TRIES);
  }

  #awaitSeat(frame: HelloFrame, tries: number): void {
    this.#seatWait = setTimeout(() => {
      this.#seatWait = undefined;
      if (this.#services.hub.takeSeat(this)) this.#welcome(frame);
      else if (tries > 1) this.#awaitSeat(frame, tries - 1);
      else this.fail('seat-taken', `the consumer's seat is taken by ${this.#services.hub.seat?.label ?? 'another client'}; connect as an observer, or stop it first`);
    }, SEAT_WAIT_MS);
  }

  #probe(): void { this.#tellWrites(true); }

  #welcome(frame: HelloFrame): void {
    const { hub } = this.#services;
    const known = hub.find(frame.epoch);
    if (known !== undefined && frame.from > known.head) {
      this.fail('from-future', `byte ${frame.from} of epoch ${known.id} was asked for; ${known.head} were received`);
      return;
    }
    const stream = known ?? (frame.role === 'consumer' ? hub.oldest : hub.newest);
    const fresh = frame.role === 'consumer' ? stream?.firstUnacknowledged : stream?.head;
    this.#stream = stream;
    this.#position = known === undefined ? fresh ?? 0 : frame.from;
    this.#open = true;
    hub.join(this);
    this.send({
      type: 'welcome', from: this.#position, version: PROTOCOL_VERSION, role: this.#role, resumed: known !== undefined, down: hub.line === undefined,
      epoch: stream?.id ?? NO_EPOCH, head: stream?.head ?? 0, tail: stream?.tail ?? 0, accepted: stream?.accepted ?? 0, confirmed: stream?.confirmed ?? 0,
    });
    this.#told = `${stream?.accepted ?? 0} ${stream?.confirmed ?? 0}`;
    this.#services.log('info', `${this.#label} has joined`, { role: this.#role, epoch: stream?.id ?? NO_EPOCH, from: this.#position, resumed: known !== undefined });
    this.wake();
  }

  #ack(epoch: string, offset: number): void {
    if (!this.#open || this.#role !== 'consumer') throw new ProtocolFault(this.#open ? 'read-only' : 'unexpected', 'only a consumer acknowledges');
    const stream = this.#services.hub.find(epoch);
    // An epoch that is gone was acknowledged, or given up and told.
    if (stream === undefined) return;
    const sent = stream === this.#stream ? this.#position : stream.directory < (this.#stream?.directory ?? '') ? stream.head : 0;
    if (offset > sent) throw new ProtocolFault('ack-future', `byte ${offset} was acknowledged; ${sent} were sent`);
    this.#services.hub.acknowledge(stream, offset);
  }

  #write(epoch: string, offset: number, bytes: Buffer): void {
    if (!this.#open || this.#role !== 'consumer') throw new ProtocolFault(this.#open ? 'read-only' : 'unexpected', 'only a consumer writes');
    const { line } = this.#services.hub;
    if (line === undefined || line.stream.id !== epoch) return;
    const { stream } = line;
    if (offset > stream.accepted) throw new ProtocolFault('write-gap', `a write at ${offset} leaves a gap: the next byte is ${stream.accepted}`);
    try {
      stream.append(bytes.subarray(Math.min(bytes.length, stream.accepted - offset)));
    } catch {
      throw new ProtocolFault('no-space', `the filesystem of the spool is full: accepted up to ${stream.accepted}`);
    }
    const told = this.#told;
    line.flush();
    // Sending may have told it already; a repeated write is answered all the same.
    this.#tellWrites(told === this.#told);
  }

  /** Listens, or not for a while: the line is slower than the writer, or the client does not read what it has asked for. */
  #regulate(): void {
    const unsent = this.#role === 'consumer' && this.#open ? this.#services.hub.current?.unsent ?? 0 : 0;
    const unheard = this.#socket.writableLength;
    if (unsent > MAX_UNSENT_BYTES || unheard > MAX_UNHEARD_BYTES) this.#socket.pause();
    else if (this.#socket.isPaused() && unsent < MAX_UNSENT_BYTES / 2 && unheard <= MAX_IN_FLIGHT_BYTES) this.#socket.resume();
  }

  wake(): void {
    if (!this.#closed && this.#socket.isPaused()) this.#regulate();
    if (!this.#open || this.#closed) return;
    if (this.#role === 'consumer') this.#tellWrites(false);
    while (!this.#closed && this.#socket.writableLength < MAX_IN_FLIGHT_BYTES && this.#sendNext());
  }

  /** One frame of what comes next; false when there is nothing now. */
  #sendNext(): boolean {
    const stream = this.#stream ?? this.#services.hub.oldest;
    if (stream === undefined) return false;
    if (this.#stream === undefined) return this.#enter(stream);
    if (this.#position < stream.tail) {
      this.send({ type: 'gap', from: this.#position, to: stream.tail });
      this.#position = stream.tail;
      return true;
    }
    if (this.#position < stream.head) return this.#sendData(stream);
    if (!stream.ended) return false;
    if (this.#toldDown !== stream) {
      this.#toldDown = stream;
      this.send({ type: 'down', head: stream.head, epoch: stream.id, confirmed: stream.confirmed, reason: this.#services.hub.downReason });
    }
    const next = this.#services.hub.after(stream);
    return next !== undefined && this.#enter(next);
  }

  #enter(stream: Stream): boolean {
    this.#stream = stream;
    this.#position = this.#role === 'consumer' ? stream.firstUnacknowledged : 0;
    this.#told = `${stream.accepted} ${stream.confirmed}`;
    this.send({ type: 'epoch', from: this.#position, epoch: stream.id, accepted: stream.accepted, confirmed: stream.confirmed });
    return true;
  }

  #sendData(stream: Stream): boolean {
    const length = Math.min(stream.head - this.#position, MAX_PAYLOAD_BYTES);
    const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
    const read = stream.read(frame, HEADER_BYTES, length, this.#position);
    if (read === 0) return false;
    fillDataHeader(frame, this.#position, read);
    this.#socket.write(frame.subarray(0, HEADER_BYTES + read));
    if (this.#role === 'consumer') stream.deliver(this.#position + read);
    this.#position += read;
    return true;
  }

  /** The write positions of the epoch on the line, if they are news to this client (or it must hear them anyway). */
  #tellWrites(always: boolean): void {
    const stream = this.#services.hub.current;
    if (stream === undefined || stream !== this.#stream) return;
    const { accepted, confirmed } = stream;
    const told = `${accepted} ${confirmed}`;
    if (told === this.#told && !always) return;
    this.#told = told;
    this.send({ type: 'wack', accepted, epoch: stream.id, confirmed });
  }
}
