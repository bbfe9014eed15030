// The writes an app has asked for and the bridge has not confirmed yet. PURE. Bytes are kept until the bridge has accepted them, so that
// they can be sent again after a reconnection; the promise is kept until the kernel's driver has them.
import { HoldlineError } from '../../domain/errors.js';
import { MAX_WRITE_BYTES } from '../protocol.js';
import type { Written } from './client-events.js';

interface Pending { readonly end: number; readonly resolve: (written: Written) => void; readonly reject: (error: HoldlineError) => void }
export interface WritePiece { readonly offset: number; readonly bytes: Buffer }

export class WriteQueue {
  /** Where the next byte goes. */
  #next = 0;
  #unaccepted: WritePiece[] = [];
  #pending: Pending[] = [];

  get next(): number { return this.#next; }
  get pending(): number { return this.#pending.length; }

  /** Cuts a write into frames. An explicit offset may repeat what is written already (a restarted app), but leaves no gap. */
  add(bytes: Buffer, offset: number, settle: Omit<Pending, 'end'>): WritePiece[] {
    if (offset > this.#next) {
      settle.reject(new HoldlineError('bridge-protocol', `cannot write at ${offset}: the next byte is ${this.#next}`, { hint: 'Write without an offset, or from one at or before client.writeOffset.' }));
      return [];
    }
    const fresh = bytes.subarray(Math.min(bytes.length, this.#next - offset));
    const pieces: WritePiece[] = [];
    for (let at = 0; at < fresh.length; at += MAX_WRITE_BYTES) pieces.push({ offset: this.#next + at, bytes: Buffer.from(fresh.subarray(at, at + MAX_WRITE_BYTES)) });
    this.#next += fresh.length;
    this.#unaccepted.push(...pieces);
    this.#pending.push({ end: offset + bytes.length, ...settle });
    return pieces;
  }

  /** The bridge's word on how far it is. */
  settle(epoch: string, accepted: number, confirmed: number): void {
    this.#unaccepted = this.#unaccepted.filter((piece) => piece.offset + piece.bytes.length > accepted);
    const done = this.#pending.filter((write) => write.end <= confirmed);
    this.#pending = this.#pending.filter((write) => write.end > confirmed);
    for (const write of done) write.resolve({ epoch, end: write.end, confirmed });
  }

  /** Connected again in the same epoch: what is to be sent again. The first connection sets the position. */
  resume(epoch: string, accepted: number, confirmed: number): readonly WritePiece[] {
    this.#next = Math.max(this.#next, accepted);
    this.settle(epoch, accepted, confirmed);
    return this.#unaccepted;
  }

  /** The epoch has ended: what was confirmed is confirmed, the rest is lost, and the app is told. */
  end(epoch: string, confirmed: number, accepted: number): void {
    this.settle(epoch, confirmed, confirmed);
    const lost = this.#pending;
    this.#pending = [];
    this.#unaccepted = [];
    this.#next = accepted;
    for (const write of lost) {
      write.reject(new HoldlineError('bridge-unavailable', `cannot confirm the write: the line went down after byte ${confirmed}`, { hint: 'Write again when the `epoch` event comes, if it still makes sense.', context: { confirmed, end: write.end } }));
    }
  }

  fail(error: HoldlineError): void {
    const lost = this.#pending;
    this.#pending = [];
    this.#unaccepted = [];
    for (const write of lost) write.reject(error);
  }
}
