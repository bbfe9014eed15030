// A Modbus RTU device written from the specification: function 3, registers whose value is their number plus the unit's.
const FUNCTION_READ = 3;
const REQUEST_BYTES = 8;

export function crcOf(bytes: Buffer): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

export const valueOf = (unit: number, register: number): number => (unit * 1000 + register * 7) & 0xffff;

/** Collects requests from the bytes of the line and answers the whole and right ones; counts what it could not read. */
export class Meter {
  readonly #answer: (bytes: Buffer) => void;
  #pending = Buffer.alloc(0);
  requests = 0;
  broken = 0;

  constructor(answer: (bytes: Buffer) => void) { this.#answer = answer; }

  take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= REQUEST_BYTES) {
      const request = this.#pending.subarray(0, REQUEST_BYTES);
      if (request[1] !== FUNCTION_READ || crcOf(request.subarray(0, 6)) !== request.readUInt16LE(6)) {
        this.broken += 1;
        this.#pending = this.#pending.subarray(1);
        continue;
      }
      this.#pending = this.#pending.subarray(REQUEST_BYTES);
      this.requests += 1;
      this.#reply(request[0] ?? 0, request.readUInt16BE(2), request.readUInt16BE(4));
    }
  }

  #reply(unit: number, from: number, count: number): void {
    const out = Buffer.alloc(3 + count * 2 + 2);
    out.set([unit, FUNCTION_READ, count * 2]);
    for (let index = 0; index < count; index += 1) out.writeUInt16BE(valueOf(unit, from + index), 3 + index * 2);
    out.writeUInt16LE(crcOf(out.subarray(0, -2)), out.length - 2);
    this.#answer(out);
  }
}
