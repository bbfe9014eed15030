// One bounded file per service that takes its stdout and stderr. A file and not a pipe: a pipe dies with the daemon,
// and an adopted service that writes into a broken pipe dies of SIGPIPE or EPIPE.
import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceOutput } from '../domain/service-host.js';

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_READ_BYTES = 256 * 1024;
const MAX_TAIL_BYTES = 16 * 1024;
const MAX_LINE_CHARACTERS = 1_000;
/** The mark of a process whose output began before the last rotation. */
const ROTATED = -1;

/** Any service name as a file name of its own: no slash, no dot in front, no two names alike. */
export function logFileName(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._-]|^[.]/gu, (character) => [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  return `${safe.slice(0, 200)}.log`;
}

/** For the service itself to write to: append, so that emptying the file cannot leave a hole. */
export function openServiceLog(directory: string, name: string): number {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  return openSync(join(directory, logFileName(name)), constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
}

export class ServiceLog implements ServiceOutput {
  readonly #file: string;
  #offset: number;
  #partial = '';
  #mark = 0;

  /** Starts at the end of what is there: a predecessor has told the rest. */
  constructor(directory: string, name: string) {
    this.#file = join(directory, logFileName(name));
    this.#offset = withFile(this.#file, (fd) => fstatSync(fd).size) ?? 0;
  }

  collect(maxLines: number): { lines: readonly string[]; skipped: number } {
    return withFile(this.#file, (fd) => this.#collectFrom(fd, maxLines)) ?? { lines: [], skipped: 0 };
  }

  mark(): void {
    this.#mark = withFile(this.#file, (fd) => fstatSync(fd).size) ?? 0;
  }

  tail(maxLines: number): readonly string[] {
    const read = (file: string, from: number): string => withFile(file, (fd) => readRange(fd, Math.max(from, fstatSync(fd).size - MAX_TAIL_BYTES), MAX_TAIL_BYTES)) ?? '';
    let lines = toLines(read(this.#file, this.#mark));
    if (lines.length === 0 && this.#mark === ROTATED) lines = toLines(read(`${this.#file}.1`, 0));
    return lines.slice(-maxLines);
  }

  #collectFrom(fd: number, maxLines: number): { lines: readonly string[]; skipped: number } {
    const { size } = fstatSync(fd);
    if (size < this.#offset) this.#offset = 0; // emptied by somebody else
    let skipped = 0;
    if (size - this.#offset > MAX_READ_BYTES) { // a flood: its newest part is enough
      this.#offset = size - MAX_READ_BYTES;
      this.#partial = '';
      skipped += 1;
    }
    const text = this.#partial + readRange(fd, this.#offset, size - this.#offset);
    this.#offset = size;
    const end = text.lastIndexOf('\n');
    this.#partial = text.slice(end + 1, end + 1 + MAX_LINE_CHARACTERS);
    const lines = toLines(text.slice(0, end + 1));
    if (size > MAX_FILE_BYTES) this.#rotate(fd, size);
    skipped += Math.max(0, lines.length - maxLines);
    return { lines: lines.slice(0, maxLines), skipped };
  }

  /** The newest part moves to NAME.log.1 and the file is emptied in place, since the service holds it open. Lines written in that instant are lost. */
  #rotate(fd: number, size: number): void {
    const keep = Buffer.alloc(MAX_FILE_BYTES);
    const bytes = readSync(fd, keep, 0, MAX_FILE_BYTES, size - MAX_FILE_BYTES);
    writeFileSync(`${this.#file}.1.tmp`, keep.subarray(0, bytes), { mode: 0o640 });
    renameSync(`${this.#file}.1.tmp`, `${this.#file}.1`);
    ftruncateSync(fd, 0);
    this.#offset = 0;
    this.#mark = ROTATED;
  }
}

function withFile<T>(file: string, read: (fd: number) => T): T | undefined {
  let fd: number;
  try { fd = openSync(file, constants.O_RDWR | constants.O_NOFOLLOW); } catch { return undefined; } // not there yet
  try { return read(fd); } catch { return undefined; } finally { closeSync(fd); } // a full disk must not end the supervisor
}

function readRange(fd: number, from: number, length: number): string {
  const buffer = Buffer.alloc(Math.max(0, length));
  const bytes = readSync(fd, buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytes).toString('utf8');
}

/** Printable lines: what a service prints must not steer the terminal that shows it. */
function toLines(text: string): string[] {
  return text.split(/\r?\n/u).filter((line) => line.trim() !== '')
    .map((line) => line.slice(0, MAX_LINE_CHARACTERS).replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\t' ? ' ' : '')));
}
