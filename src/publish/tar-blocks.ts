// Tar blocks with nothing in them that differs between two machines: no times, owners or names of users. Pure.
// ustar where it can, a pax header where a name or size does not fit; both are read by every tar.

export interface TarItem {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link';
  readonly executable: boolean;
  readonly size: number;
  /** Target text of a link. */
  readonly target: string;
}

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const MAX_OCTAL_SIZE = 0o77777777777;
const TYPEFLAGS = { file: '0', directory: '5', link: '2', pax: 'x' } as const;

/** Two zero blocks. */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES);

export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);

/** Everything that stands before the body. */
export function tarHeader(item: TarItem): Buffer {
  const path = item.type === 'directory' ? `${item.path}/` : item.path;
  const split = splitName(path);
  const records = [
    ...(split === undefined ? [paxRecord('path', path)] : []),
    ...(isPlain(item.target, NAME_BYTES) ? [] : [paxRecord('linkpath', item.target)]),
    ...(item.size > MAX_OCTAL_SIZE ? [paxRecord('size', String(item.size))] : []),
  ];
  const { name, prefix } = split ?? { name: fallbackName(path), prefix: '' };
  const header = block({
    name, prefix, mode: item.type === 'directory' || item.executable ? 0o755 : item.type === 'link' ? 0o777 : 0o644,
    size: item.size > MAX_OCTAL_SIZE ? 0 : item.size, typeflag: TYPEFLAGS[item.type], target: isPlain(item.target, NAME_BYTES) ? item.target : '-',
  });
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const pax = block({ name: 'PaxHeader', prefix: '', mode: 0o644, size: body.length, typeflag: TYPEFLAGS.pax, target: '' });
  return Buffer.concat([pax, body, tarPadding(body.length), header]);
}

interface Fields { readonly name: string; readonly prefix: string; readonly mode: number; readonly size: number; readonly typeflag: string; readonly target: string }

function block(fields: Fields): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  bytes.write(fields.name, 0, 'ascii');
  bytes.write(octal(fields.mode, 7), 100, 'ascii');
  bytes.write(octal(0, 7), 108, 'ascii');
  bytes.write(octal(0, 7), 116, 'ascii');
  bytes.write(octal(fields.size, 11), 124, 'ascii');
  bytes.write(octal(0, 11), 136, 'ascii');
  bytes.fill(' ', 148, 156);
  bytes.write(fields.typeflag, 156, 'ascii');
  bytes.write(fields.target, 157, 'ascii');
  bytes.write('ustar\u000000', 257, 'ascii');
  bytes.write(octal(0, 7), 329, 'ascii');
  bytes.write(octal(0, 7), 337, 'ascii');
  bytes.write(fields.prefix, 345, 'ascii');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return bytes;
}

const isPlain = (text: string, maxBytes: number): boolean => text.length <= maxBytes && /^[\x20-\x7e]*$/.test(text);

/** At a slash, so that both halves fit; undefined when there is none such. */
function splitName(path: string): { name: string; prefix: string } | undefined {
  if (isPlain(path, NAME_BYTES)) return { name: path, prefix: '' };
  if (!isPlain(path, NAME_BYTES + PREFIX_BYTES + 1)) return undefined;
  const slash = path.indexOf('/', path.length - NAME_BYTES - 1);
  if (slash <= 0 || slash > PREFIX_BYTES || slash === path.length - 1) return undefined;
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) };
}

/** What readers without pax would see; never ends with a slash by accident. */
const fallbackName = (path: string): string => path.replaceAll(/[^\x20-\x7e]/g, '_').slice(0, NAME_BYTES - 1).replace(/\/+$/, '_');

function paxRecord(keyword: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${keyword}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${keyword}=${value}\n`);
}
