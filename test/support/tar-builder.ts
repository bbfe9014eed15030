// Tar archives byte by byte, honest or hostile: every field can be set, nothing is checked.
import { gzipSync } from 'node:zlib';

export interface RawEntry {
  readonly name: string | Buffer;
  readonly type?: string;
  readonly body?: string | Buffer;
  readonly mode?: number;
  readonly linkname?: string | Buffer;
  /** Instead of the body's length; text goes into the field as it is. */
  readonly size?: number | string | Buffer;
  readonly prefix?: string;
  readonly magic?: string;
  readonly badChecksum?: boolean;
  /** Writes the body without padding it to a block. */
  readonly unpadded?: boolean;
}

export const END = Buffer.alloc(1024);

export function rawHeader(entry: RawEntry): Buffer {
  const block = Buffer.alloc(512);
  const put = (value: string | Buffer, at: number, max: number): void => { Buffer.from(value as string).copy(block, at, 0, max); };
  const body = Buffer.from((entry.body ?? '') as string);
  put(entry.name, 0, 100);
  put(`${(entry.mode ?? 0o644).toString(8).padStart(7, '0')}\0`, 100, 8);
  put('0000000\0', 108, 8);
  put('0000000\0', 116, 8);
  put(typeof entry.size === 'object' || typeof entry.size === 'string' ? entry.size : `${(entry.size ?? body.length).toString(8).padStart(11, '0')}\0`, 124, 12);
  put('00000000000\0', 136, 12);
  put(entry.type ?? '0', 156, 1);
  put(entry.linkname ?? '', 157, 100);
  put(entry.magic ?? 'ustar\u000000', 257, 8);
  put(entry.prefix ?? '', 345, 155);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (entry.badChecksum === true ? 1 : 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return block;
}

export function rawEntry(entry: RawEntry): Buffer {
  const body = Buffer.from((entry.body ?? '') as string);
  const padding = entry.unpadded === true ? 0 : (512 - (body.length % 512)) % 512;
  return Buffer.concat([rawHeader(entry), body, Buffer.alloc(padding)]);
}

export const rawTar = (entries: readonly RawEntry[], end: Buffer = END): Buffer => Buffer.concat([...entries.map(rawEntry), end]);
export const rawTarGz = (entries: readonly RawEntry[], end: Buffer = END): Buffer => gzipSync(rawTar(entries, end));

export function paxRecord(keyword: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`), Buffer.from(value as string), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export const paxEntry = (records: Readonly<Record<string, string>>, type = 'x'): RawEntry =>
  ({ name: 'PaxHeader/x', type, body: Buffer.concat(Object.entries(records).map(([keyword, value]) => paxRecord(keyword, value))) });

export const file = (name: string, body: string | Buffer = name, mode = 0o644): RawEntry => ({ name, body, mode });
export const folder = (name: string): RawEntry => ({ name: `${name}/`, type: '5', mode: 0o755 });
export const link = (name: string, linkname: string): RawEntry => ({ name, type: '2', linkname, mode: 0o777 });
export const hardLink = (name: string, linkname: string): RawEntry => ({ name, type: '1', linkname });
