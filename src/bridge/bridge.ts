// One running bridge: the line, the clients, the PTY link and the keeper, wired together. Started with kept descriptors it goes on at the
// very byte where the last process stopped. Must never read from a line whose descriptors the keeper does not hold yet.
import { closeSync, existsSync } from 'node:fs';
import type { Server } from 'node:net';
import { toHoldlineError } from '../domain/errors.js';
import { openEndedEpochs } from './epochs.js';
import { Hub } from './hub.js';
import { KEPT_NAMES } from './kept-files.js';
import type { KeptName } from './kept-files.js';
import { Line } from './line.js';
import { lineFiles, openNewLine } from './open-line.js';
import type { LineLock } from './line-lock.js';
import type { OpenLine } from './open-line.js';
import type { BridgeOptions } from './options.js';
import { PtyLink } from './pty-link.js';
import type { PtyFiles } from './pty-link.js';
import { seatMemory } from './seat-memory.js';
import { BridgeServer } from './server.js';
import { reportBridge } from './status.js';
import { listenTcp } from './tcp-link.js';
import type { System } from './system.js';
import { Upgrade } from './upgrade.js';
import type { Keeping } from './upgrade.js';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 2000;

export interface BridgeServices {
  readonly system: System;
  readonly options: BridgeOptions;
  readonly keeping: Keeping;
  readonly version: string;
  readonly monotonicMs: () => number;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Ends the process. */
  readonly exit: (code: number) => void;
  readonly lock: LineLock;
}

export class Bridge {
  readonly #services: BridgeServices;
  readonly #startedMs: number;
  #hub: Hub | undefined;
  #server: BridgeServer | undefined;
  #pty: PtyLink | undefined;
  #tcp: Server | undefined;
  #tcpRetry: NodeJS.Timeout | undefined;
  #open: OpenLine | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_FIRST_MS;
  #lastProblem = '';
  #pauseMs: number | null = null;
  readonly #upgrade: Upgrade;

  constructor(services: BridgeServices) {
    this.#services = services;
    this.#startedMs = services.monotonicMs();
    this.#upgrade = new Upgrade(services, { stop: () => { this.#stopMoving(); }, files: () => this.#files(), leave: () => { this.#server?.close('this bridge was upgraded: connect again', false); } });
  }

