// A PTY for programs that know nothing of the bridge: they open NAME.tty as if it were the port. It sits in the consumer's seat while
// a program has it open. The kernel moves the bytes and the position, so a killed bridge loses and doubles nothing here either.
import { chmodSync, chownSync, closeSync, fstatSync, openSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Hub, Participant } from './hub.js';
import type { Stream } from './stream.js';
import type { NativeExtras, System, Transfer, Watch } from './system.js';

/** A program opening the link is noticed within this. */
const LOOK_MS = 50;
const MAX_UNSENT_BYTES = 256 * 1024;
const FULL_RETRY_MS = 250;

export interface PtyFiles { readonly master: number; readonly pipe: number }

/** Makes NAME.tty name the program's end. A new PTY (`fresh`) is made raw and opened to the socket's group first; a kept one keeps what its program set. */
export function linkPty(link: string, slavePath: string, fresh: NativeExtras | undefined): void {
  if (fresh !== undefined) {
    fresh.makeRaw(slavePath);
    if (process.getuid !== undefined && process.getegid !== undefined) chownSync(slavePath, process.getuid(), process.getegid());
    chmodSync(slavePath, 0o660);
  }
  const temporary = `${link}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(slavePath, temporary);
  renameSync(temporary, link);
}

/** By file, not by path: a descriptor from another mount namespace has none here. */
function isOpenFile(file: number, path: string): boolean {
  const [one, other] = [fstatSync(file), statSync(path, { throwIfNoEntry: false })];
  return one.ino === other?.ino && one.dev === other.dev;
}

export class PtyLink implements Participant {
  readonly kind = 'pty';
  readonly label = 'the program at the PTY link';
  readonly role = 'consumer';
  readonly #system: System;
  readonly #native: NativeExtras;
  readonly #hub: Hub;
  readonly #files: PtyFiles;
  readonly #looking: NodeJS.Timeout;
  readonly #warn: (message: string) => void;
  #watch: Watch | undefined;
  #stream: Stream | undefined;
  /** Its file position is the program's place in the stream. */
  #reader: number | undefined;
  /** The kept reader of the epoch on the line. */
  #kept: number | undefined;
  #blocked = false;
  #refused = false;
  /** The filesystem of the spool takes nothing more from the program: it waits, as at a port that is not ready. */
  #full: NodeJS.Timeout | undefined;
  #toldFull = false;

  constructor(system: System, native: NativeExtras, hub: Hub, files: PtyFiles, kept: number | undefined, warn: (message: string) => void) {
    this.#system = system;
    this.#native = native;
    this.#hub = hub;
    this.#files = files;
    this.#kept = kept;
    this.#warn = warn;
    this.#looking = setInterval(() => { this.#look(); }, LOOK_MS);
  }

  get engaged(): boolean { return this.#watch !== undefined; }

  start(): void {
    // What a killed bridge had taken from the program and not yet stored.
    this.#drainPipe();
    this.#hub.join(this);
    this.#look();
  }

  /** The reader of a new epoch, which the keeper holds too. */
  adopt(kept: number): void {
    if (this.#kept !== undefined && this.#kept !== this.#reader) closeSync(this.#kept);
    this.#kept = kept;
  }

  stop(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#full);
    this.#watch?.close();
    this.#watch = undefined;
    this.#hub.leave(this);
  }

  /** Is a program there? While none has the link open, the kernel reports a hang-up. */
  #look(): void {
    if (this.#watch !== undefined) return;
    if (this.#native.hasHungUp(this.#files.master)) {
      // A program may have come, written and gone between two looks.
      if (this.#hub.takeSeat(this)) {
        this.#takeWrites();
        this.#hub.rise(this);
      }
      return;
    }
    this.#watch = this.#system.watch(this.#files.master, () => { this.#ready(); });
    this.wake();
  }

  #ready(): void {
    if (this.#watch === undefined) return;
    if (this.#native.hasHungUp(this.#files.master)) {
      if (this.#hub.takeSeat(this)) this.#takeWrites();
      this.#watch.close();
      this.#watch = undefined;
      this.#refused = false;
      this.#hub.rise(this);
      return;
    }
    this.#blocked = false;
    if (this.#hub.takeSeat(this)) this.#takeWrites();
    this.wake();
  }

  wake(): void {
    if (this.#watch === undefined) return;
    const seated = this.#hub.takeSeat(this);
    if (!seated && !this.#refused) this.#warn(`a program has opened the PTY link, but the seat is taken by ${this.#hub.seat?.label ?? 'a client that may come back'}: it gets nothing`);
    this.#refused = !seated;
    if (seated && !this.#blocked) while (this.#sendNext());
    const stream = this.#hub.current;
    this.#watch.set({ readable: seated && this.#full === undefined && stream !== undefined && stream.unsent < MAX_UNSENT_BYTES, writable: this.#blocked });
  }

  #takeWrites(): void {
    const stream = this.#hub.current;
    if (this.#full !== undefined || stream === undefined || stream.unsent >= MAX_UNSENT_BYTES) return;
    this.#moved(stream, this.#system.receive(this.#files.master, this.#files.pipe, stream.tx, stream.accepted));
  }

  #drainPipe(): void {
    const stream = this.#hub.current;
    if (stream !== undefined) this.#moved(stream, this.#system.drain(this.#files.pipe, stream.tx, stream.accepted));
  }

  #moved(stream: Stream, { moved, state }: Transfer): void {
    if (state === 'full') this.#waitForRoom(stream);
    else this.#toldFull = false;
    if (moved === 0) return;
    stream.grewUnsent(moved);
    this.#hub.line?.flush();
  }

  #waitForRoom(stream: Stream): void {
    if (!this.#toldFull) this.#warn('the filesystem of the spool is full: the program at the PTY link waits');
    this.#toldFull = true;
    stream.reclaim();
    clearTimeout(this.#full);
    this.#full = setTimeout(() => {
      this.#full = undefined;
      this.#drainPipe();
      this.wake();
    }, FULL_RETRY_MS);
  }

  /** Moves what there is for the program; true when an epoch is through and the next one begins. */
  #sendNext(): boolean {
    const stream = this.#stream ?? this.#hub.oldest;
    if (stream === undefined) return false;
    const reader = this.#readerOf(stream);
    if (reader !== undefined) this.#pass(stream, reader);
    if (!stream.ended || this.#blocked) return false;
    const next = this.#hub.after(stream);
    if (next === undefined) return false;
    this.#closeReader();
    this.#stream = next;
    return true;
  }

  #pass(stream: Stream, reader: number): void {
    if (this.#system.position(reader) < stream.tail) this.#system.seek(reader, stream.tail);
    const from = this.#system.position(reader);
    const wanted = stream.head - from;
    if (wanted <= 0) return;
    const { moved } = this.#system.send(reader, this.#files.master, wanted);
    stream.deliver(from + moved);
    this.#blocked = moved < wanted;
    this.#hub.acknowledge(stream, from + moved);
  }

  #readerOf(stream: Stream): number | undefined {
    if (this.#stream === stream && this.#reader !== undefined) return this.#reader;
    this.#stream = stream;
    const path = join(stream.directory, 'rx');
    if (this.#kept !== undefined && isOpenFile(this.#kept, path)) this.#reader = this.#kept;
    else if (stream.held > 0) {
      this.#reader = openSync(path, 'r');
      this.#system.seek(this.#reader, stream.tail);
    } else return undefined;
    return this.#reader;
  }

  #closeReader(): void {
    if (this.#reader !== undefined && this.#reader !== this.#kept) closeSync(this.#reader);
    this.#reader = undefined;
  }
}
