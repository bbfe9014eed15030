// The real hub, line, sessions and socket in this process, over a device in memory: what clients see, without processes or PTYs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { createEpoch } from '../../../src/bridge/epochs.js';
import { encodeFrame } from '../../../src/bridge/frames.js';
import { FrameReader } from '../../../src/bridge/frame-reader.js';
import { Hub } from '../../../src/bridge/hub.js';
import { Line } from '../../../src/bridge/line.js';
import type { LineOptions } from '../../../src/bridge/line.js';
import { NO_EPOCH, PROTOCOL_VERSION } from '../../../src/bridge/protocol.js';
import type { Frame, Role } from '../../../src/bridge/protocol.js';
import { seatMemory } from '../../../src/bridge/seat-memory.js';
import { BridgeServer } from '../../../src/bridge/server.js';
import type { ServerLimits } from '../../../src/bridge/server.js';
import type { Session } from '../../../src/bridge/session.js';
import { reportStream } from '../../../src/bridge/status.js';
import type { StreamReport } from '../../../src/bridge/status.js';
import { FakeDevice, fakeSystem } from './fake-system.js';

export type SpoolOptions = Omit<LineOptions, 'monotonicMs'>;
export const DEFAULT_OPTIONS: SpoolOptions = { capacity: 256 * 1024, flowControl: false };

export class InProcessBridge {
  readonly directory = mkdtempSync(join(tmpdir(), 'hlb-'));
  readonly socket = join(this.directory, 'b.sock');
  readonly logs: string[] = [];
  readonly hub: Hub;
  device = new FakeDevice();
  #server: BridgeServer;
  readonly #options: SpoolOptions;
  nowMs = 0;
  /** Answers given to STATUS. */
  reports = 0;
  /** What an UPGRADE does: by default there is none. */
  upgrade = (session: Session): void => { session.fail('upgrade-failed', 'none here'); };

  constructor(options: SpoolOptions = DEFAULT_OPTIONS, limits?: ServerLimits) {
    this.#options = options;
    this.hub = new Hub({ monotonicMs: () => this.nowMs, memory: seatMemory(this.directory), warn: (message) => { this.logs.push(message); } });
    this.#server = this.#makeServer(limits);
  }

  #makeServer(limits?: ServerLimits): BridgeServer {
    return new BridgeServer(this.socket, {
      hub: this.hub, report: () => { this.reports += 1; return JSON.stringify(this.counters()); }, upgrade: (session) => { this.upgrade(session); }, takeover: () => false,
      log: (_level, message) => { this.logs.push(message); },
    }, () => performance.now(), limits);
  }

  async start(): Promise<this> {
    await this.#server.listen();
    return this;
  }

  /** Plugs a new device in: a new epoch. Returns its id. */
  plug(): string {
    this.device = new FakeDevice();
    const system = fakeSystem(this.device);
    const stream = createEpoch(system, this.directory);
    const line = new Line(system, { tty: 99, pipe: undefined }, stream, { ...this.#options, monotonicMs: () => performance.now() }, {
      received: () => { this.hub.wakeAll(); }, sent: () => { this.hub.wakeAll(); }, gone: (reason) => { this.hub.detach(reason); }, warn: (message) => { this.logs.push(message); },
    });
    this.hub.attach(line);
    return stream.id;
  }

  counters(): StreamReport[] { return this.hub.streams.map(reportStream); }

  /** Everything a restarted bridge breaks and makes anew for its clients: the socket and the connections. */
  async restartServer(): Promise<void> {
    this.#server.close('restart', false);
    this.#server = this.#makeServer();
    await this.#server.listen();
  }

  close(): void {
    this.#server.close('test over', true);
    this.hub.line?.stop();
    for (const stream of this.hub.streams) stream.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A client that speaks frames and nothing more. */
export class RawClient {
  readonly frames: Frame[] = [];
  readonly closed: Promise<void>;
  readonly socket: Socket;
  #waiting: (() => void)[] = [];

  constructor(path: string) {
    const reader = new FrameReader();
    this.socket = createConnection(path);
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => {
      // Copied: a frame's payload is a view of the chunk.
      this.frames.push(...reader.push(Buffer.from(chunk)));
      this.#tell();
    });
    this.closed = new Promise((resolve) => { this.socket.on('close', () => { resolve(); this.#tell(); }); });
  }

  #tell(): void { for (const wake of this.#waiting.splice(0)) wake(); }

  send(frame: Frame): void { this.socket.write(encodeFrame(frame)); }

  hello(role: Role = 'consumer', epoch = NO_EPOCH, from = 0, version = PROTOCOL_VERSION): void {
    this.send({ type: 'hello', from, version, role, epoch, name: 'raw' });
  }

  /** Waits until a frame satisfies `wanted`; the first such frame. */
  async until<T extends Frame['type']>(type: T, wanted: (frame: Extract<Frame, { type: T }>) => boolean = () => true): Promise<Extract<Frame, { type: T }>> {
    for (;;) {
      const found = this.frames.find((frame): frame is Extract<Frame, { type: T }> => frame.type === type && wanted(frame as Extract<Frame, { type: T }>));
      if (found !== undefined) return found;
      if (this.socket.destroyed) throw new Error(`closed before ${type}: ${JSON.stringify(this.frames.map((frame) => frame.type))}`);
      await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    }
  }

  /** All DATA bytes so far. */
  get bytes(): Buffer { return Buffer.concat(this.frames.flatMap((frame) => (frame.type === 'data' ? [frame.bytes] : []))); }
}
