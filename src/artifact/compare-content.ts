// Compares a stream of pieces with a file as the pieces come, without keeping them.
import type { Filesystem } from '../domain/ports.js';

const CHUNK_BYTES = 256 * 1024;

export class ContentComparison {
  readonly #chunks: Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #matched = 0;

  constructor(private readonly fs: Filesystem, readonly path: string, private readonly size: number) {
    this.#chunks = fs.readChunks(path, chunkBytesFor(size))[Symbol.iterator]();
  }

  /** Whether the next bytes are the file's next bytes. After the first false the comparison is over. */
  matches(bytes: Uint8Array): boolean {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#chunk.length === 0) {
        const next = this.#chunks.next();
        if (next.done === true) return false;
        this.#chunk = next.value;
      }
      const length = Math.min(rest.length, this.#chunk.length);
      if (Buffer.compare(rest.subarray(0, length), this.#chunk.subarray(0, length)) !== 0) return false;
      this.#chunk = this.#chunk.subarray(length);
      rest = rest.subarray(length);
    }
    this.#matched += bytes.length;
    return true;
  }

  /** Whether every byte of the file has been matched. */
  isComplete(): boolean { return this.#matched === this.size; }

  close(): void { this.#chunks.return?.(); }

  /** The bytes that all earlier pieces had, read again from the file. */
  * matchedBytes(): Generator<Uint8Array> {
    let left = this.#matched;
    if (left === 0) return;
    for (const chunk of this.fs.readChunks(this.path, chunkBytesFor(left))) {
      yield chunk.subarray(0, left);
      left -= Math.min(left, chunk.length);
      if (left === 0) return;
    }
  }
}

const chunkBytesFor = (size: number): number => Math.min(CHUNK_BYTES, Math.max(size, 1));
