// Does for a process without rights what it asks for, inside the folders granted to it and nowhere else. It is the only one that writes
// there while the grant lasts, so what it looks at before a call is still so when the call is made.
// Must never write through a link, nor into a file that has a second name: that name may be the running version's.
import { constants } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { errnoOf } from '../domain/errors.js';
import { CANNOT_LINK } from '../domain/fs-errors.js';
import { isTemporaryOf } from '../domain/temporary-names.js';
import { FIRST_HANDLE } from './brokered-calls.js';
import { BadFrame, encodeHead, FrameCutter, readCall, type EffectAnswer, type EffectCall } from './effect-frames.js';
import { callError, isMissing } from './file-reader.js';
import type { CallStat, SystemCalls } from './system-calls.js';

export interface Grant {
  /** Everything below these folders, and the folders themselves. */
  readonly folders: readonly string[];
  /** These files, and the temporary names of their durable writes. */
  readonly files: readonly string[];
  /** Files below it may get a second name inside `folders`; they are not changed. */
  readonly linkFrom: string | null;
}

export interface EffectBroker {
  /** Takes the place of what was granted before. Open files stay open. */
  grant(grant: Grant): void;
  /** Bytes from the process; what comes back goes to it. @throws BadFrame: end that process */
  receive(piece: Uint8Array): readonly Buffer[];
  /** Bytes it has had written so far. */
  written(): number;
  /** Closes what it left open. */
  close(): void;
}

const NOTHING: Grant = { folders: [], files: [], linkFrom: null };
const MAX_OPEN_FILES = 32;
const PERMISSION_BITS = 0o777;
const COPY_BYTES = 256 * 1024;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW, S_IFMT, S_IFDIR, S_IFREG, S_IFLNK } = constants;
const OPEN_WAYS = [O_WRONLY | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_APPEND];

/** @param maxBytes all it may write together */
export function createEffectBroker(calls: SystemCalls, maxBytes: number): EffectBroker {
  const broker = new Broker(calls, maxBytes);
  const cutter = new FrameCutter();
  return {
    grant: (grant) => broker.grant(grant),
    close: () => broker.close(),
    written: () => broker.written(),
    receive: (piece) => {
      const answers: Buffer[] = [];
      for (const frame of cutter.push(piece)) {
        const answer = broker.take(readCall(frame));
        if (answer !== undefined) answers.push(encodeHead(answer, 0));
      }
      return answers;
    },
  };
}

interface Linkable { readonly path: string; readonly mode: number }

class Broker {
  readonly #files = new Map<number, number>();
  readonly #realFolders = new Set<string>();
  #grant = NOTHING;
  #failed: EffectAnswer | undefined;
  #written = 0;

  constructor(private readonly calls: SystemCalls, private readonly maxBytes: number) {}

  grant(grant: Grant): void {
    this.#grant = grant;
    this.#realFolders.clear();
  }

