// SystemCalls on Node: node:fs, renameat2 through koffi, syncfs through the `sync` command.
// koffi is loaded at the first exchange only, child_process at the first syncfs: `--status` needs neither.
import {
  chmodSync, closeSync, constants, copyFileSync, fstatSync, fsyncSync, lchownSync, linkSync, lstatSync, mkdirSync, openSync,
  readdirSync, readlinkSync, readSync, realpathSync, renameSync, rmdirSync, statfsSync, symlinkSync, truncateSync, unlinkSync, writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { SystemCalls } from './system-calls.js';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
/** The kernel or the filesystem does not know the exchange; the caller has another way. */
const CANNOT_EXCHANGE: readonly string[] = ['ENOSYS', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP'];
const SYNC_TIMEOUT_MS = 600_000;

export function nodeSystemCalls(): SystemCalls {
  return {
    lstat: (path) => lstatSync(path),
    fstat: (fd) => fstatSync(fd),
    readdir: (path) => readdirSync(path, { encoding: 'buffer' }),
    readlink: (path) => readlinkSync(path),
    realpath: (path) => realpathSync(path),
    statfs: (path) => statfsSync(path),
    open: (path, flags, mode) => openSync(path, flags, mode),
    read: (fd, into) => readSync(fd, into),
    close: (fd) => closeSync(fd),
    openWrite: (path, flags, mode) => openSync(path, flags, mode),
    write: (fd, bytes) => writeSync(fd, bytes),
    fsync: (fd) => fsyncSync(fd),
    mkdir: (path, mode) => { mkdirSync(path, mode); },
    symlink: (target, path) => symlinkSync(target, path),
    link: (from, to) => linkSync(from, to),
    rename: (from, to) => renameSync(from, to),
    exchange: makeExchange(),
    unlink: (path) => unlinkSync(path),
    rmdir: (path) => rmdirSync(path),
    chmod: (path, mode) => chmodSync(path, mode),
    lchown: (path, uid, gid) => lchownSync(path, uid, gid),
    truncate: (path, length) => truncateSync(path, length),
    copyFile: (from, to) => copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
    syncFilesystem,
  };
}

interface Koffi {
  load(library: null): { func(prototype: string): (...values: readonly (number | string)[]) => number };
  errno(): number;
}

type Rename = (a: string, b: string) => number;

function makeExchange(): SystemCalls['exchange'] {
  let loaded: { readonly rename: Rename; readonly koffi: Koffi } | false | undefined;
  const load = (): typeof loaded => {
    try {
      const koffi = createRequire(import.meta.url)('koffi') as Koffi;
      const renameat2 = koffi.load(null).func('int renameat2(int, const char *, int, const char *, unsigned int)');
      return { koffi, rename: (a, b) => renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) };
    } catch {
      return false; // no prebuilt binary for this machine, or a C library without renameat2
    }
  };
  return (a, b) => {
    loaded ??= load();
    if (loaded === undefined || loaded === false) return false;
    if (loaded.rename(a, b) === 0) return true;
    const errno = loaded.koffi.errno();
    const code = getSystemErrorName(-errno);
    if (CANNOT_EXCHANGE.includes(code)) return false;
    throw systemError(code, 'renameat2', a, `${a} <-> ${b}`, errno);
  };
}

/** syncfs(2) through coreutils; the only way without native code that reports a write error. */
function syncFilesystem(path: string): void {
  const ran = process.getBuiltinModule('node:child_process').spawnSync('sync', ['-f', '--', path], { stdio: ['ignore', 'ignore', 'pipe'], timeout: SYNC_TIMEOUT_MS, env: commandEnvironment() });
  if (ran.error !== undefined) throw ran.error;
  if (ran.status !== 0) throw systemError('EIO', 'syncfs', path, ran.stderr.toString().trim() || `sync was killed by ${ran.signal ?? 'nobody'}`);
}

const commandEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' });

function systemError(code: string, syscall: string, path: string, detail: string, errno?: number): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${detail}'`), { code, syscall, path, ...(errno === undefined ? {} : { errno: -errno }) });
}
