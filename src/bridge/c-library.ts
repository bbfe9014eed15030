// The C library's functions, typed, through koffi. Loaded once at start, never later; undefined where koffi has no binary.
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

export interface CLibrary {
  splice(from: number, fromAt: Buffer | null, to: number, toAt: Buffer | null, bytes: number, flags: number): number;
  sendfile(out: number, from: number, at: null, bytes: number): number;
  lseek(file: number, offset: number, whence: number): number;
  fallocate(file: number, mode: number, offset: number, bytes: number): number;
  flock(file: number, operation: number): number;
  ioctl(file: number, request: number, argument: Buffer | null): number;
  mkfifo(path: string, mode: number): number;
  poll(entries: Buffer, count: number, timeoutMs: number): number;
  fcntl(file: number, command: number, argument: number): number;
  prctl(option: number, argument: number): number;
  execve(path: string, argv: readonly (string | null)[], env: readonly (string | null)[]): number;
  grantpt(master: number): number;
  unlockpt(master: number): number;
  ptsname(master: number, out: Buffer, bytes: number): number;
  socket(domain: number, type: number, protocol: number): number;
  sendmsg(socket: number, message: Buffer, flags: number): number;
  close(file: number): number;
  pipe(out: Buffer): number;
  addressOf(buffer: Buffer): bigint;
  errno(): number;
  watch(file: number, onReady: () => void): { start(readable: boolean, writable: boolean): void; stop(): void; close(): void };
}

/** Loads koffi and binds every function, so that a missing one shows at start and not in the middle of a stream. */
export function loadCLibrary(): CLibrary | undefined {
  let koffi: typeof Koffi;
  try {
    const load: (name: string) => unknown = createRequire(import.meta.url);
    koffi = load('koffi') as typeof Koffi;
    return bind(koffi, koffi.load(null));
  } catch {
    return undefined;
  }
}

function bind(koffi: typeof Koffi, c: ReturnType<typeof Koffi.load>): CLibrary {
  const call = (definition: string): ((...args: readonly unknown[]) => number) => {
    const bound = c.func(definition);
    return (...args) => Number(bound(...args));
  };
  return {
    splice: call('int64_t splice(int, void*, int, void*, size_t, uint)'),
    sendfile: call('int64_t sendfile64(int, int, void*, size_t)'),
    lseek: call('int64_t lseek64(int, int64_t, int)'),
    fallocate: call('int fallocate64(int, int, int64_t, int64_t)'),
    flock: call('int flock(int, int)'),
    ioctl: call('int ioctl(int, ulong, void*)'),
    mkfifo: call('int mkfifo(const char*, uint)'),
    poll: call('int poll(void*, ulong, int)'),
    fcntl: call('int fcntl(int, int, long)'),
    prctl: call('int prctl(int, ulong)'),
    execve: call('int execve(const char*, const char**, const char**)'),
    grantpt: call('int grantpt(int)'),
    unlockpt: call('int unlockpt(int)'),
    ptsname: call('int ptsname_r(int, void*, size_t)'),
    socket: call('int socket(int, int, int)'),
    sendmsg: call('int64_t sendmsg(int, void*, int)'),
    close: call('int close(int)'),
    pipe: call('int pipe(void*)'),
    addressOf: (buffer) => koffi.address(buffer),
    errno: () => koffi.errno(),
    watch: (file, onReady) => {
      // koffi calls back outside Node's async machinery; an immediate of the same loop turn puts us back inside it.
      const tell = (): void => { setImmediate(onReady); };
      const handle = koffi.node.poll(file, { readable: false, writable: false, disconnect: true }, tell);
      return {
        start: (readable, writable) => { handle.start({ readable, writable, disconnect: true }, tell); },
        stop: () => { handle.stop(); },
        close: () => { handle.close(); },
      };
    },
  };
}
