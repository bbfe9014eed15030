// A unix socket that carries lines: server for the daemon, client for the command line. Knows nothing of what the lines say.
import { chmodSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { errnoOf } from '../domain/errors.js';

export interface LinePeer { send(line: string): void; end(): void; readonly closed: AbortSignal }
export interface LineServer { close(): Promise<void> }

/** Owner and group may ask; others may not. */
const SOCKET_MODE = 0o660;
/** A peer that does not read is dropped when this much waits for it. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** sun_path of Linux, less the closing NUL. */
const MAX_PATH_BYTES = 107;

function readLines(socket: Socket, maxBytes: number, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    rest += decoder.write(chunk);
    if (rest.length > maxBytes && !rest.includes('\n')) { socket.destroy(); return; }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
}

function peerOf(socket: Socket): LinePeer {
  const closed = new AbortController();
  socket.on('error', () => socket.destroy());
  socket.on('close', () => closed.abort());
  return {
    closed: closed.signal,
    send(line) {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(`${line}\n`);
      if (socket.writableLength > MAX_BUFFERED_BYTES) socket.destroy();
    },
    end: () => socket.end(),
  };
}

/** Connects; undefined when nobody listens there. */
export async function connectLines(path: string, maxLineBytes: number, onLine: (line: string) => void): Promise<LinePeer | undefined> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return undefined;
  const socket = connectSocket(path);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  if (!connected) { socket.destroy(); return undefined; }
  readLines(socket, maxLineBytes, onLine);
  return peerOf(socket);
}

/**
 * Listens; a socket file left by a dead process is replaced. The caller holds the daemon's lock, so nobody else can be listening.
 * @throws the system's error when the path cannot be bound (too long: ENAMETOOLONG)
 */
export async function serveLines(path: string, maxLineBytes: number, onPeer: (peer: LinePeer) => (line: string) => void): Promise<LineServer> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw Object.assign(new Error(`the path of the control socket is longer than ${MAX_PATH_BYTES} bytes: ${path}`), { code: 'ENAMETOOLONG' });
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  try { unlinkSync(path); } catch (error) { if (errnoOf(error) !== 'ENOENT') throw error; }
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    readLines(socket, maxLineBytes, onPeer(peerOf(socket)));
  });
  await new Promise<void>((resolve, reject) => { server.once('error', reject); server.listen(path, () => resolve()); });
  chmodSync(path, SOCKET_MODE);
  return {
    close: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    }),
  };
}
