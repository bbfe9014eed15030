// Cuts a byte stream into frames, whatever pieces it arrives in. PURE; never holds more than one frame's bytes.
import { decodeFrame, readOffset } from './frames.js';
import { HEADER_BYTES, MAX_PAYLOAD_BYTES, ProtocolFault } from './protocol.js';
import type { Frame } from './protocol.js';

export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** Adds what arrived and returns the frames now complete, one at a time. Throws ProtocolFault; the reader is then of no more use. */
  *push(chunk: Buffer): Generator<Frame, void, undefined> {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(1);
      // Refused by the header alone: a foreign protocol's first bytes must not make us wait for gigabytes.
      if (length > MAX_PAYLOAD_BYTES) throw new ProtocolFault('oversized', `a frame announces ${length} bytes; ${MAX_PAYLOAD_BYTES} is the most. This client may speak another protocol`);
      const end = HEADER_BYTES + length;
      if (bytes.length < end) break;
      const frame = decodeFrame(bytes.readUInt8(0), readOffset(bytes, 5, 'a frame'), bytes.subarray(HEADER_BYTES, end));
      bytes = bytes.subarray(end);
      this.#held = bytes;
      yield frame;
    }
    this.#held = bytes;
  }
}
