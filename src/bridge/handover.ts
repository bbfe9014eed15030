// The successor's side of a warm upgrade: boot fully, then ask the running bridge for the line. Whoever holds the lock moves the bytes;
// the answer only says when to try. Must never move a byte without the lock.
import { createConnection } from 'node:net';
import { encodeFrame } from './frames.js';
import { FrameReader } from './frame-reader.js';

/** Resolves at GO, or when the predecessor has gone or refuses: the lock decides then. */
export function awaitHandover(socketPath: string, pid: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const reader = new FrameReader();
    const finish = (): void => { socket.destroy(); resolve(); };
    socket.on('connect', () => { socket.write(encodeFrame({ type: 'takeover', pid })); });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('data', (chunk: Buffer) => {
      try {
        // Any answer ends the wait: GO, or an ERROR that leaves the line where it is.
        if (reader.push(chunk).next().done !== true) finish();
      } catch {
        finish();
      }
    });
  });
}
