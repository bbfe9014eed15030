// One run of the proof: device, bridge and app, something killed again and again, then the count of every byte in both directions.
import { readFileSync, mkdtempSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectBridge } from '../../../src/bridge/inspect.js';
import type { BridgeReport } from '../../../src/bridge/status.js';
import type { Bundle } from './bundle.js';
import { JsonChild } from './child.js';
import { judgeCounters } from './judge.js';

export type Victim = 'none' | 'app' | 'bridge' | 'both' | 'warm' | 'cold' | 'mid-upgrade';

export type Fault = 'drop' | 'double' | 'drop-out' | 'double-out' | 'early-ack';

export interface Scenario {
  readonly bundle: Bundle;
  readonly baud: number;
  readonly victim: Victim;
  readonly count: number;
  /** Mean time between two kills. */
  readonly everyMs: number;
  readonly fault?: Fault;
  /** More words for `bridge run`. */
  readonly flags?: readonly string[];
}

export interface Outcome {
  readonly kills: number;
  /** Kills of the app that met unacknowledged reads and writes. */
  readonly inFlight: number;
  readonly sent: number;
  readonly received: number;
  readonly written: number;
  readonly arrived: number;
  /** Bytes not accounted for, either way: missing (positive) or too many (negative). */
  readonly missingIn: number;
  readonly missingOut: number;
  readonly wrong: readonly string[];
  readonly refused: number;
  /** How long nobody read, by the bridge's own clock, at each planned restart or upgrade. */
  readonly readingGapsMs: readonly number[];
  readonly report: BridgeReport | null;
  /** How often its counters were looked at. */
  readonly looks: number;
}

const SETTLE_TRIES = 400;

/** Memory where there is some: a real device has /run. */
export const scratchRoot = (): string => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

export class Rig {
  readonly directory = mkdtempSync(join(scratchRoot(), 'hl-'));
  readonly device: JsonChild;
  bridge!: JsonChild;
  app: JsonChild | undefined;
  port = '';
  looks = 0;
  readonly miscounts: string[] = [];
  /** For the bridge alone: several rigs run side by side. */
  readonly env: Record<string, string> = {};
  readonly #bundle: Bundle;
  readonly #bridgeName: string;
  readonly #pace: number;

  constructor(bundle: Bundle, bridgeName: string, pace: number) {
    this.#bundle = bundle;
    this.#bridgeName = bridgeName;
    this.#pace = pace;
    this.device = new JsonChild(process.execPath, [bundle.path('device')]);
  }

  readonly #stopBridge = (): void => { this.bridge.process.kill('SIGTERM'); };

  get socket(): string { return join(this.directory, 'p.sock'); }
  get link(): string { return join(this.directory, 'p.tty'); }

