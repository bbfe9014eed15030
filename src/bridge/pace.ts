// When a device has been talking without a break for a while and nobody answers it, looking at every byte costs CPU and wins nothing: then
// the line rests some milliseconds between two looks. PURE. Must never slow down a question and its answer.

/** Bytes that come closer together than this are one unbroken stream. */
const UNBROKEN_MS = 20;
/** Longer than any Modbus frame at 38400 and above; a longer one comes later by 4 % at the most. */
const STREAM_AFTER_MS = 100;
export const REST_MS = 4;
/** As much at one look says that the line is faster than we: a rest would fill the driver's 4 KiB. */
const BUSY_BYTES = 1024;

export class Pace {
  #beganMs = Number.NaN;
  #lastMs = Number.NEGATIVE_INFINITY;
  #restMs = 0;

  /** Bytes have come: how long to rest before the next look. */
  received(bytes: number, nowMs: number): number {
    if (nowMs - this.#lastMs > UNBROKEN_MS + this.#restMs) this.#beganMs = nowMs;
    this.#lastMs = nowMs;
    this.#restMs = bytes < BUSY_BYTES && nowMs - this.#beganMs > STREAM_AFTER_MS ? REST_MS : 0;
    return this.#restMs;
  }

  /** Somebody talks to the device: the answer is wanted at once. */
  wrote(): void { this.#lastMs = Number.NEGATIVE_INFINITY; }
}
