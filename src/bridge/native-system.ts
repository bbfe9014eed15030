// The exact implementation: splice(2), sendfile(2) and friends. Each transfer is one system call that moves bytes and position
// together, so that a kill lands before or after it, never inside. Must never read a stream's bytes into this process.
import { closeSync, openSync, constants } from 'node:fs';
import { applyLine, DEFAULT_LINE, sameLine, speedFits, TERMIOS_BYTES } from './line-settings.js';
import type { CLibrary } from './c-library.js';
import { notifySocket } from './notify-socket.js';
import type { NativeExtras, System, Transfer } from './system.js';

const CHUNK_BYTES = 65_536;
const SPLICE_F_NONBLOCK = 2;
const SEEK_SET = 0, SEEK_CUR = 1;
const PUNCH_HOLE_KEEP_SIZE = 3;
const LOCK_EX_NB = 6, LOCK_UN = 8;
const TCGETS2 = 0x802c_542a, TCSETS2 = 0x402c_542b, TIOCEXCL = 0x540c;
const POLLERR_HUP_NVAL = 0x38;
const F_SETFD = 2, FD_CLOEXEC = 1;
const PR_SET_PDEATHSIG = 1, SIGTERM = 15;
const EINTR = 4, ENOMEM = 12, EAGAIN = 11, ENOSPC = 28, EFBIG = 27, EDQUOT = 122;

class SystemCallError extends Error {
  readonly errno: number;
  constructor(call: string, errno: number) {
    super(`${call} failed with errno ${errno}`);
    this.errno = errno;
  }
}

const stateOf = (errno: number): Transfer['state'] => {
  if (errno === EAGAIN || errno === EINTR || errno === ENOMEM) return 'empty';
  if (errno === ENOSPC || errno === EDQUOT || errno === EFBIG) return 'full';
  // EIO, ENXIO, ENODEV, and EINVAL of a tty whose operations were swapped for the hung-up ones.
  return 'gone';
};

function hasHungUp(c: CLibrary, file: number): boolean {
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(file, 0);
  return c.poll(entry, 1, 0) > 0 && (entry.readInt16LE(6) & POLLERR_HUP_NVAL) !== 0;
}

/** Pipe to file. It never blocks: a regular file takes all or says ENOSPC. Done once `expected` bytes have gone, else when the pipe is empty. */
function drain(c: CLibrary, pipe: number, file: number, at: number, expected = Number.POSITIVE_INFINITY): Transfer {
  const place = Buffer.alloc(8);
  let moved = 0;
  while (moved < expected) {
    place.writeBigInt64LE(BigInt(at + moved));
    const count = c.splice(pipe, null, file, place, CHUNK_BYTES, SPLICE_F_NONBLOCK);
    if (count > 0) moved += count;
    else if (count === 0) return { moved, state: 'empty' };
    else {
      const state = stateOf(c.errno());
      if (state === 'gone') throw new SystemCallError('splice to the spool', c.errno());
      return { moved, state };
    }
  }
  return { moved, state: 'empty' };
}

function receive(c: CLibrary, tty: number, pipe: number, file: number, at: number): Transfer {
  const taken = c.splice(tty, null, pipe, null, CHUNK_BYTES, SPLICE_F_NONBLOCK);
  const errno = taken < 0 ? c.errno() : 0;
  const stored = drain(c, pipe, file, at, taken > 0 ? taken : undefined);
  if (stored.state === 'full') return stored;
  if (taken > 0) return { moved: stored.moved, state: 'more' };
  // A read of 0 bytes is a hang-up on a tty; a full pipe also says EAGAIN, and the drain above has emptied it.
  return { moved: stored.moved, state: taken === 0 ? 'gone' : stateOf(errno) };
}

function send(c: CLibrary, file: number, out: number, limit: number): Transfer {
  let moved = 0;
  while (moved < limit) {
    const count = c.sendfile(out, file, null, Math.min(limit - moved, CHUNK_BYTES));
    if (count < 0) return { moved, state: stateOf(c.errno()) };
    if (count === 0) break;
    moved += count;
  }
  return { moved, state: 'more' };
}

function ptyPath(c: CLibrary, master: number): string {
  const name = Buffer.alloc(128);
  if (c.ptsname(master, name, name.length) !== 0) throw new SystemCallError('ptsname_r', c.errno());
  return name.toString('utf8', 0, name.indexOf(0));
}

