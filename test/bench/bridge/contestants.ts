// Ways from a device to a program: no one between, our bridge (its socket, its PTY link), socat, ser2net. Each is started on the same device
// and gives the same kind of connection.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { connectBridge } from '../../../src/bridge/client/index.js';
import { inspectBridge } from '../../../src/bridge/inspect.js';
import { scratchRoot } from '../../support/bridge/scenario.js';

const BRIDGE = resolve('dist/bridge.js');
const TRIES = 400;
const NO_DELAY = true;

export interface Connection { write(bytes: Buffer): void; close(): void }
export interface Holder {
  connect(onData: (bytes: Buffer) => void): Promise<Connection>;
  /** Processes whose CPU time and memory are its own; none for no one between. */
  pids(): number[];
  /** Where a raw TCP client finds it. */
  readonly port?: number;
  stop(): void;
}
export interface Contestant { readonly name: string; hold(device: string, baud: number): Promise<Holder> }

function connectTty(path: string, onData: (bytes: Buffer) => void): Connection {
  const file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const stream = new ReadStream(file);
  stream.on('data', onData).on('error', () => undefined);
  return { write: (bytes) => { writeSync(file, bytes); }, close: () => { stream.destroy(); } };
}

async function connectTcp(port: number, onData: (bytes: Buffer) => void): Promise<Connection> {
  for (let tries = 0; ; tries += 1) {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: NO_DELAY });
    const connected = await new Promise<boolean>((done) => { socket.once('connect', () => { done(true); }).once('error', () => { done(false); }); });
    if (connected) {
      socket.on('data', onData).on('error', () => undefined);
      return { write: (bytes) => { socket.write(bytes); }, close: () => { socket.destroy(); } };
    }
    if (tries > TRIES) throw new Error(`nobody listens on ${port}`);
    await pause(10);
  }
}

async function holdByBridge(device: string, baud: number, link: boolean): Promise<Holder> {
  const directory = mkdtempSync(join(scratchRoot(), 'hl-bench-'));
  const socket = join(directory, 'b.sock');
  // With flow control, as the peers: a device that knows no pace would otherwise overflow the spool, and lose by its own haste.
  const keeper = spawn(process.execPath, [BRIDGE, 'run', '--name', 'b', '--port', device, '--baud', String(baud), '--rtscts', '--socket-dir', directory], { stdio: 'ignore' });
  let pid = 0;
  for (let tries = 0; pid === 0 && tries < TRIES; tries += 1) {
    await pause(10);
    pid = (await inspectBridge(socket, 'b')).report?.pid ?? 0;
  }
  return {
    async connect(onData) {
      if (link) return connectTty(join(directory, 'b.tty'), onData);
      const client = await connectBridge({ path: socket, client: 'bench' });
      void (async () => {
        for await (const chunk of client) {
          onData(chunk.data);
          client.ack(chunk.offset + chunk.data.length, chunk.epoch);
        }
      })();
      return { write: (bytes) => { client.write(bytes).catch(() => undefined); }, close: () => { client.close(); } };
    },
    pids: () => [pid],
    stop: () => {
      keeper.once('exit', () => { rmSync(directory, { recursive: true, force: true }); });
      keeper.kill('SIGTERM');
    },
  };
}

function holdByTcp(child: ChildProcess, port: number, directory?: string): Holder {
  return {
    port, connect: (onData) => connectTcp(port, onData), pids: () => [child.pid ?? 0],
    stop: () => { child.kill('SIGTERM'); if (directory !== undefined) rmSync(directory, { recursive: true, force: true }); },
  };
}

async function holdBySocat(device: string, _baud: number): Promise<Holder> {
  const port = await freePort();
  // Without fork it serves one client; a loop of them is what people write, and what loses the bytes in between.
  return holdByTcp(spawn('socat', [`TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,nodelay`, `FILE:${device},raw,echo=0`], { stdio: 'ignore' }), port);
}

async function holdBySer2net(device: string, baud: number, delay: boolean): Promise<Holder> {
  const [port, directory] = [await freePort(), mkdtempSync(join(tmpdir(), 'hl-bench-'))];
  const file = join(directory, 'ser2net.yaml');
  writeFileSync(file, `connection: &bench\n  accepter: tcp(nodelay),127.0.0.1,${port}\n  connector: serialdev,${device},${baud}n81,local\n${delay ? '' : '  options:\n    chardelay: false\n'}`);
  return holdByTcp(spawn('ser2net', ['-n', '-u', '-c', file], { stdio: 'ignore' }), port, directory);
}

export const DIRECT: Contestant = {
  name: 'no one between',
  hold: async (device) => { await Promise.resolve(); return { connect: async (onData) => { await Promise.resolve(); return connectTty(device, onData); }, pids: () => [], stop: () => undefined }; },
};
export const BRIDGE_SOCKET: Contestant = { name: 'bridge', hold: (device, baud) => holdByBridge(device, baud, false) };
export const BRIDGE_LINK: Contestant = { name: 'bridge, PTY link', hold: (device, baud) => holdByBridge(device, baud, true) };
const isThere = (command: string): boolean => spawnSync('/bin/sh', ['-c', `command -v ${command}`]).status === 0;

/** Those of the peers that are installed. */
export function findPeers(): Contestant[] {
  return [
    ...isThere('socat') ? [{ name: 'socat', hold: holdBySocat }] : [],
    ...isThere('ser2net') ? [
      { name: 'ser2net', hold: (device: string, baud: number) => holdBySer2net(device, baud, true) },
      { name: 'ser2net, chardelay off', hold: (device: string, baud: number) => holdBySer2net(device, baud, false) },
    ] : [],
  ];
}

function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => { done(port); });
    });
  });
}
