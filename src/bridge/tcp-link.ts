// Raw TCP on the loopback address, for programs that want a socket: bytes as they come, no offsets. At most once for what a killed
// client had been sent. Must never listen on any other address.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { HoldlineError } from '../domain/errors.js';
import type { Hub, Participant } from './hub.js';
import type { Stream } from './stream.js';

const LOOPBACK = '127.0.0.1';
const MAX_IN_FLIGHT_BYTES = 64 * 1024;
const MAX_UNSENT_BYTES = 256 * 1024;

class TcpClient implements Participant {
  readonly kind = 'tcp';
  readonly label: string;
  readonly role = 'consumer';
  readonly #socket: Socket;
  readonly #hub: Hub;
  readonly #warn: (message: string) => void;
  #stream: Stream | undefined;
  #position = 0;

  constructor(socket: Socket, hub: Hub, warn: (message: string) => void) {
    this.#socket = socket;
    this.#hub = hub;
    this.#warn = warn;
    this.label = `a TCP client (port ${socket.remotePort ?? 0})`;
  }

  /** Takes the seat, or is turned away. */
  start(): boolean {
    if (!this.#hub.takeSeat(this)) return false;
    this.#hub.join(this);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes: Buffer) => { this.#write(bytes); });
    this.#socket.on('drain', () => { this.wake(); });
    this.#socket.on('close', () => { this.#hub.leave(this); });
    this.wake();
    return true;
  }

  #write(bytes: Buffer): void {
    const { line } = this.#hub;
    // As a program at a pulled-out port: what is written meanwhile is lost.
    if (line === undefined) return;
    try {
      line.stream.append(bytes);
    } catch {
      this.#warn(`closed ${this.label}: the filesystem of the spool is full`);
      this.#socket.destroy();
      return;
    }
    line.flush();
    if (line.stream.unsent > MAX_UNSENT_BYTES) this.#socket.pause();
  }

  wake(): void {
    const { current } = this.#hub;
    if (this.#socket.isPaused() && (current === undefined || current.unsent < MAX_UNSENT_BYTES / 2)) this.#socket.resume();
    while (this.#socket.writableLength < MAX_IN_FLIGHT_BYTES && this.#sendNext());
  }

  #sendNext(): boolean {
    const stream = this.#stream ?? this.#hub.oldest;
    if (stream === undefined) return false;
    this.#stream = stream;
    this.#position = Math.max(this.#position, stream.tail);
    if (this.#position < stream.head) {
      const bytes = Buffer.allocUnsafe(Math.min(stream.head - this.#position, MAX_IN_FLIGHT_BYTES));
      const count = stream.read(bytes, 0, bytes.length, this.#position);
      const end = this.#position + count;
      stream.deliver(end);
      this.#position = end;
      this.#socket.write(bytes.subarray(0, count), (error) => { if (error === undefined || error === null) this.#hub.acknowledge(stream, end); });
      return count > 0;
    }
    const next = stream.ended ? this.#hub.after(stream) : undefined;
    if (next === undefined) return false;
    this.#stream = next;
    this.#position = next.tail;
    return true;
  }
}

export async function listenTcp(hub: Hub, port: number, warn: (message: string) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (new TcpClient(socket, hub, warn).start()) return;
    warn(`turned a TCP client away: the seat is taken by ${hub.seat?.label ?? 'a client that may come back'}`);
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new HoldlineError('usage', `cannot listen on ${LOOPBACK}:${port}: ${error.message}`, { hint: 'Choose another --tcp port.', cause: error }));
    });
    server.listen(port, LOOPBACK, resolve);
  });
  return server;
}
