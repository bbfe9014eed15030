// A kernel in memory for the bridge's unit tests: one device whose bytes arrive when a test feeds them. Files are real.
import { fstatSync, readSync, writeSync } from 'node:fs';
import type { System, Transfer, Watch } from '../../../src/bridge/system.js';

export class FakeDevice {
  incoming: Buffer = Buffer.alloc(0);
  outgoing: Buffer = Buffer.alloc(0);
  gone = false;
  /** The spool's filesystem is full. */
  full = false;
  /** Bytes the driver takes before it says "later". */
  driverRoom = Number.POSITIVE_INFINITY;
  reads = 0;
  #ready: (() => void) | undefined;
  #readable = false;

  watch(onReady: () => void): Watch {
    this.#ready = onReady;
    return { set: (interest) => { this.#readable = interest.readable; }, close: () => { this.#ready = undefined; } };
  }

  get watched(): boolean { return this.#ready !== undefined; }
  get wantsToRead(): boolean { return this.#readable; }

  feed(bytes: Buffer | string): void {
    this.incoming = Buffer.concat([this.incoming, Buffer.from(bytes)]);
    this.wake();
  }

  hangUp(): void { this.gone = true; this.wake(); }
  /** Level-triggered, as epoll is: it goes on as long as there is something and somebody wants it. */
  wake(): void {
    this.#ready?.();
    if (this.watched && this.#readable && this.incoming.length > 0) setImmediate(() => { this.wake(); });
  }
}

export function fakeSystem(device: FakeDevice): System {
  const positions = new Map<number, number>();
  return {
    kind: 'native',
    receive: (_tty, _pipe, file, at): Transfer => {
      device.reads += 1;
      if (device.full) return { moved: 0, state: 'full' };
      if (device.incoming.length === 0) return { moved: 0, state: device.gone ? 'gone' : 'empty' };
      const moved = writeSync(file, device.incoming.subarray(0, 65_536), 0, Math.min(device.incoming.length, 65_536), at);
      device.incoming = device.incoming.subarray(moved);
      return { moved, state: 'more' };
    },
    drain: () => ({ moved: 0, state: device.full ? 'full' : 'empty' }),
    send: (file, _out, limit): Transfer => {
      const at = positions.get(file) ?? 0;
      const bytes = Buffer.alloc(Math.min(limit, device.driverRoom));
      const count = readSync(file, bytes, 0, bytes.length, at);
      device.outgoing = Buffer.concat([device.outgoing, bytes.subarray(0, count)]);
      device.driverRoom -= count;
      positions.set(file, at + count);
      return { moved: count, state: count < limit ? 'empty' : 'more' };
    },
    position: (file) => positions.get(file) ?? 0,
    seek: (file, to) => { fstatSync(file); positions.set(file, to); },
    release: () => undefined,
    lock: () => true,
    unlock: () => undefined,
    watch: (_file, onReady) => device.watch(onReady),
    applyLine: () => true,
    claim: () => undefined,
    native: undefined,
  };
}
