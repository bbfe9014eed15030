// The half of the Filesystem port that changes nothing. Reads regular files only: a FIFO or a device could block for ever.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { errnoOf } from '../domain/errors.js';
import { comparePaths } from '../domain/tree.js';
import type { FileKind, FileStat, Filesystem } from '../domain/ports.js';
import type { CallStat, SystemCalls } from './system-calls.js';

export type FileReader = Pick<Filesystem, 'stat' | 'list' | 'readLink' | 'readBytes' | 'readText' | 'readChunks' | 'hash' | 'realPath' | 'free'>;

const DEFAULT_MAX_READ_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const { O_RDONLY, O_NONBLOCK, S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = constants;

export function createReader(calls: SystemCalls): FileReader {
  // One buffer for all whole-file reads: they are synchronous, so none overlaps another.
  const shared = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const readBytes = (path: string, maxBytes = DEFAULT_MAX_READ_BYTES): Buffer => {
    const parts: Buffer[] = [];
    let total = 0;
    for (const part of chunksOf(calls, path, shared)) {
      total += part.length;
      if (total > maxBytes) throw callError('EFBIG', `more than ${maxBytes} bytes`, path);
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts, total);
  };
  return {
    stat: (path) => {
      try {
        return fileStat(calls.lstat(path));
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
    },
    list: (path) => calls.readdir(path).map((name) => validName(name, path)).sort(comparePaths),
    readLink: (path) => calls.readlink(path),
    readBytes,
    readText: (path, maxBytes) => readBytes(path, maxBytes).toString('utf8'),
    readChunks: (path, chunkBytes = CHUNK_BYTES) => chunksOf(calls, path, Buffer.allocUnsafeSlow(chunkBytes)),
    hash: (path) => {
      const hash = createHash('sha256');
      for (const part of chunksOf(calls, path, shared)) hash.update(part);
      return hash.digest('hex');
    },
    realPath: (path) => calls.realpath(path),
    free: (path) => {
      const { bsize, bavail, files, ffree } = calls.statfs(path);
      // btrfs and some network filesystems count no inodes at all.
      return { bytes: bsize * bavail, inodes: files === 0 ? Number.MAX_SAFE_INTEGER : ffree };
    },
  };
}

function* chunksOf(calls: SystemCalls, path: string, buffer: Buffer): Generator<Buffer, void, undefined> {
  const fd = calls.open(path, O_RDONLY | O_NONBLOCK);
  try {
    const kind = calls.fstat(fd).mode & S_IFMT;
    if (kind === S_IFDIR) throw callError('EISDIR', 'is a directory', path);
    if (kind !== S_IFREG) throw callError('EINVAL', 'not a regular file', path);
    for (let length = calls.read(fd, buffer); length > 0; length = calls.read(fd, buffer)) yield buffer.subarray(0, length);
  } finally {
    calls.close(fd);
  }
}

function fileStat(stat: CallStat): FileStat {
  return {
    kind: fileKind(stat.mode), mode: stat.mode & 0o7777, size: stat.size, device: stat.dev, inode: stat.ino, mtimeMs: stat.mtimeMs, links: stat.nlink,
  };
}

function fileKind(mode: number): FileKind {
  switch (mode & S_IFMT) {
    case S_IFREG: return 'file';
    case S_IFDIR: return 'directory';
    case S_IFLNK: return 'link';
    default: return 'other';
  }
}

/** A name that is not UTF-8 would come back changed and then not be found: said, not guessed. */
function validName(name: Buffer, path: string): string {
  const text = name.toString('utf8');
  if (!Buffer.from(text).equals(name)) throw callError('EILSEQ', `the file name ${JSON.stringify(name.toString('latin1'))} is not valid UTF-8`, path);
  return text;
}

/** Nothing is there, or a part of the path is a file. */
export const isMissing = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '');

/** An error of ours that looks like the system's: `code` and `path`. */
export function callError(code: string, detail: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${detail}, '${path}'`), { code, path });
}