function extras(c: CLibrary): NativeExtras {
  const must = (call: string, result: number): void => { if (result !== 0) throw new SystemCallError(call, c.errno()); };
  return {
    makePipe: (path) => { must('mkfifo', c.mkfifo(path, 0o600)); },
    openPty: () => {
      const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
      try {
        must('grantpt', c.grantpt(master));
        must('unlockpt', c.unlockpt(master));
        return { master, path: ptyPath(c, master) };
      } catch (error) {
        closeSync(master);
        throw error;
      }
    },
    ptyPath: (master) => ptyPath(c, master),
    hasHungUp: (file) => hasHungUp(c, file),
    inherit: (file, on) => { must('fcntl', c.fcntl(file, F_SETFD, on ? 0 : FD_CLOEXEC)); },
    dieWithParent: () => { must('prctl', c.prctl(PR_SET_PDEATHSIG, SIGTERM)); },
    execute: (path, argv, env) => {
      const pairs = Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
      c.execve(path, [...argv, null], [...pairs, null]);
      throw new SystemCallError(`execve ${path}`, c.errno());
    },
    barrier: (socketPath, timeoutMs) => {
      const ends = Buffer.alloc(8);
      must('pipe', c.pipe(ends));
      const [read, write] = [ends.readInt32LE(0), ends.readInt32LE(4)];
      try {
        try {
          notifySocket(c, socketPath, 'BARRIER=1', write);
        } finally {
          c.close(write);
        }
        const entry = Buffer.alloc(8);
        entry.writeInt32LE(read, 0);
        if (c.poll(entry, 1, timeoutMs) < 1) throw new Error(`systemd has not read our messages within ${timeoutMs} ms`);
      } finally {
        c.close(read);
      }
    },
    makeRaw: (path) => {
      const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
      try {
        const settings = Buffer.alloc(TERMIOS_BYTES);
        must('TCGETS2', c.ioctl(slave, TCGETS2, settings));
        must('TCSETS2', c.ioctl(slave, TCSETS2, applyLine(settings, DEFAULT_LINE)));
      } finally {
        closeSync(slave);
      }
    },
    notify: (socketPath, message, file) => { notifySocket(c, socketPath, message, file); },
  };
}

export function nativeSystem(c: CLibrary): System {
  return {
    kind: 'native',
    receive: (tty, pipe, file, at) => {
      if (pipe === undefined) throw new Error('cannot receive without a pipe');
      return receive(c, tty, pipe, file, at);
    },
    drain: (pipe, file, at) => drain(c, pipe, file, at),
    send: (file, out, limit) => send(c, file, out, limit),
    position: (file) => {
      const at = c.lseek(file, 0, SEEK_CUR);
      if (at < 0) throw new SystemCallError('lseek', c.errno());
      return at;
    },
    seek: (file, to) => { if (c.lseek(file, to, SEEK_SET) < 0) throw new SystemCallError('lseek', c.errno()); },
    // A filesystem that cannot punch holes keeps the bytes: more room is used, nothing else changes.
    release: (file, from, to) => { c.fallocate(file, PUNCH_HOLE_KEEP_SIZE, from, to - from); },
    lock: (file) => c.flock(file, LOCK_EX_NB) === 0,
    unlock: (file) => { c.flock(file, LOCK_UN); },
    watch: (file, onReady) => {
      const watched = c.watch(file, onReady);
      return {
        set: (interest) => { watched.start(interest.readable, interest.writable); },
        close: () => { watched.close(); },
      };
    },
    applyLine: (tty, _path, line) => {
      const settings = Buffer.alloc(TERMIOS_BYTES);
      if (c.ioctl(tty, TCGETS2, settings) !== 0) throw new SystemCallError('TCGETS2', c.errno());
      const wanted = applyLine(settings, line);
      // Set again only what differs: some drivers disturb the line even for the settings they have.
      if (sameLine(settings, wanted)) return true;
      if (c.ioctl(tty, TCSETS2, wanted) !== 0) return false;
      return c.ioctl(tty, TCGETS2, settings) === 0 && speedFits(settings, line);
    },
    claim: (tty) => { c.ioctl(tty, TIOCEXCL, null); },
    native: extras(c),
  };
}