  /** Serves a line that was opened or resumed, or waits for the device. `pty` is asked for only once bytes flow again. */
  async start(line: OpenLine | undefined, resumed: boolean, openPty: () => PtyFiles | undefined): Promise<void> {
    const { system, options, keeping, log, monotonicMs } = this.#services;
    const warn = (message: string, fields?: Readonly<Record<string, unknown>>): void => { log('warn', message, fields); };
    const hub = new Hub({ monotonicMs, warn, memory: seatMemory(options.spool) });
    this.#hub = hub;
    if (resumed && line !== undefined) this.#resume(line);
    hub.recall(openEndedEpochs(system, options.spool, line?.stream));
    const pty = openPty();
    if (pty !== undefined && system.native !== undefined) this.#pty = new PtyLink(system, system.native, hub, pty, line?.reader, warn);
    if (!resumed) {
      const ofPty: [KeptName, number][] = pty === undefined ? [] : [['pty', pty.master], ['pty-pipe', pty.pipe]];
      // An old descriptor under a new one's name would join a new port to an old epoch at the next start.
      keeping.systemd?.forget(KEPT_NAMES);
      keeping.systemd?.keep(new Map([...ofPty, ...(line === undefined ? [] : lineFiles(line))]));
      if (line !== undefined) this.#attach(line, 'opened');
    }
    if (line === undefined) this.#awaitDevice();
    this.#pty?.start();
    this.#server = new BridgeServer(options.socket, {
      hub, log, report: () => this.#report(pty !== undefined), upgrade: (session) => { this.#upgrade.request(session); }, takeover: (session, pid) => this.#upgrade.handOver(session, pid),
    }, monotonicMs);
    await this.#server.listen();
    if (options.tcp !== undefined) await this.#listenTcp(hub, options.tcp, line === undefined || !resumed);
    log('info', `serves ${options.socket}`, { ...pty === undefined ? {} : { programs: options.link }, ...this.#tcp === undefined ? {} : { tcp: options.tcp } });
    keeping.systemd?.ready(`serving ${options.socket}`);
  }

  /** `strict`: a wrong port is told by ending. A line that is held already is worth more than its TCP port. */
  async #listenTcp(hub: Hub, port: number, strict: boolean): Promise<void> {
    const { log } = this.#services;
    try {
      this.#tcp = await listenTcp(hub, port, (message) => { log('warn', message); });
    } catch (error) {
      if (strict) throw error;
      log('warn', `${toHoldlineError(error).message}; tries again`);
      this.#tcpRetry = setTimeout(() => { void this.#listenTcp(hub, port, false); }, RETRY_MAX_MS);
    }
  }

  /** Ends in order, between two transfers: the kept descriptors stay valid for the next process. */
  stop(): void {
    this.#stopMoving();
    this.#services.lock.release();
    this.#services.keeping.systemd?.stopping();
    this.#server?.close('the bridge is stopping', true);
  }

  /** Reading first, everything else later: this is the pause of a restart or an upgrade. */
  #resume(line: OpenLine): void {
    this.#attach(line, 'resumed');
    if (this.#pauseMs !== null) this.#services.log('info', 'took the line over', { pause_ms: this.#pauseMs });
  }

  #stopMoving(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#tcpRetry);
    this.#pty?.stop();
    this.#tcp?.close();
    this.#hub?.line?.stop();
  }

  #files(): Map<KeptName, number> {
    return this.#open === undefined ? new Map() : lineFiles(this.#open);
  }

  #attach(open: OpenLine, how: 'opened' | 'resumed'): void {
    const { system, options, lock, log } = this.#services;
    const hub = this.#hub;
    if (hub === undefined) return;
    this.#open = open;
    this.#retryMs = RETRY_FIRST_MS;
    this.#lastProblem = '';
    const line = new Line(system, open, open.stream, { capacity: options.capacity, flowControl: options.line.rtscts || options.line.xonxoff, monotonicMs: this.#services.monotonicMs }, {
      received: () => { hub.wakeAll(); }, sent: () => { hub.wakeAll(); },
      gone: (reason) => { this.#gone(reason); }, warn: (message, fields) => { log('warn', message, fields); },
    });
    hub.attach(line);
    // Here the first read is done.
    if (how === 'resumed') this.#pauseMs = lock.pauseMs();
    log('info', `holds ${options.port}`, { epoch: open.stream.id, baud: options.line.baud, received: open.stream.head });
  }

  #gone(reason: string): void {
    const { keeping, log } = this.#services;
    log('warn', `the line is down: ${reason}`);
    this.#hub?.detach(reason);
    keeping.systemd?.forget(['tty', 'pipe', 'tx', 'pty-rx']);
    if (this.#open !== undefined) {
      closeSync(this.#open.tty);
      if (this.#open.pipe !== undefined) closeSync(this.#open.pipe);
    }
    this.#open = undefined;
    // A shell cannot let go of one descriptor: a dead port it still holds would make the device come back under another name.
    if (keeping.kind === 'shell') keeping.reopen();
    else this.#awaitDevice();
  }

  #awaitDevice(): void {
    const { keeping, options } = this.#services;
    this.#retry = setTimeout(() => {
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
      if (!existsSync(options.port)) this.#awaitDevice();
      else if (keeping.kind === 'shell') keeping.reopen();
      else this.#reopen();
    }, keeping.kind === 'shell' ? RETRY_MAX_MS : this.#retryMs);
  }

  #reopen(): void {
    const { system, options, keeping, log } = this.#services;
    try {
      const open = openNewLine(system, options);
      keeping.systemd?.keep(lineFiles(open));
      if (open.reader !== undefined) this.#pty?.adopt(open.reader);
      this.#attach(open, 'opened');
    } catch (thrown) {
      const error = toHoldlineError(thrown);
      if (error.message !== this.#lastProblem) log('warn', error.message, error.hint === undefined ? {} : { hint: error.hint });
      this.#lastProblem = error.message;
      this.#awaitDevice();
    }
  }

  #report(pty: boolean): string {
    const { options, keeping, system, version, monotonicMs } = this.#services;
    const clients = [...this.#server?.sessions.keys() ?? []].filter((session) => session.isOpen)
      .map((session) => ({ label: session.label, kind: session.kind, role: session.role, epoch: session.epoch, position: session.position }));
    if (this.#hub === undefined) return '{}';
    return JSON.stringify(reportBridge({
      name: options.name, version, pid: process.pid, port: options.port, baud: options.line.baud, keeper: keeping.kind, mode: system.kind,
      pty: pty ? options.link ?? null : null, tcp: this.#tcp === undefined ? null : options.tcp ?? null, uptime_s: Math.round((monotonicMs() - this.#startedMs) / 1000), spool_bytes: options.capacity, pause_ms: this.#pauseMs,
    }, this.#hub, clients));
  }
}