  /** On the numbering device, or on another `port`. */
  async startBridge(baud: number, extra: readonly string[] = [], port?: string): Promise<void> {
    this.port = port ?? String((await this.device.first)['path']);
    this.bridge = new JsonChild(process.execPath, [this.#bundle.path(this.#bridgeName), 'run', '--name', 'p', '--port', this.port, '--baud', String(baud), '--socket-dir', this.directory, ...extra], this.env);
    // A keeper outlives a test process that crashes; it must not go on opening PTYs.
    process.once('exit', this.#stopBridge);
    await this.pid();
  }

  startApp(): void {
    this.app = new JsonChild(process.execPath, [this.#bundle.path('app'), this.socket, join(this.directory, 'state'), String(this.#pace)]);
  }

  /** Judged each time: the counters must add up at every instant somebody looks. */
  async report(): Promise<BridgeReport | null> {
    const { report } = await inspectBridge(this.socket, 'p');
    this.looks += 1;
    this.miscounts.push(...judgeCounters(report));
    return report;
  }

  /** What the app had committed, and what it had heard of its writes. */
  appKnows(): { rx: number; tx: number; heard: number } {
    const state = join(this.directory, 'state');
    if (!existsSync(state)) return { rx: 0, tx: 0, heard: 0 };
    const { rx, tx } = JSON.parse(readFileSync(state, 'utf8')) as { rx: number; tx: number };
    return { rx, tx, heard: Number(readFileSync(`${state}.heard`, 'utf8')) };
  }

  /** The serving bridge's process, once it serves. */
  async pid(not = 0): Promise<number> {
    for (let tries = 0; tries < 1000; tries += 1) {
      const report = await this.report();
      if (report !== null && report.pid !== not) return report.pid;
      if (this.bridge.process.exitCode !== null) throw new Error(`the bridge ended: ${this.bridge.errors.join('')}`);
      await sleep(5);
    }
    throw new Error(`no bridge answers: ${this.bridge.errors.join('')}`);
  }

  /** Once another bridge than `not` has its consumer back: bytes flow. */
  async served(not: number): Promise<void> {
    for (let tries = 0; tries < 1000; tries += 1) {
      const report = await this.report();
      if (report !== null && report.pid !== not && report.consumer !== null) return;
      await sleep(5);
    }
    throw new Error(`no consumer came back: ${this.bridge.errors.join('')}`);
  }

  /** Children of the shell keeper. */
  children(): number[] {
    const pid = this.bridge.process.pid ?? 0;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter((text) => text !== '').map(Number);
  }

  async close(): Promise<void> {
    if (this.app !== undefined) await this.app.kill();
    if (this.bridge !== undefined) await this.bridge.kill('SIGTERM');
    process.off('exit', this.#stopBridge);
    await this.device.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export const bytesPerMs = (baud: number): number => baud / 10_000;

/** Waits until app and device have everything, or no more comes. */
async function settle(rig: Rig): Promise<{ app: Record<string, unknown>; device: Record<string, unknown> }> {
  let last = '';
  let still = 0;
  for (let tries = 0; ; tries += 1) {
    const app = await rig.app!.ask({ do: 'finish' });
    const device = await rig.device.ask({ do: 'stop' });
    if (app['rx'] === device['sent'] && app['tx'] === device['received']) return { app, device };
    const now = `${String(app['rx'])} ${String(device['received'])}`;
    still = now === last ? still + 1 : 0;
    last = now;
    if (still > 40 || tries > SETTLE_TRIES) return { app, device };
    await sleep(25);
  }
}

export async function runScenario(scenario: Scenario, act: (rig: Rig, scenario: Scenario) => Promise<{ kills: number; gaps: readonly number[]; inFlight: number }>): Promise<Outcome> {
  // Half the line's speed back, so that both directions are under way at every kill.
  const rig = new Rig(scenario.bundle, scenario.fault === undefined ? 'bridge' : 'faulty', bytesPerMs(scenario.baud) / 2);
  if (scenario.fault !== undefined) rig.env['HOLDLINE_TEST_FAULT'] = scenario.fault;
  try {
    await rig.startBridge(scenario.baud, scenario.flags);
    rig.startApp();
    await rig.app!.first;
    await rig.device.ask({ do: 'run', bytesPerMs: bytesPerMs(scenario.baud) });
    await sleep(100);
    const { kills, gaps, inFlight } = await act(rig, scenario);
    await sleep(100);
    await rig.device.ask({ do: 'stop' });
    await rig.app!.first;
    const { app, device } = await settle(rig);
    const report = await rig.report();
    const wrong = [...(app['skipped'] as string[]), ...rig.miscounts.slice(0, 3)];
    if (app['wrongAt'] !== -1) wrong.push(`app: wrong byte at ${String(app['wrongAt'])}`);
    if (device['wrongAt'] !== -1) wrong.push(`device: wrong byte at ${String(device['wrongAt'])}`);
    if ((app['gaps'] as unknown[]).length > 0) wrong.push(`gaps ${JSON.stringify(app['gaps'])}`);
    if (app['epochs'] !== 0) wrong.push(`${String(app['epochs'])} epoch changes`);
    return {
      kills, inFlight, sent: Number(device['sent']), received: Number(app['rx']), written: Number(app['tx']), arrived: Number(device['received']),
      missingIn: Number(device['sent']) - Number(app['rx']), missingOut: Number(app['tx']) - Number(device['received']), wrong, refused: Number(device['refused']), readingGapsMs: gaps, report, looks: rig.looks,
    };
  } finally {
    await rig.close();
  }
}