  written(): number { return this.#written; }

  close(): void {
    for (const fd of this.#files.values()) this.calls.close(fd);
    this.#files.clear();
  }

  /** After a failure that nobody waited for, nothing more is done (but closing) until somebody waits, and learns of it. */
  take(call: EffectCall): EffectAnswer | undefined {
    if (this.#failed !== undefined && call.call === 'close') this.#attempt(call);
    const answer = this.#failed ?? this.#attempt(call);
    this.#failed = call.answer || answer.ok ? undefined : answer;
    return call.answer ? answer : undefined;
  }

  #attempt({ call, args, bytes }: EffectCall): EffectAnswer {
    try {
      this.#perform(call, args, bytes);
      return { ok: true };
    } catch (thrown) {
      if (thrown instanceof BadFrame || !(thrown instanceof Error)) throw thrown;
      const { syscall, path } = thrown as { readonly syscall?: string; readonly path?: string };
      return { ok: false, error: { code: errnoOf(thrown) ?? 'EIO', message: thrown.message, syscall, path } };
    }
  }

  #perform(call: string, args: EffectCall['args'], bytes: Buffer): void {
    const path = (index: number): string => { const value = args[index]; if (typeof value !== 'string') throw new BadFrame(`${call}: a path is missing`); return value; };
    const number = (index: number): number => { const value = args[index]; if (typeof value !== 'number' || value < 0) throw new BadFrame(`${call}: a number is missing`); return value; };
    switch (call) {
      case 'settle': return undefined;
      case 'openWrite': return this.#open(number(0), path(1), number(2), number(3));
      case 'write': return this.#write(this.#fd(number(0)), bytes);
      case 'fsync': return this.calls.fsync(this.#fd(number(0)));
      case 'close': return this.#close(number(0));
      case 'mkdir': return this.calls.mkdir(this.#granted(path(0)), number(1) & PERMISSION_BITS);
      case 'symlink': return this.#changing(() => this.calls.symlink(path(0), this.#granted(path(1))));
      case 'link': return this.#share(this.#linkable(path(0)), this.#granted(path(1)));
      case 'rename': return this.#changing(() => this.calls.rename(this.#granted(path(0)), this.#granted(path(1))));
      case 'unlink': return this.#changing(() => this.calls.unlink(this.#granted(path(0))));
      case 'rmdir': return this.#changing(() => this.calls.rmdir(this.#granted(path(0))));
      case 'chmod': return this.calls.chmod(this.#only(path(0)), number(1) & PERMISSION_BITS);
      case 'truncate': return this.calls.truncate(this.#only(path(0)), number(1));
      default: throw new BadFrame(`an unknown call ${JSON.stringify(call)}`);
    }
  }

  #open(handle: number, path: string, flags: number, mode: number): void {
    if (!OPEN_WAYS.includes(flags)) throw callError('EPERM', 'a file is not opened like this', path);
    if (handle <= FIRST_HANDLE || this.#files.has(handle)) throw callError('EBADF', 'a descriptor that cannot be', path);
    if (this.#files.size >= MAX_OPEN_FILES) throw callError('EMFILE', 'too many files are open', path);
    const granted = (flags & O_EXCL) === 0 ? this.#only(path) : this.#granted(path);
    this.#files.set(handle, this.calls.openWrite(granted, flags | O_NOFOLLOW, mode & PERMISSION_BITS));
  }

  /** A second name, or a file of its own where none can be had. Nobody waits for each, so it is decided here. */
  #share({ path, mode }: Linkable, to: string): void {
    try { this.calls.link(path, to); } catch (thrown) {
      if (!CANNOT_LINK.has(errnoOf(thrown) ?? '')) throw thrown;
      this.#copy(path, to, mode);
    }
  }

  #copy(from: string, to: string, mode: number): void {
    const source = this.calls.open(from, O_RDONLY | O_NOFOLLOW);
    try {
      const fd = this.calls.openWrite(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & PERMISSION_BITS);
      try {
        const piece = Buffer.allocUnsafe(COPY_BYTES);
        for (let length = this.calls.read(source, piece); length > 0; length = this.calls.read(source, piece)) this.#write(fd, piece.subarray(0, length));
      } finally { this.calls.close(fd); }
    } finally { this.calls.close(source); }
  }

  #write(fd: number, bytes: Buffer): void {
    this.#written += bytes.length;
    if (this.#written > this.maxBytes) throw callError('EDQUOT', `more than the ${this.maxBytes} bytes that the settings allow`, 'staging');
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.calls.write(fd, rest));
  }

  #close(handle: number): void {
    const fd = this.#files.get(handle);
    this.#files.delete(handle);
    if (fd !== undefined) this.calls.close(fd);
  }

  #fd(handle: number): number {
    const fd = this.#files.get(handle);
    if (fd === undefined) throw callError('EBADF', 'no such open file', String(handle));
    return fd;
  }

  /** What was a folder may be a link now. */
  #changing(act: () => void): void {
    try { act(); } finally { this.#realFolders.clear(); }
  }

  /** The path itself, when it lies in what was granted and is reached through real folders only. */
  #granted(path: string): string {
    const folder = this.#grant.folders.find((root) => path === root || path.startsWith(`${root}/`));
    if (folder === undefined && !this.#grant.files.some((file) => path === file || isTemporaryFor(file, path))) throw callError('EACCES', 'outside what was granted', path);
    assertPlain(path);
    if (folder !== undefined && path !== folder) this.#assertRealFolders(folder, dirname(path));
    return path;
  }

  /** A granted path where nothing stands yet, or something that has no other name. */
  #only(path: string): string {
    const granted = this.#granted(path);
    const found = this.#look(granted);
    if (found === undefined || (found.mode & S_IFMT) === S_IFDIR) return granted;
    if ((found.mode & S_IFMT) === S_IFLNK || (found.mode & S_IFMT) !== S_IFREG || found.nlink > 1) throw callError('EACCES', 'a link, or a file with a second name', path);
    return granted;
  }

  #linkable(path: string): Linkable {
    const { linkFrom } = this.#grant;
    if (linkFrom === null || !path.startsWith(`${linkFrom}/`)) throw callError('EACCES', 'outside what was granted', path);
    assertPlain(path);
    this.#assertRealFolders(linkFrom, dirname(path));
    const mode = this.#look(path)?.mode ?? 0;
    if ((mode & S_IFMT) !== S_IFREG) throw callError('EACCES', 'not a file', path);
    return { path, mode };
  }

  #assertRealFolders(root: string, folder: string): void {
    if (this.#realFolders.has(folder)) return;
    if (folder !== root) this.#assertRealFolders(root, dirname(folder));
    const found = this.#look(folder);
    if (found === undefined) throw callError('ENOENT', 'no such folder', folder);
    if ((found.mode & S_IFMT) !== S_IFDIR) throw callError('EACCES', 'not a real folder', folder);
    this.#realFolders.add(folder);
  }

  #look(path: string): CallStat | undefined {
    try { return this.calls.lstat(path); } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  }
}

function isTemporaryFor(file: string, path: string): boolean {
  return dirname(path) === dirname(file) && isTemporaryOf(file.slice(dirname(file).length + 1), path.slice(dirname(path).length + 1));
}

/** No `..`, no `.`, no double slash, no NUL: the text is the place. */
function assertPlain(path: string): void {
  if (path !== normalize(path) || path !== join('/', path) || path.includes('\0') || path.endsWith('/')) throw callError('EINVAL', 'not a plain full path', path);
}
