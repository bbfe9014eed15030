// The few system calls everything durable is made of, one function each, so that a test can fail or end the process at any of them.
// Nothing here adds meaning; that is filesystem.ts.

/** Bytes where a name is not valid UTF-8. */
export type CallPath = string | Buffer;

export interface CallStat {
  readonly mode: number;
  readonly size: number;
  readonly dev: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
}

/** Each throws the system's own error (`code`, `syscall`, `path`). */
export interface SystemCalls {
  lstat(path: CallPath): CallStat;
  fstat(fd: number): CallStat;
  readdir(path: CallPath): Buffer[];
  readlink(path: string): string;
  realpath(path: string): string;
  statfs(path: string): { readonly bsize: number; readonly bavail: number; readonly files: number; readonly ffree: number };
  /** `flags` as in open(2). */
  open(path: string, flags: number, mode?: number): number;
  /** Number of bytes read at the file's own position; 0 at the end. */
  read(fd: number, into: Uint8Array): number;
  close(fd: number): void;

  /** Opens for writing; may create or empty the file. */
  openWrite(path: string, flags: number, mode: number): number;
  /** Number of bytes written, which may be fewer. */
  write(fd: number, bytes: Uint8Array): number;
  fsync(fd: number): void;
  mkdir(path: string, mode: number): void;
  symlink(target: string, path: string): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  /** renameat2 with RENAME_EXCHANGE; false where kernel, filesystem or machine cannot. */
  exchange(a: string, b: string): boolean;
  unlink(path: CallPath): void;
  rmdir(path: CallPath): void;
  chmod(path: CallPath, mode: number): void;
  lchown(path: string, uid: number, gid: number): void;
  truncate(path: string, length: number): void;
  /** Content only, into a file that must not exist yet; a clone where the filesystem can. */
  copyFile(from: string, to: string): void;
  syncFilesystem(path: string): void;
}

/** The calls that change something or decide what survives: the ones a crash is tried at. */
export const EFFECTS = [
  'openWrite', 'write', 'fsync', 'mkdir', 'symlink', 'link', 'rename', 'exchange', 'unlink', 'rmdir', 'chmod', 'lchown',
  'truncate', 'copyFile', 'syncFilesystem',
] as const satisfies readonly (keyof SystemCalls)[];
