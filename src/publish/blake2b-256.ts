// BLAKE2b with 32 bytes of output (RFC 7693), which node:crypto lacks: minisign's secret keys carry one as their checksum. Pure.
// For a few hundred bytes only; messages are hashed with node:crypto.

const MASK = 0xffffffffffffffffn;
const OUTPUT_BYTES = 32;
const BLOCK_BYTES = 128;
const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
] as const;
const SIGMA = [
  '0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8', '905724afe1bc683d',
  '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a', '6fe9b308c2d714a5', 'a2847615fb9e3cd0',
].map((row) => [...row].map((digit) => Number.parseInt(digit, 16)));
const ROUNDS = 12;
/** Which four words each of the eight mixings of a round works on. */
const LANES = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] as const;

export function blake2b256(message: Uint8Array): Buffer {
  const state: bigint[] = [...IV];
  state[0] = IV[0] ^ BigInt(0x01010000 | OUTPUT_BYTES);
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK_BYTES));
  for (let index = 0; index < blocks; index += 1) {
    const block = Buffer.alloc(BLOCK_BYTES);
    block.set(message.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    const isLast = index === blocks - 1;
    compress(state, block, BigInt(isLast ? message.length : (index + 1) * BLOCK_BYTES), isLast);
  }
  const output = Buffer.alloc(OUTPUT_BYTES);
  for (let word = 0; word < OUTPUT_BYTES / 8; word += 1) output.writeBigUInt64LE(state[word] ?? 0n, word * 8);
  return output;
}

function compress(state: bigint[], block: Buffer, counter: bigint, isLast: boolean): void {
  const words = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8));
  const v: bigint[] = [...state, ...IV];
  const at = (index: number): bigint => v[index] ?? 0n;
  v[12] = at(12) ^ counter;
  if (isLast) v[14] = at(14) ^ MASK;
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = SIGMA[round % SIGMA.length] ?? [];
    for (const [lane, [a, b, c, d]] of LANES.entries()) {
      for (const [half, [rotateD, rotateB]] of ([[32n, 24n], [16n, 63n]] as const).entries()) {
        v[a] = (at(a) + at(b) + (words[order[lane * 2 + half] ?? 0] ?? 0n)) & MASK;
        v[d] = rotateRight(at(d) ^ at(a), rotateD);
        v[c] = (at(c) + at(d)) & MASK;
        v[b] = rotateRight(at(b) ^ at(c), rotateB);
      }
    }
  }
  for (let index = 0; index < 8; index += 1) state[index] = (state[index] ?? 0n) ^ at(index) ^ at(index + 8);
}

const rotateRight = (value: bigint, bits: bigint): bigint => ((value >> bits) | (value << (64n - bits))) & MASK;
