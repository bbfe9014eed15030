// The reading loop over tar blocks: pieces of any length in, whole entries out. node-tar's Parser is not used for this because it
// (measured on 7.5.23) keeps and copies everything that follows the end of the archive, skips what it does not know without a word,
// and tears a multi-byte name of a long pax header where two pieces meet.
import { BLOCK_BYTES, decodeTarHeader, isZeroBlock, type TarHeader } from './tar-header.js';
import { parsePaxRecords, type PaxRecords } from './pax-records.js';
import { invalidArchive, overLimit } from './archive-errors.js';

/** One entry with its extension headers applied. */
export type TarEntry = TarHeader & { readonly type: 'file' | 'directory' | 'link' | 'hardlink' | 'unsupported' };

export interface TarSink {
  entry(entry: TarEntry): void;
  /** A piece of the entry's body; may be kept. */
  body(bytes: Buffer): void;
  entryEnd(): void;
}

/** A pax header holds two names and small print: more is an attack on memory. */
const MAX_META_BYTES = 64 * 1024;
const MAX_GLOBAL_HEADERS = 16;
/** GNU tar pads to its blocking factor, rarely above 512 KiB. */
const MAX_TAIL_BYTES = 1024 * 1024;

type State =
  | { readonly at: 'header' }
  | { readonly at: 'body'; remaining: number; padding: number }
  | { readonly at: 'meta'; readonly header: TarHeader; readonly parts: Buffer[]; remaining: number; padding: number }
  | { readonly at: 'padding'; remaining: number }
  | { readonly at: 'end'; tail: number };

export class TarReader {
  #state: State = { at: 'header' };
  #partial: Buffer | undefined;
  #zeroBlocks = 0;
  #globalHeaders = 0;
  #pending: { pax?: PaxRecords; path?: string; linkpath?: string } = {};

  constructor(private readonly sink: TarSink) {}

  push(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0) rest = rest.subarray(this.#take(rest));
  }

  /** No more pieces. Anything but a complete archive is refused. */
  finish(): void {
    if (this.#state.at !== 'end' || this.#partial !== undefined) throw invalidArchive('the archive is truncated');
  }

  /** Consumes at least one byte; answers how many. */
  #take(bytes: Buffer): number {
    const state = this.#state;
    switch (state.at) {
      case 'header': return this.#takeHeader(bytes);
      case 'body': {
        const length = Math.min(state.remaining, bytes.length);
        this.sink.body(bytes.subarray(0, length));
        state.remaining -= length;
        if (state.remaining === 0) this.#endBody(state.padding);
        return length;
      }
      case 'meta': {
        const length = Math.min(state.remaining, bytes.length);
        state.parts.push(bytes.subarray(0, length));
        state.remaining -= length;
        if (state.remaining === 0) {
          this.#remember(state.header, Buffer.concat(state.parts));
          this.#skip(state.padding);
        }
        return length;
      }
      case 'padding': {
        const length = Math.min(state.remaining, bytes.length);
        state.remaining -= length;
        if (state.remaining === 0) this.#state = { at: 'header' };
        return length;
      }
      case 'end': return takeTail(state, bytes);
    }
  }

  #takeHeader(bytes: Buffer): number {
    const had = this.#partial?.length ?? 0;
    const length = Math.min(BLOCK_BYTES - had, bytes.length);
    const block = this.#partial === undefined ? bytes.subarray(0, length) : Buffer.concat([this.#partial, bytes.subarray(0, length)]);
    this.#partial = block.length < BLOCK_BYTES ? block : undefined;
    if (block.length === BLOCK_BYTES) this.#header(block);
    return length;
  }

  #header(block: Buffer): void {
    if (isZeroBlock(block)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks === 2) {
        if (Object.keys(this.#pending).length > 0) throw invalidArchive('an extended header has no entry after it');
        this.#state = { at: 'end', tail: 0 };
      }
      return;
    }
    if (this.#zeroBlocks > 0) throw invalidArchive('more data follows the end of the archive');
    const header = decodeTarHeader(block);
    if (header.type === 'pax' || header.type === 'pax-global' || header.type === 'long-path' || header.type === 'long-link') this.#startMeta(header);
    else this.#startEntry({ ...header, type: header.type });
  }

  #startMeta(header: TarHeader): void {
    if (header.size > MAX_META_BYTES) throw overLimit(`an extended header has ${header.size} bytes, more than ${MAX_META_BYTES}`);
    if (header.size === 0) return;
    this.#state = { at: 'meta', header, parts: [], remaining: header.size, padding: paddingOf(header.size) };
  }

  #remember(header: TarHeader, body: Buffer): void {
    const pending = this.#pending;
    if (header.type === 'pax-global') {
      // git archive writes one with the commit's id; a name or size for all entries has no honest use.
      if (Object.keys(parsePaxRecords(body)).length > 0) throw invalidArchive('a global header sets names or sizes');
      this.#globalHeaders += 1;
      if (this.#globalHeaders > MAX_GLOBAL_HEADERS) throw overLimit('it has too many global headers');
      return;
    }
    const key = header.type === 'pax' ? 'pax' : header.type === 'long-path' ? 'path' : 'linkpath';
    if (pending[key] !== undefined) throw invalidArchive('an entry has two extended headers of the same kind');
    if (key === 'pax') pending.pax = parsePaxRecords(body);
    else pending[key] = longName(body);
    if ((pending.path !== undefined && pending.pax?.path !== undefined) || (pending.linkpath !== undefined && pending.pax?.linkpath !== undefined)) {
      throw invalidArchive('an entry has its name twice in extended headers');
    }
  }

  #startEntry(header: TarEntry): void {
    const { pax, path, linkpath } = this.#pending;
    this.#pending = {};
    const longPath = pax?.path ?? path ?? header.path;
    // Before POSIX, a directory was a file whose name ends with a slash; only the full name can tell.
    const type = header.type === 'file' && longPath.endsWith('/') ? 'directory' : header.type;
    const entry: TarEntry = { ...header, type, path: longPath, linkpath: pax?.linkpath ?? linkpath ?? header.linkpath, size: pax?.size ?? header.size };
    if (entry.type !== 'file' && entry.type !== 'unsupported' && entry.size !== 0) {
      throw invalidArchive(`a ${entry.type} entry has a body, which not every reader skips alike`);
    }
    this.sink.entry(entry);
    if (entry.size === 0) this.sink.entryEnd();
    else this.#state = { at: 'body', remaining: entry.size, padding: paddingOf(entry.size) };
  }

  #endBody(padding: number): void {
    this.sink.entryEnd();
    this.#skip(padding);
  }

  #skip(padding: number): void {
    this.#state = padding === 0 ? { at: 'header' } : { at: 'padding', remaining: padding };
  }
}

const paddingOf = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;

function takeTail(state: { tail: number }, bytes: Buffer): number {
  if (bytes.some((byte) => byte !== 0)) throw invalidArchive('more data follows the end of the archive');
  state.tail += bytes.length;
  if (state.tail > MAX_TAIL_BYTES) throw overLimit('it is padded without end');
  return bytes.length;
}

/** GNU's long names end with one NUL; another one inside would hide the rest. */
function longName(body: Buffer): string {
  const name = body.at(-1) === 0 ? body.subarray(0, -1) : body;
  if (name.length === 0 || name.includes(0)) throw invalidArchive('a long name is empty or has a NUL in it');
  return name.toString('utf8');
}
