// One 512-byte header block as data. Decoding is node-tar's, whose reading of the dialects is the hardened one; on top of it
// everything that tar readers are known to read differently is refused. Pure.
import { Header } from 'tar/header';
import { invalidArchive } from './archive-errors.js';

export type TarType = 'file' | 'directory' | 'link' | 'hardlink' | 'pax' | 'pax-global' | 'long-path' | 'long-link' | 'unsupported';

export interface TarHeader {
  readonly type: TarType;
  /** As in the archive: neither checked nor normalised. */
  readonly path: string;
  readonly linkpath: string;
  /** Bytes of the body that follows. */
  readonly size: number;
  readonly mode: number;
  /** The letter in the archive, for messages. */
  readonly typeflag: string;
}

export const BLOCK_BYTES = 512;
const SIZE_FIELD = { from: 124, to: 136 } as const;
const TYPEFLAG_AT = 156;
/** First byte of a number too large for octal digits. */
const BASE_256 = 0x80;
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);

const TYPES: Readonly<Record<string, TarType>> = {
  '\0': 'file', '0': 'file', '7': 'file', '1': 'hardlink', '2': 'link', '5': 'directory',
  x: 'pax', g: 'pax-global', L: 'long-path', K: 'long-link',
};

export const isZeroBlock = (block: Buffer): boolean => block.equals(ZERO_BLOCK);

export function decodeTarHeader(block: Buffer): TarHeader {
  const header = decode(block);
  if (!header.cksumValid) throw invalidArchive('the checksum of a tar header is wrong');
  const typeflag = String.fromCharCode(block[TYPEFLAG_AT] ?? 0);
  const type = (Object.hasOwn(TYPES, typeflag) ? TYPES[typeflag] : undefined) ?? 'unsupported';
  return { type, path: header.path ?? '', linkpath: header.linkpath ?? '', size: sizeOf(block), mode: header.mode ?? 0o644, typeflag };
}

function decode(block: Buffer): Header {
  try {
    return new Header(block, 0);
  } catch (cause) {
    throw invalidArchive('a number in a tar header is damaged', cause);
  }
}

/** The size as written. Not node-tar's, which is 0 for a file whose shortened name happens to end with a slash. */
function sizeOf(block: Buffer): number {
  const field = block.subarray(SIZE_FIELD.from, SIZE_FIELD.to);
  const text = field.toString('latin1').replace(/[\0 ]+$/, '').replace(/^ +/, '');
  if (text === '') return 0;
  const size = field[0] === BASE_256 ? Number(BigInt(`0x${field.toString('hex', 1)}`)) : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw invalidArchive('the size in a tar header is not a number');
  return size;
}
