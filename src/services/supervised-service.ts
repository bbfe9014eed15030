// One embedded service from its start to its end: carries out what the table in supervise.ts decides.
// One call at a time (the embedded supervisor queues them); never two processes at once.
import { HoldlineError } from '../domain/errors.js';
import type { Clock, Logger } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { ServiceExit, ServiceHost, ServiceOutput, ServiceProcess } from '../domain/service-host.js';
import type { ReloadSignal, ServiceSettings } from '../domain/settings.js';
import { endGroup } from './end-group.js';
import type { RunningRecord } from './supervisor-record.js';
import { decideSupervision, STOPPED, type SuperviseAction, type Supervised, type SuperviseEvent } from './supervise.js';

/** A service that lives this long has started. */
const SETTLE_MS = 300;
const TAIL_LINES = 3;
const MAX_FORWARDED_LINES = 100;

export interface SupervisedContext {
  readonly host: ServiceHost;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly generation: () => string;
  /** Called after each change of what `record()` answers. */
  readonly save: () => void;
}

export class SupervisedService {
  readonly #settings: ServiceSettings;
  readonly #context: SupervisedContext;
  readonly #output: ServiceOutput;
  #now: Supervised = STOPPED;
  #process: ServiceProcess | undefined;
  #starting = false;
  #startedMs = 0;
  #since = '';
  #generation = '';
  #lastEnd: string | null = null;
  #delay: AbortController | undefined;
  /** What a death left behind is being ended; the next start waits for it. */
  #cleaning: Promise<void> = Promise.resolve();

  constructor(settings: ServiceSettings, context: SupervisedContext) {
    this.#settings = settings;
    this.#context = context;
    this.#output = context.host.output(settings.name);
  }

