// The growing file of a download and the note beside it that says what it is part of.
// Bytes of another process are hashed again before they count; a note that does not fit throws them away.
import { createHash, type Hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { explainFsError } from '../domain/fs-errors.js';
import type { Filesystem, WritableFile } from '../domain/ports.js';
import { partPath } from './kept-bytes.js';

/** What the bytes belong to: all of it must be the same for them to be used again. */
export interface PartIdentity { readonly asset: string; readonly url: string; readonly size: number | null; readonly sha256: string | null }

export interface PartFile {
  readonly size: number;
  readonly etag: string | undefined;
  /** From how many answers it was put together; bytes found at the start count as one. */
  readonly pieces: number;
  /** The next bytes come from a new answer: after what is there, or (`fresh`) from zero. */
  begin(fresh: boolean, etag: string | undefined): void;
  /** Throws the system's own error: only the caller knows how much is still to come. */
  append(bytes: Uint8Array): void;
  digest(): string;
  /** On disk under its final name when this returns. */
  finish(): string;
  close(): void;
  discard(): void;
}

export const notePath = (directory: string, key: string): string => join(directory, `${key}.part.json`);

const NOTE_FORMAT = 1;
const MAX_NOTE_BYTES = 64 * 1024;
const BREATHE_BYTES = 8 * 1024 * 1024;

export async function openPartFile(fs: Filesystem, place: { readonly directory: string; readonly key: string }, identity: PartIdentity, signal: AbortSignal): Promise<PartFile> {
  const part = partPath(place.directory, place.key);
  const note = notePath(place.directory, place.key);
  const found = readNote(fs, note, identity);
  if (found === undefined || fs.stat(part)?.kind !== 'file') fs.remove(part);
  const hash = createHash('sha256');
  const size = fs.stat(part) === undefined ? 0 : await hashInto(fs, part, hash, signal);
  return new GrowingFile(fs, { part, note, final: join(place.directory, place.key) }, identity, { hash, size, etag: found?.etag });
}

/** Hashes a file without holding up an abort; resolves with its size. */
export async function hashInto(fs: Filesystem, path: string, hash: Hash, signal: AbortSignal): Promise<number> {
  let size = 0;
  let sinceBreath = 0;
  for (const chunk of fs.readChunks(path)) {
    hash.update(chunk);
    size += chunk.byteLength;
    sinceBreath += chunk.byteLength;
    if (sinceBreath < BREATHE_BYTES) continue;
    sinceBreath = 0;
    await setImmediate();
    signal.throwIfAborted();
  }
  return size;
}

class GrowingFile implements PartFile {
  size: number;
  etag: string | undefined;
  pieces: number;
  private hash: Hash;
  private file: WritableFile | undefined;
  private noted = false;

  constructor(
    private readonly fs: Filesystem,
    private readonly paths: { readonly part: string; readonly note: string; readonly final: string },
    private readonly identity: PartIdentity,
    start: { readonly hash: Hash; readonly size: number; readonly etag: string | undefined },
  ) {
    this.hash = start.hash;
    this.size = start.size;
    this.etag = start.etag;
    this.pieces = start.size > 0 ? 1 : 0;
  }

  begin(fresh: boolean, etag: string | undefined): void {
    doing('begin the download', () => {
      if (fresh) this.clear();
      if (!this.noted || etag !== this.etag) this.writeNote(etag);
      this.file ??= this.fs.open(this.paths.part, 'append', 0o600);
      this.pieces += 1;
    });
  }

  append(bytes: Uint8Array): void {
    this.file ??= this.fs.open(this.paths.part, 'append', 0o600);
    this.file.write(bytes);
    this.hash.update(bytes);
    this.size += bytes.byteLength;
  }

  digest(): string {
    return this.hash.copy().digest('hex');
  }

  finish(): string {
    doing('finish the download', () => {
      this.file ??= this.fs.open(this.paths.part, 'append', 0o600);
      this.file.sync();
      this.close();
      this.fs.rename(this.paths.part, this.paths.final);
      this.fs.remove(this.paths.note);
      this.fs.sync(dirname(this.paths.final));
    });
    return this.paths.final;
  }

  close(): void {
    const file = this.file;
    this.file = undefined;
    file?.close();
  }

  discard(): void {
    this.close();
    this.fs.remove(this.paths.part);
    this.fs.remove(this.paths.note);
    this.reset();
  }

  /** The old bytes go before the note of the new ones is written: the note never describes bytes of another answer. */
  private clear(): void {
    this.close();
    this.fs.remove(this.paths.part);
    this.reset();
  }

  private reset(): void {
    this.hash = createHash('sha256');
    this.size = 0;
    this.pieces = 0;
    this.etag = undefined;
    this.noted = false;
  }

  private writeNote(etag: string | undefined): void {
    this.fs.writeDurably(this.paths.note, JSON.stringify({ format: NOTE_FORMAT, ...this.identity, etag: etag ?? null }), 0o600);
    this.etag = etag;
    this.noted = true;
  }
}

/** A note that is missing, damaged or of something else is as good as none. */
function readNote(fs: Filesystem, path: string, identity: PartIdentity): { readonly etag: string | undefined } | undefined {
  try {
    const note: unknown = JSON.parse(fs.readText(path, MAX_NOTE_BYTES));
    if (typeof note !== 'object' || note === null) return undefined;
    const { format, asset, url, size, sha256, etag } = note as Record<string, unknown>;
    const same = format === NOTE_FORMAT && asset === identity.asset && url === identity.url && size === identity.size && sha256 === identity.sha256;
    return same ? { etag: typeof etag === 'string' ? etag : undefined } : undefined;
  } catch {
    return undefined;
  }
}

function doing<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw explainFsError(thrown, what);
  }
}
