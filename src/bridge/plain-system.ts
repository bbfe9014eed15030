// Where koffi cannot load: read() and write() with serialport's poller. A kill -9 of the bridge may lose what was read and not yet
// stored, or send twice what was sent and not yet noted; the start says so. Must never pretend to be exact.
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readSync, writeSync } from 'node:fs';
import type * as Bindings from '@serialport/bindings-cpp';
import { errnoOf } from '../domain/errors.js';
import { sttyArguments } from './line-settings.js';
import type { System, Transfer, Watch } from './system.js';

const CHUNK_BYTES = 65_536;
const TOOL_TIMEOUT_MS = 5_000;

export const PLAIN_LIMITS = 'koffi cannot load here: app restarts lose nothing, but a kill -9 of the bridge can lose or double bytes, the port is closed between two bridges, '
  + 'and there is no PTY link and no warm upgrade';

/** The binding wants every option of an open it does not do; only its poller is used. */
const POLLER_ONLY = {
  path: '', baudRate: 9600, dataBits: 8, lock: false, stopBits: 1, parity: 'none', rtscts: false, xon: false, xoff: false, xany: false, hupcl: false, vmin: 1, vtime: 0,
} as const;

function stateOf(error: unknown): Transfer['state'] {
  const errno = errnoOf(error);
  if (errno === 'EAGAIN' || errno === 'EINTR') return 'empty';
  return errno === 'ENOSPC' || errno === 'EDQUOT' ? 'full' : 'gone';
}

/** Serialport's poller tells one event per request; `set` asks again and a finished event re-asks by itself, as a level would. */
function watchFile(bindings: typeof Bindings, file: number, onReady: () => void): Watch {
  const { poller } = new bindings.LinuxPortBinding(file, POLLER_ONLY);
  let wanted = { readable: false, writable: false };
  let closed = false;
  const ask = (): void => {
    poller.removeAllListeners();
    const fire = (): void => {
      if (closed) return;
      onReady();
      if (!closed) ask();
    };
    if (wanted.readable) poller.once('readable', fire);
    if (wanted.writable) poller.once('writable', fire);
    if (wanted.readable && wanted.writable) poller.poll(3);
  };
  return {
    set: (interest) => {
      wanted = { ...interest };
      poller.removeAllListeners();
      if (wanted.readable || wanted.writable) setImmediate(() => { if (!closed) ask(); });
    },
    close: () => {
      closed = true;
      poller.removeAllListeners();
      poller.destroy();
    },
  };
}

export function plainSystem(): System {
  const load: (name: string) => unknown = createRequire(import.meta.url);
  const bindings = load('@serialport/bindings-cpp') as typeof Bindings;
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const positions = new Map<number, number>();
  return {
    kind: 'plain',
    receive: (tty, _pipe, file, at) => {
      try {
        const count = readSync(tty, buffer, 0, CHUNK_BYTES, null);
        if (count === 0) return { moved: 0, state: 'gone' };
        // A full filesystem loses what was read: said at start as a limit, told as `full` here.
        return { moved: writeSync(file, buffer, 0, count, at), state: 'more' };
      } catch (error) {
        return { moved: 0, state: stateOf(error) };
      }
    },
    drain: () => ({ moved: 0, state: 'empty' }),
    send: (file, out, limit) => {
      let moved = 0;
      try {
        while (moved < limit) {
          const at = (positions.get(file) ?? 0);
          const count = readSync(file, buffer, 0, Math.min(CHUNK_BYTES, limit - moved), at);
          if (count === 0) break;
          const sent = writeSync(out, buffer, 0, count);
          positions.set(file, at + sent);
          moved += sent;
        }
        return { moved, state: 'more' };
      } catch (error) {
        return { moved, state: stateOf(error) };
      }
    },
    position: (file) => positions.get(file) ?? 0,
    seek: (file, to) => { positions.set(file, to); },
    release: (file, from, to) => {
      spawnSync('fallocate', ['--punch-hole', '--keep-size', '--offset', String(from), '--length', String(to - from), `/proc/${process.pid}/fd/${file}`], { stdio: 'ignore', timeout: TOOL_TIMEOUT_MS });
    },
    lock: (file) => spawnSync('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'ignore', file], timeout: TOOL_TIMEOUT_MS }).status === 0,
    unlock: (file) => { spawnSync('flock', ['-u', '3'], { stdio: ['ignore', 'ignore', 'ignore', file], timeout: TOOL_TIMEOUT_MS }); },
    watch: (file, onReady) => watchFile(bindings, file, onReady),
    applyLine: (_tty, path, line) => {
      try {
        execFileSync('stty', ['-F', path, ...sttyArguments(line)], { stdio: 'pipe', timeout: TOOL_TIMEOUT_MS });
        return true;
      } catch {
        return false;
      }
    },
    claim: () => undefined,
    native: undefined,
  };
}
