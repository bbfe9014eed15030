// The system calls of the rescue path, from node:fs alone: no package, no native code. Named as in platform/, so that the
// same harness can end the process at any of them.
import {
  chmodSync, closeSync, fsyncSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, renameSync, rmdirSync, symlinkSync, truncateSync,
  unlinkSync, writeSync,
} from 'node:fs';

/** Bytes where a name is not valid UTF-8. */
export type CallPath = string | Buffer;
export interface CallStat { readonly mode: number; readonly size: number; readonly dev: number; readonly ino: number }

export interface RescueCalls {
  lstat(path: CallPath): CallStat;
  readdir(path: CallPath): Buffer[];
  readlink(path: string): string;
  open(path: string, flags: number): number;
  /** Bytes read at the file's own position; 0 at the end. */
  read(fd: number, into: Uint8Array): number;
  close(fd: number): void;
  openWrite(path: string, flags: number, mode: number): number;
  write(fd: number, bytes: Uint8Array): number;
  fsync(fd: number): void;
  symlink(target: string, path: string): void;
  rename(from: string, to: string): void;
  unlink(path: CallPath): void;
  rmdir(path: CallPath): void;
  chmod(path: CallPath, mode: number): void;
  truncate(path: string, length: number): void;
}

export const nodeRescueCalls: RescueCalls = {
  lstat: (path) => lstatSync(path),
  readdir: (path) => readdirSync(path, { encoding: 'buffer' }),
  readlink: (path) => readlinkSync(path),
  open: (path, flags) => openSync(path, flags),
  read: (fd, into) => readSync(fd, into),
  close: (fd) => closeSync(fd),
  openWrite: (path, flags, mode) => openSync(path, flags, mode),
  write: (fd, bytes) => writeSync(fd, bytes),
  fsync: (fd) => fsyncSync(fd),
  symlink: (target, path) => symlinkSync(target, path),
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
  rmdir: (path) => rmdirSync(path),
  chmod: (path, mode) => chmodSync(path, mode),
  truncate: (path, length) => truncateSync(path, length),
};

/** The errno name of a thrown system error. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

export const isMissing = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '');

/** This boot of the machine, so that one restart is counted once. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
