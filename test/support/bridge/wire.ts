// The device's end of a serial line at a line's pace: what is sent leaves byte by byte as fast as the line would carry it; what a full
// kernel refuses is sent again, as flow control would.
import { closeSync, readSync, writeSync } from 'node:fs';
import { openPty } from './open-pty.js';

const TICK_MS = 1;
const READ_BYTES = 65_536;

export class Wire {
  readonly path: string;
  readonly #master: number;
  readonly #bytesPerMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #onData: (bytes: Buffer) => void;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #waiting: Buffer[] = [];
  #drained: (() => void)[] = [];
  #lastMs = performance.now();

  constructor(bytesPerMs: number, onData: (bytes: Buffer) => void) {
    const { master, path } = openPty();
    this.path = path;
    this.#master = master;
    this.#bytesPerMs = bytesPerMs;
    this.#onData = onData;
    this.#timer = setInterval(() => { this.#receive(); this.#transmit(); }, TICK_MS);
  }

  /** Resolves when the kernel has it all. */
  send(bytes: Buffer): Promise<void> {
    this.#waiting.push(bytes);
    return new Promise((resolve) => { this.#drained.push(resolve); });
  }

  close(): void {
    clearInterval(this.#timer);
    closeSync(this.#master);
  }

  #transmit(): void {
    const now = performance.now();
    let budget = Math.floor((now - this.#lastMs) * this.#bytesPerMs);
    if (budget === 0) return;
    this.#lastMs = now;
    for (let [next] = this.#waiting; next !== undefined && budget > 0; [next] = this.#waiting) {
      const took = this.#write(next.subarray(0, budget));
      budget -= took;
      if (took === next.length) this.#waiting.shift();
      else { this.#waiting[0] = next.subarray(took); if (took === 0) return; }
    }
    if (this.#waiting.length === 0) for (const done of this.#drained.splice(0)) done();
  }

  #write(bytes: Buffer): number {
    try {
      return writeSync(this.#master, bytes);
    } catch (error) {
      if (isAgain(error)) return 0;
      throw error;
    }
  }

  #receive(): void {
    for (;;) {
      try {
        const count = readSync(this.#master, this.#buffer, 0, READ_BYTES, null);
        if (count === 0) return;
        this.#onData(Buffer.from(this.#buffer.subarray(0, count)));
      } catch (error) {
        if (isAgain(error)) return;
        throw error;
      }
    }
  }
}

/** EIO: nobody has the other end open just now. */
const isAgain = (error: unknown): boolean => error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EIO');
