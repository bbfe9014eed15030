// What the bridge asks of the kernel beyond node:fs. Two implementations: native (koffi: exact) and plain (no C library: limits
// stated at start). Descriptors are plain numbers, because they outlive the process that opened them.
import type { LineSettings } from './line-settings.js';

/** `gone`: the other end has hung up. `full`: no room to store it (ENOSPC, EDQUOT). `empty`: nothing (more) to move now. */
export interface Transfer { readonly moved: number; readonly state: 'more' | 'empty' | 'gone' | 'full' }

export interface Interest { readonly readable: boolean; readonly writable: boolean }

/** Readiness of one descriptor; a hang-up is told as readable. */
export interface Watch {
  set(interest: Interest): void;
  close(): void;
}

export interface PtyPair { readonly master: number; /** `/dev/pts/N`. */ readonly path: string }

export interface System {
  readonly kind: 'native' | 'plain';
  /** Takes what waits in `tty` and appends it to the file at `at`; `pipe` holds it in between, so that a kill at any instant leaves each byte in exactly one place. */
  receive(tty: number, pipe: number | undefined, file: number, at: number): Transfer;
  /** Moves what a killed predecessor left in the pipe. */
  drain(pipe: number, file: number, at: number): Transfer;
  /** Sends from the file's own position, which the kernel moves together with the bytes. */
  send(file: number, out: number, limit: number): Transfer;
  position(file: number): number;
  seek(file: number, to: number): void;
  /** Gives a stretch of a file back to the filesystem; offsets stay. */
  release(file: number, from: number, to: number): void;
  /** Takes the exclusive lock of an open file; false when another process holds it. Freed with its last descriptor. */
  lock(file: number): boolean;
  unlock(file: number): void;
  watch(file: number, onReady: () => void): Watch;
  /** Raw mode, speed, hupcl off; never flushes. False when the driver cannot make the speed. */
  applyLine(tty: number, path: string, line: LineSettings): boolean;
  /** TIOCEXCL: nobody else (but root) can open it. */
  claim(tty: number): void;
  /** What the exact design needs; undefined where there is no C library. */
  readonly native: NativeExtras | undefined;
}

export interface NativeExtras {
  makePipe(path: string): void;
  openPty(): PtyPair;
  /** The other end's path of a master that is open. */
  ptyPath(master: number): string;
  /** True when the other end of a tty or socket has gone. */
  hasHungUp(file: number): boolean;
  /** Lets a descriptor pass through exec, or not. */
  inherit(file: number, on: boolean): void;
  /** TERM for us when the parent dies. */
  dieWithParent(): void;
  /** Replaces this process; returns only by throwing. */
  execute(path: string, argv: readonly string[], env: Readonly<Record<string, string | undefined>>): never;
  /** One datagram with at most one descriptor to a unix socket (systemd's notify socket). */
  notify(socketPath: string, message: string, file?: number): void;
  /** Returns when systemd has read every datagram before it. Throws when that takes too long. */
  barrier(socketPath: string, timeoutMs: number): void;
  /** Opens and closes the other end once and makes it raw, so that a program finds a line and not a terminal. */
  makeRaw(path: string): void;
}
