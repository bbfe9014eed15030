// The bytes of the proof: each byte is a function of its place, so that a lost, doubled or moved byte shows at once.

/** `lane` tells the two directions apart. */
export function patternByte(place: number, lane: number): number {
  return (Math.imul(place + lane * 0x5bd1e995, 0x9e3779b1) >>> 24) ^ (Math.floor(place / 256) & 0xff);
}

export function pattern(from: number, bytes: number, lane: number): Buffer {
  const out = Buffer.allocUnsafe(bytes);
  for (let index = 0; index < bytes; index += 1) out[index] = patternByte(from + index, lane);
  return out;
}

/** Place of the first byte that is not what it should be; -1 when all are right. */
export function firstWrong(bytes: Buffer, from: number, lane: number): number {
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] !== patternByte(from + index, lane)) return from + index;
  return -1;
}

export const LANE_IN = 1;
export const LANE_OUT = 2;
