// One datagram to systemd's notify socket, with one descriptor beside it at most: Node can do neither. Layouts are struct msghdr
// and cmsghdr of the C library, by pointer size. Waits a moment where PID 1's queue is full (ten messages, in a container), never for long.
import type { CLibrary } from './c-library.js';

const AF_UNIX = 1, SOCK_DGRAM_CLOEXEC = 0o2000002;
const SOL_SOCKET = 1, SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000, MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
const FULL_QUEUE_TRIES = 1000, FULL_QUEUE_WAIT_MS = 1;

export class NotifyError extends Error { override readonly name = 'NotifyError' }

const WORD = ['arm', 'ia32', 'mipsel'].includes(process.arch) ? 4 : 8;

function writeWord(to: Buffer, value: bigint, at: number): void {
  if (WORD === 8) to.writeBigUInt64LE(value, at);
  else to.writeUInt32LE(Number(value), at);
}

const align = (bytes: number): number => Math.ceil(bytes / WORD) * WORD;

/** The path as sun_path wants it: a leading @ names the abstract namespace, others end with a zero byte. */
function socketName(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? path : `${path}\0`);
  if (name.length > 108) throw new NotifyError(`the notify socket's path is too long: ${path}`);
  if (path.startsWith('@')) name[0] = 0;
  return name;
}

/** All structures lie in one buffer, so that nothing a pointer names can be collected before the call. The msghdr is at its start. */
function layOut(base: bigint, arena: Buffer, name: Buffer, body: Buffer, file: number | undefined): void {
  const at = { header: 0, vector: 7 * WORD, control: 9 * WORD, address: 9 * WORD + align(WORD + 12), body: 9 * WORD + align(WORD + 12) + 112 };
  const pointer = (offset: number): bigint => base + BigInt(offset);
  arena.writeUInt16LE(AF_UNIX, at.address);
  name.copy(arena, at.address + 2);
  body.copy(arena, at.body);
  writeWord(arena, pointer(at.body), at.vector);
  writeWord(arena, BigInt(body.length), at.vector + WORD);
  // struct msghdr { void *name; socklen_t namelen; iovec *iov; size_t iovlen; void *control; size_t controllen; int flags }, each in a word.
  writeWord(arena, pointer(at.address), at.header);
  arena.writeUInt32LE(2 + name.length, at.header + WORD);
  writeWord(arena, pointer(at.vector), at.header + 2 * WORD);
  writeWord(arena, 1n, at.header + 3 * WORD);
  if (file !== undefined) {
    // struct cmsghdr { size_t len; int level; int type; int file }
    writeWord(arena, BigInt(WORD + 12), at.control);
    arena.writeInt32LE(SOL_SOCKET, at.control + WORD);
    arena.writeInt32LE(SCM_RIGHTS, at.control + WORD + 4);
    arena.writeInt32LE(file, at.control + WORD + 8);
    writeWord(arena, pointer(at.control), at.header + 4 * WORD);
    writeWord(arena, BigInt(align(WORD + 12)), at.header + 5 * WORD);
  }
}

export function notifySocket(c: CLibrary, path: string, message: string, file?: number): void {
  const name = socketName(path);
  const body = Buffer.from(message);
  const arena = Buffer.alloc(16 * WORD + 112 + body.length + 8);
  layOut(c.addressOf(arena), arena, name, body, file);
  const socket = c.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (socket < 0) throw new NotifyError(`cannot open a datagram socket: errno ${c.errno()}`);
  let sent = c.sendmsg(socket, arena, MSG_NOSIGNAL | MSG_DONTWAIT);
  let errno = c.errno();
  for (let tries = 0; sent !== body.length && errno === EAGAIN && tries < FULL_QUEUE_TRIES; tries += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_QUEUE_WAIT_MS);
    sent = c.sendmsg(socket, arena, MSG_NOSIGNAL | MSG_DONTWAIT);
    errno = c.errno();
  }
  c.close(socket);
  if (sent !== body.length) throw new NotifyError(`cannot notify ${path}: errno ${errno}`);
}
