// gzip whose bytes depend on the content only: no time, no file name, and "unknown" for the system it was made on.
// (The deflate stream itself is that of Node's zlib: another Node version may pack differently, the content stays the same.)
import { createHash } from 'node:crypto';
import { Readable, pipeline } from 'node:stream';
import { crc32, createDeflateRaw, deflateRawSync } from 'node:zlib';
import type { Filesystem } from '../domain/ports.js';

const DEFLATE_OPTIONS = { level: 9, memLevel: 9, chunkSize: 256 * 1024 };
/** magic, deflate, no flags, no time, best compression, unknown system */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff]);

export interface WrittenFile { readonly size: number; readonly sha256: string }

/** Writes a new file piece by piece, durably; pieces must not be reused by their maker. */
export async function writeGzip(fs: Filesystem, path: string, content: Iterable<Buffer>): Promise<WrittenFile> {
  const hash = createHash('sha256');
  let size = 0;
  const sum = { checksum: 0, length: 0 };
  const file = fs.open(path, 'truncate', 0o644);
  const put = (bytes: Buffer): void => {
    file.write(bytes);
    hash.update(bytes);
    size += bytes.length;
  };
  try {
    put(HEADER);
    const deflate = createDeflateRaw(DEFLATE_OPTIONS);
    pipeline(Readable.from(summed(content, sum), { objectMode: false }), deflate, () => { /* errors arrive through the loop below */ });
    for await (const piece of deflate as AsyncIterable<Buffer>) put(piece);
    put(trailer(sum));
    file.sync();
  } finally {
    file.close();
  }
  return { size, sha256: hash.digest('hex') };
}

/** The same for content in memory. */
export function packGzip(content: Buffer): Buffer {
  return Buffer.concat([HEADER, deflateRawSync(content, DEFLATE_OPTIONS), trailer({ checksum: crc32(content), length: content.length })]);
}

function* summed(content: Iterable<Buffer>, sum: { checksum: number; length: number }): Generator<Buffer> {
  for (const piece of content) {
    sum.checksum = crc32(piece, sum.checksum);
    sum.length += piece.length;
    if (piece.length > 0) yield piece;
  }
}

function trailer({ checksum, length }: { readonly checksum: number; readonly length: number }): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(checksum, 0);
  bytes.writeUInt32LE(length % 2 ** 32, 4);
  return bytes;
}
