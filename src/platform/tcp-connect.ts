// One TCP connection attempt for a health probe: connects and closes. Sends nothing.
import { connect } from 'node:net';

/** Rejects with the system's error, or with the signal's reason. */
export function tcpConnect(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port });
    const abort = (): void => { socket.destroy(); reject(signal.reason); };
    signal.addEventListener('abort', abort, { once: true });
    const settle = (end: () => void): void => { signal.removeEventListener('abort', abort); socket.destroy(); end(); };
    socket.once('connect', () => settle(resolve));
    socket.once('error', (thrown) => settle(() => reject(thrown)));
  });
}
