// Chunks between the socket and the app's loop. Above a limit the socket waits, so that a slow app holds no unbounded memory.
import type { HoldlineError } from '../../domain/errors.js';
import type { Chunk } from './client-events.js';

const MAX_QUEUED_BYTES = 1024 * 1024;

interface Waiter { readonly resolve: (result: IteratorResult<Chunk>) => void; readonly reject: (error: HoldlineError) => void }

export class ChunkQueue {
  #chunks: Chunk[] = [];
  #bytes = 0;
  #waiters: Waiter[] = [];
  #ended = false;
  #error: HoldlineError | undefined;
  #full = false;
  readonly #onFull: (full: boolean) => void;

  constructor(onFull: (full: boolean) => void) { this.#onFull = onFull; }

  push(chunk: Chunk): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) { waiter.resolve({ done: false, value: chunk }); return; }
    this.#chunks.push(chunk);
    this.#bytes += chunk.data.length;
    if (this.#full || this.#bytes <= MAX_QUEUED_BYTES) return;
    this.#full = true;
    this.#onFull(true);
  }

  /** What is queued is still delivered; then the iteration ends, or throws. */
  end(error: HoldlineError | undefined): void {
    this.#ended = true;
    this.#error = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) this.#settleEnd(waiter);
  }

  #settleEnd(waiter: Waiter): void {
    if (this.#error === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(this.#error);
  }

  iterate(): AsyncIterator<Chunk> {
    return { next: () => new Promise((resolve, reject) => { this.#next({ resolve, reject }); }) };
  }

  #next(waiter: Waiter): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      if (this.#ended) this.#settleEnd(waiter);
      else this.#waiters.push(waiter);
      return;
    }
    this.#bytes -= chunk.data.length;
    waiter.resolve({ done: false, value: chunk });
    if (!this.#full || this.#bytes > MAX_QUEUED_BYTES / 2) return;
    this.#full = false;
    this.#onFull(false);
  }
}