  get name(): string { return this.#settings.name; }
  get kind(): ServiceSettings['kind'] { return this.#settings.kind; }

  async start(): Promise<void> {
    if (this.#now.phase === 'running') return;
    if (this.#now.phase === 'stopping') await this.stop(); // it survived an earlier stop: never two at once
    this.#delay?.abort();
    await this.#cleaning;
    this.#lastEnd = null;
    await this.#perform(this.#decide('start'));
    const process = this.#process;
    const end = process === undefined ? null : await this.#endWithin(process, SETTLE_MS);
    if (process !== undefined && end === null) return;
    throw new HoldlineError('service-start', `cannot start ${this.name}: ${this.#withOutput(this.#lastEnd ?? 'it ended at once')}`, {
      hint: `Run it by hand in ${this.#context.cwd}: ${(this.#settings.command ?? []).join(' ')}`, context: { service: this.name },
    });
  }

  async stop(): Promise<void> {
    const process = this.#process;
    await this.#perform(this.#decide('stop'));
    await this.#cleaning;
    if (process !== undefined && this.#now.phase === 'stopping') this.#settle();
  }

  /** One that waits for its next start reads the new files then. */
  signal(signal: ReloadSignal): void {
    if (this.#process === undefined || this.#now.phase !== 'running') return;
    this.#process.signal(signal);
    this.#context.log.info(`service ${this.name} is told to look at its files again (${signal} to process ${this.#process.pid})`);
  }

  /** Goes on with a process an earlier supervisor started. */
  adopt(process: ServiceProcess, record: RunningRecord): void {
    this.#decide('adopted');
    this.#now = { ...this.#now, restarts: record.restarts };
    this.#watch(process, record.since, record.generation);
    this.#context.log.info(`service ${this.name} goes on as process ${process.pid}: it outlived its supervisor`);
  }

  record(): RunningRecord | undefined {
    if (this.#process === undefined && !this.#starting) return undefined;
    return {
      name: this.name, process: this.#process === undefined ? null : { pid: this.#process.pid, startTime: this.#process.startTime },
      since: this.#since, restarts: this.#now.restarts, generation: this.#generation,
    };
  }

  status(): ServiceStatus {
    const active = this.#process !== undefined && this.#now.phase === 'running';
    return {
      name: this.name, kind: this.#settings.kind, active, pid: this.#process?.pid ?? null,
      restarts: this.#now.restarts, since: active ? this.#since : null,
      detail: this.#detail(active),
    };
  }

  #detail(active: boolean): string | null {
    if (this.#lastEnd === null || (active && this.#now.restarts === 0)) return null;
    return this.#now.phase === 'stopped' ? this.#lastEnd : this.#withOutput(this.#lastEnd);
  }

  forwardOutput(): void {
    const { lines, skipped } = this.#output.collect(MAX_FORWARDED_LINES);
    for (const line of lines) this.#context.log.info(line, { service: this.name });
    if (skipped > 0) this.#context.log.warn(`service ${this.name} prints too fast: some of its lines are not shown`, { service: this.name });
  }

  #decide(event: SuperviseEvent, ranMs = 0): SuperviseAction {
    const { next, action } = decideSupervision(this.#now, event, ranMs);
    this.#now = next;
    return action;
  }

  async #perform(action: SuperviseAction): Promise<void> {
    switch (action.do) {
      case 'nothing': return;
      case 'spawn': return this.#spawn();
      case 'terminate': return this.#terminate();
      case 'cancel-delay': this.#delay?.abort(); return;
      case 'delay': void this.#restartAfter(action.ms); return;
    }
  }

  async #spawn(): Promise<void> {
    const { host, cwd, env, clock, save, generation, log } = this.#context;
    this.#generation = generation();
    this.#since = clock.now().toISOString();
    this.#starting = true;
    this.#output.mark();
    save(); // before the process exists: a kill in between leaves a trace to look for
    try {
      const process = await host.spawn({ name: this.name, argv: this.#settings.command ?? [], cwd, env: { ...env, ...this.#settings.env } });
      this.#starting = false;
      this.#watch(process, this.#since, this.#generation);
      log.info(`service ${this.name} started as process ${process.pid}`);
    } catch (thrown) {
      this.#starting = false;
      this.#lastEnd = thrown instanceof Error ? thrown.message : String(thrown);
      save();
      await this.#perform(this.#decide('spawn-failed'));
    }
  }

  #watch(process: ServiceProcess, since: string, generation: string): void {
    this.#process = process;
    this.#since = since;
    this.#generation = generation;
    this.#startedMs = this.#context.clock.monotonicMs();
    this.#context.save();
    void process.exited.then((exit) => this.#onExit(process, exit));
  }

  async #onExit(process: ServiceProcess, exit: ServiceExit): Promise<void> {
    if (this.#process !== process || this.#now.phase !== 'running') return; // a stop we asked for tells itself
    const ranMs = this.#context.clock.monotonicMs() - this.#startedMs;
    this.#lastEnd = `${describeExit(exit)} after ${(ranMs / 1000).toFixed(1)} s`;
    this.#process = undefined;
    this.forwardOutput();
    this.#cleaning = this.#endRest(process);
    const action = this.#decide('exited', ranMs);
    this.#context.log.warn(`service ${this.name} ${this.#lastEnd}${action.do === 'delay' ? `; it starts again in ${action.ms / 1000} s` : ''}`, { service: this.name });
    this.#context.save();
    await this.#perform(action);
  }

  /** Children of a dead service would hold its port and its files against the next one. */
  async #endRest(process: ServiceProcess): Promise<void> {
    await endGroup(this.name, process, this.#settings.stopTimeout * 1000, this.#context.clock)
      .catch((thrown: unknown) => { this.#context.log.error(thrown instanceof Error ? thrown.message : String(thrown)); });
  }

  async #restartAfter(ms: number): Promise<void> {
    const delay = new AbortController();
    this.#delay = delay;
    await this.#context.clock.sleep(ms, delay.signal).catch(() => undefined);
    await this.#cleaning;
    if (delay.signal.aborted || this.#now.phase !== 'waiting') return;
    await this.#perform(this.#decide('delay-over'));
  }

  async #terminate(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    await endGroup(this.name, process, this.#settings.stopTimeout * 1000, this.#context.clock);
  }

  #settle(): void {
    this.#process = undefined;
    this.#lastEnd = 'stopped';
    this.#decide('exited');
    this.forwardOutput();
    this.#context.log.info(`service ${this.name} stopped`);
    this.#context.save();
  }

  async #endWithin(process: ServiceProcess, ms: number): Promise<ServiceExit | null> {
    const alive = new AbortController();
    const end = await Promise.race([process.exited, this.#context.clock.sleep(ms, alive.signal).then(() => null, () => null)]);
    alive.abort();
    return end;
  }

  #withOutput(text: string): string {
    const lines = this.#output.tail(TAIL_LINES);
    return lines.length === 0 ? text : `${text}; last output: ${lines.join(' | ')}`;
  }
}

function describeExit({ code, signal }: ServiceExit): string {
  if (signal !== null) return `was killed by ${signal}`;
  return code === null ? 'ended' : `ended with exit code ${code}`;
}
