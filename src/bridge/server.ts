// The unix socket NAME.sock: made beside its place and renamed over it, so that there is no instant without a socket; one Session per
// connection; slow and silent clients are dropped here. Must never serve anybody outside the socket's group (0660).
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { HoldlineError } from '../domain/errors.js';
import { Session } from './session.js';
import type { SessionServices } from './session.js';

const MAX_CONNECTIONS = 64;
const SWEEP_MS = 1000;
/** A unix socket's path holds 107 bytes. */
const MAX_PATH_BYTES = 100;

export interface ServerLimits {
  /** A client that takes nothing for this long while bytes wait is dropped. */
  readonly stallMs: number;
  /** A connection without HELLO is dropped after this. */
  readonly helloMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = { stallMs: 30_000, helloMs: 10_000 };

interface Watched { progress: number; sinceMs: number }

export class BridgeServer {
  readonly sessions = new Map<Session, Watched>();
  readonly #path: string;
  readonly #server: Server;
  readonly #sweep: NodeJS.Timeout;
  readonly #nowMs: () => number;
  readonly #limits: ServerLimits;

  constructor(path: string, services: SessionServices, nowMs: () => number, limits: ServerLimits = DEFAULT_LIMITS) {
    this.#path = path;
    this.#nowMs = nowMs;
    this.#limits = limits;
    this.#server = createServer((socket) => {
      const session = new Session(socket, services);
      this.sessions.set(session, { progress: 0, sinceMs: nowMs() });
      socket.on('close', () => { this.sessions.delete(session); });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#sweep = setInterval(() => { this.#dropIdle(); }, SWEEP_MS);
    this.#sweep.unref();
  }

  async listen(): Promise<void> {
    if (Buffer.byteLength(this.#path) > MAX_PATH_BYTES) {
      throw new HoldlineError('usage', `cannot make the socket ${this.#path}: the path is longer than ${MAX_PATH_BYTES} bytes`, { hint: 'Choose a shorter --name or --socket-dir.' });
    }
    const temporary = `${this.#path}.${process.pid}`;
    rmSync(temporary, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new HoldlineError('permission', `cannot make the socket ${this.#path}: ${error.message}`, { hint: 'The folder must be writable for the bridge; name another with --socket-dir.', cause: error }));
      });
      this.#server.listen(temporary, resolve);
    });
    chmodSync(temporary, 0o660);
    renameSync(temporary, this.#path);
  }

  /** Takes no new connections and closes those there are. The socket's path is removed unless a successor has put its own there. */
  close(reason: string, removePath: boolean): void {
    clearInterval(this.#sweep);
    for (const session of this.sessions.keys()) session.fail('shutting-down', reason);
    this.#server.close();
    if (removePath) rmSync(this.#path, { force: true });
  }

  #dropIdle(): void {
    const now = this.#nowMs();
    for (const [session, watched] of this.sessions) {
      const { progress } = session;
      const stuck = session.isOpen ? session.waiting && progress === watched.progress : !session.asks;
      if (!stuck) Object.assign(watched, { progress, sinceMs: now });
      else if (session.isOpen && now - watched.sinceMs > this.#limits.stallMs) session.fail('slow', `it has taken nothing for ${this.#limits.stallMs / 1000} s`);
      else if (!session.isOpen && now - watched.sinceMs > this.#limits.helloMs) session.fail('unexpected', 'no HELLO came');
    }
  }
}
