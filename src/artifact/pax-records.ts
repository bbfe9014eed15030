// The records of a pax extended header, read strictly: `LENGTH KEYWORD=VALUE\n`, LENGTH in bytes. Pure.
// Must never guess: readers disagree on malformed records, and a name that two readers read differently is an attack.
import { invalidArchive } from './archive-errors.js';

export interface PaxRecords { readonly path?: string; readonly linkpath?: string; readonly size?: number }

const SPACE = 0x20;
const NEWLINE = 0x0a;
const UTF8_CHARSET = 'ISO-IR 10646 2000 UTF-8';

/** Only what changes how the next entry is read; times, owners and extended attributes are not ours to keep. */
export function parsePaxRecords(body: Buffer): PaxRecords {
  const found: { path?: string; linkpath?: string; size?: number } = {};
  const seen = new Set<string>();
  for (const [keyword, value] of readRecords(body)) {
    if (keyword.startsWith('GNU.sparse.')) throw invalidArchive('it holds a sparse file, which not every reader unpacks alike');
    if (keyword === 'hdrcharset' && value.toString() !== UTF8_CHARSET) throw invalidArchive('a pax header is not in UTF-8');
    if (keyword !== 'path' && keyword !== 'linkpath' && keyword !== 'size') continue;
    if (seen.has(keyword)) throw invalidArchive(`a pax header has "${keyword}" twice`);
    seen.add(keyword);
    if (keyword === 'size') found.size = parseSize(value.toString());
    else found[keyword] = parseName(keyword, value);
  }
  return found;
}

function* readRecords(body: Buffer): Generator<[string, Buffer]> {
  let position = 0;
  while (position < body.length) {
    const space = body.indexOf(SPACE, position);
    const digits = space === -1 ? '' : body.toString('latin1', position, space);
    const end = /^[1-9][0-9]{0,8}$/.test(digits) ? position + Number(digits) : -1;
    const equals = body.indexOf('=', space + 1);
    if (end === -1 || end > body.length || body[end - 1] !== NEWLINE || equals === -1 || equals >= end || equals === space + 1) {
      throw invalidArchive('a pax header is malformed');
    }
    yield [body.toString('utf8', space + 1, equals), body.subarray(equals + 1, end - 1)];
    position = end;
  }
}

function parseName(keyword: string, value: Buffer): string {
  if (value.length === 0 || value.includes(0)) throw invalidArchive(`a pax header has an empty ${keyword} or a NUL in it`);
  return value.toString('utf8');
}

function parseSize(text: string): number {
  const size = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(size)) throw invalidArchive('a pax header has a size that is not a number');
  return size;
}
