// A gzip file, member by member strictly: one member, nothing after it, checksum and length checked by ourselves.
// Must never skip trailing bytes: node:zlib's Gunzip ignores garbage and joins members silently, so the raw deflate stream is read instead.
import { createHash, type Hash } from 'node:crypto';
import { Readable, pipeline } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { errnoOf, toHoldlineError, HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import { invalidArchive } from './archive-errors.js';

/** Small pieces are collected sooner: at 256 KiB the peak is 15 MiB higher, and no faster. */
const READ_BYTES = 32 * 1024;
/** The high-water mark lets the next piece be inflated on its own thread while this one is written. */
const INFLATE_OPTIONS = { chunkSize: 32 * 1024, highWaterMark: 64 * 1024 };
const TRAILER_BYTES = 8;
const FIXED_HEADER_BYTES = 10;
const DEFLATE = 8;
const FLAG = { headerChecksum: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

export interface GzipProgress { /** Compressed bytes read so far. */ consumed: number }

export interface GzipFile {
  readonly path: string;
  readonly size: number;
  /** What the file's bytes must hash to as they are read here, through this very descriptor; null: something else covers what comes out of them. */
  readonly sha256: string | null;
}

/** The inflated content piece by piece. The last piece may come before the checksum is known: believe nothing until the loop has ended. */
export async function* readGzip(fs: Filesystem, file: GzipFile, progress: GzipProgress = { consumed: 0 }): AsyncGenerator<Buffer, void, undefined> {
  const member = new Member(fs, file, progress);
  const inflate = createInflateRaw(INFLATE_OPTIONS);
  pipeline(Readable.from(member.deflated(), { objectMode: false, highWaterMark: 1 }), inflate, () => { /* errors arrive through the loop below */ });
  let checksum = 0;
  let length = 0;
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      checksum = crc32(piece, checksum);
      length += piece.length;
      yield piece;
    }
  } catch (thrown) {
    throw explainInflate(thrown);
  } finally {
    inflate.destroy();
  }
  member.checkEnd(inflate.bytesWritten, checksum, length);
}

/** Splits the file into header, deflate stream and trailer. */
class Member {
  readonly #trailer: number[] = [];
  #deflateBytes = 0;

  readonly #hash: Hash | undefined;

  constructor(private readonly fs: Filesystem, private readonly file: GzipFile, private readonly progress: GzipProgress) {
    if (file.sha256 !== null) this.#hash = createHash('sha256');
  }

  * deflated(): Generator<Buffer, void, undefined> {
    const trailerFrom = this.file.size - TRAILER_BYTES;
    let position = 0;
    for (const chunk of this.fs.readChunks(this.file.path, READ_BYTES)) {
      // A copy: inflating happens on another thread while the port may reuse its buffer.
      const bytes = Buffer.from(chunk);
      this.#hash?.update(bytes);
      const start = position === 0 ? headerLength(bytes) : 0;
      const end = Math.max(start, Math.min(bytes.length, trailerFrom - position));
      this.#trailer.push(...bytes.subarray(end, end + TRAILER_BYTES));
      this.#deflateBytes += end - start;
      position += bytes.length;
      this.progress.consumed = position;
      if (end > start) yield bytes.subarray(start, end);
    }
    if (position !== this.file.size || this.#trailer.length !== TRAILER_BYTES) throw invalidArchive('the gzip file is truncated');
  }

  checkEnd(inflatedFrom: number, checksum: number, length: number): void {
    if (this.#hash !== undefined && this.#hash.digest('hex') !== this.file.sha256) throw changedSince(this.file.path);
    if (this.#trailer.length !== TRAILER_BYTES || inflatedFrom !== this.#deflateBytes) throw invalidArchive('more data follows the end of the gzip stream');
    const trailer = Buffer.from(this.#trailer);
    if (trailer.readUInt32LE(0) !== checksum || trailer.readUInt32LE(4) !== length % 2 ** 32) {
      throw invalidArchive('the gzip stream is truncated, has more than one member, or does not match its checksum');
    }
  }
}

function changedSince(path: string): HoldlineError {
  return new HoldlineError('artifact-digest', `cannot use ${path}: it is not what was verified; somebody changed it since. Nothing has changed on the device`, { hint: 'Find out who may write there; the next update fetches it anew.' });
}

function headerLength(bytes: Buffer): number {
  if (bytes.length < FIXED_HEADER_BYTES || bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw invalidArchive('it is not a gzip file');
  const flags = bytes[3] ?? FLAG.reserved;
  if (bytes[2] !== DEFLATE || (flags & FLAG.reserved) !== 0) throw invalidArchive('its gzip header is unknown');
  let position = FIXED_HEADER_BYTES;
  if ((flags & FLAG.extra) !== 0) position += 2 + (position + 2 <= bytes.length ? bytes.readUInt16LE(position) : 0);
  if ((flags & FLAG.name) !== 0) position = afterNul(bytes, position);
  if ((flags & FLAG.comment) !== 0) position = afterNul(bytes, position);
  if ((flags & FLAG.headerChecksum) !== 0) position += 2;
  if (position > bytes.length) throw invalidArchive('its gzip header does not end');
  return position;
}

function afterNul(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(0, from);
  if (at === -1) throw invalidArchive('its gzip header does not end');
  return at + 1;
}

function explainInflate(thrown: unknown): HoldlineError {
  if (thrown instanceof HoldlineError) return thrown;
  const code = errnoOf(thrown);
  if (code === 'Z_BUF_ERROR') return invalidArchive('the gzip stream is truncated', thrown);
  if (code?.startsWith('Z_') === true) return invalidArchive('the gzip stream is damaged', thrown);
  return toHoldlineError(thrown);
}
