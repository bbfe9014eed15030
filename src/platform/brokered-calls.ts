// SystemCalls of a process without rights: it reads for itself, and asks its parent for every effect. What needs no answer is sent in
// bulk; its error comes with the next call that has one, as a write error may come with the close.
import { readSync, writeSync } from 'node:fs';
import { encodeCall, FrameCutter, type EffectAnswer, type EffectFailure } from './effect-frames.js';
import { callError } from './file-reader.js';
import type { CallPath, SystemCalls } from './system-calls.js';

/** Descriptors at the parent; above any of our own. */
export const FIRST_HANDLE = 1_000_000;
const BULK_BYTES = 128 * 1024;
/** Of one write; the rest is another. */
const PIECE_BYTES = 64 * 1024;
const ANSWER_BYTES = 64 * 1024;
const O_EXCL = 0o200;
const NOTHING = new Uint8Array();

export interface EffectPipes { readonly out: number; readonly in: number }

export interface BrokeredCalls {
  readonly calls: SystemCalls;
  /** Nothing below this folder is changed from now on, so a look there waits for nothing. Null: of no folder is that so. */
  keepsUnchanged(folder: string | null): void;
  /** What was asked for is done when this returns; throws the error of what was not. Before anything is called finished. */
  settle(): void;
}

export function brokeredCalls(pipes: EffectPipes, local: SystemCalls): BrokeredCalls {
  const line = new EffectLine(pipes);
  let unchanged: string | null = null;
  const stays = (path: CallPath): boolean => unchanged !== null && typeof path === 'string' && path.startsWith(`${unchanged}/`);
  return { calls: callsOver(line, local, stays), keepsUnchanged: (folder) => { unchanged = folder; }, settle: () => line.settle() };
}

function callsOver(line: EffectLine, local: SystemCalls, stays: (path: CallPath) => boolean): SystemCalls {
  let handle = FIRST_HANDLE;
  const text = (path: CallPath): string => {
    const name = path.toString();
    if (typeof path !== 'string' && !Buffer.from(name).equals(path)) throw callError('EILSEQ', 'a name that is not UTF-8 cannot be asked for', name);
    return name;
  };
  /** What was asked for before is done before we look, where it could be seen. */
  const looking = <Path extends CallPath, Rest extends readonly unknown[], Result>(look: (path: Path, ...rest: Rest) => Result) => (path: Path, ...rest: Rest): Result => {
    if (!stays(path)) line.settle();
    return look(path, ...rest);
  };
  return {
    lstat: looking((path) => local.lstat(path)), fstat: (fd) => local.fstat(fd), readdir: looking((path) => local.readdir(path)), readlink: looking((path) => local.readlink(path)),
    realpath: looking((path) => local.realpath(path)), statfs: looking((path) => local.statfs(path)), open: looking((path, flags, mode) => local.open(path, flags, mode)),
    read: (fd, into) => local.read(fd, into),
    close: (fd) => { if (fd < FIRST_HANDLE) local.close(fd); else line.send('close', [fd]); },
    openWrite: (path, flags, mode) => {
      handle += 1;
      if ((flags & O_EXCL) === 0) line.ask('openWrite', [handle, path, flags, mode]); else line.send('openWrite', [handle, path, flags, mode]);
      return handle;
    },
    write: (fd, bytes) => {
      const piece = bytes.subarray(0, PIECE_BYTES);
      line.send('write', [fd], piece);
      return piece.length;
    },
    fsync: (fd) => { if (fd < FIRST_HANDLE) { line.settle(); local.fsync(fd); } else line.ask('fsync', [fd]); },
    mkdir: (path, mode) => line.send('mkdir', [path, mode]),
    symlink: (target, path) => line.send('symlink', [target, path]),
    link: (from, to) => line.send('link', [from, to]),
    rename: (from, to) => line.ask('rename', [from, to]),
    exchange: () => false,
    unlink: (path) => line.ask('unlink', [text(path)]),
    rmdir: (path) => line.ask('rmdir', [text(path)]),
    chmod: (path, mode) => line.ask('chmod', [text(path), mode]),
    lchown: (path) => { throw callError('EPERM', 'ownership is not ours to give', path); },
    truncate: (path, length) => line.ask('truncate', [path, length]),
    copyFile: (_from, to) => { throw callError('EPERM', 'nothing is copied from here', to); },
    syncFilesystem: (path) => { throw callError('EPERM', 'not asked for from here', path); },
  };
}

/** Blocking on purpose, as the calls it stands for are. */
class EffectLine {
  readonly #cutter = new FrameCutter();
  readonly #answer = Buffer.allocUnsafeSlow(ANSWER_BYTES);
  /** One for all frames: what is written passes through here, and a buffer each would be the most of our memory. */
  readonly #bulk = Buffer.allocUnsafeSlow(BULK_BYTES);
  #filled = 0;
  #unanswered = false;

  constructor(private readonly pipes: EffectPipes) {}

  send(call: string, args: readonly (string | number)[], bytes: Uint8Array = NOTHING): void {
    this.#add(call, false, args, bytes);
    this.#unanswered = true;
  }

  ask(call: string, args: readonly (string | number)[]): void {
    this.#add(call, true, args, NOTHING);
    this.#flush();
    this.#unanswered = false;
    const answer = this.#read();
    if (!answer.ok) throw systemError(answer.error);
  }

  settle(): void { if (this.#unanswered) this.ask('settle', []); }

  #add(call: string, answer: boolean, args: readonly (string | number)[], bytes: Uint8Array): void {
    const frame = encodeCall(call, answer, args, bytes.length);
    if (this.#filled + frame.length + bytes.length > BULK_BYTES) this.#flush();
    if (frame.length + bytes.length > BULK_BYTES) throw callError('ENAMETOOLONG', 'a path is too long', call);
    // No later than the end of this turn: what was received must survive us.
    if (this.#filled === 0) setImmediate(() => this.#flush());
    this.#filled += frame.copy(this.#bulk, this.#filled);
    this.#bulk.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  #flush(): void {
    for (let rest = this.#bulk.subarray(0, this.#filled); rest.length > 0;) rest = rest.subarray(writeSync(this.pipes.out, rest));
    this.#filled = 0;
  }

  #read(): EffectAnswer {
    for (;;) {
      const length = readSync(this.pipes.in, this.#answer);
      if (length === 0) throw new Error('the process that acts for this one is gone');
      for (const { head } of this.#cutter.push(this.#answer.subarray(0, length))) return head as EffectAnswer;
    }
  }
}

function systemError({ code, message, syscall, path }: EffectFailure): Error {
  return Object.assign(new Error(message), { code, ...(syscall === undefined ? {} : { syscall }), ...(path === undefined ? {} : { path }) });
}
