// The embedded supervisor, where there is no systemd or no wish for a unit: starts, stops and restarts commands.
// It never starts a service twice: what an earlier supervisor left running is adopted or ended first.
import { dirname } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Clock, Filesystem, Logger, ServiceController } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { LeftProcess, ServiceHost, ServiceProcess } from '../domain/service-host.js';
import type { ServiceSettings } from '../domain/settings.js';
import { endGroup } from './end-group.js';
import { inDependencyOrder } from './dependency-order.js';
import { SupervisedService } from './supervised-service.js';
import { parseSupervisorRecord, printSupervisorRecord, type RunningRecord, type SupervisorRecord } from './supervisor-record.js';

const FORWARD_INTERVAL_MS = 1_000;
const ORPHAN_STOP_TIMEOUT_S = 10;

export interface EmbeddedOptions {
  readonly services: readonly ServiceSettings[];
  readonly host: ServiceHost;
  readonly filesystem: Filesystem;
  readonly clock: Clock;
  readonly log: Logger;
  /** The folder a service starts in, by its name. */
  readonly folderOf: (service: string) => string;
  /** `supervisorFile(layout)`. */
  readonly stateFile: string;
  /** The whole environment of a service, before its own `env`: see serviceEnvironment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What services are started from, the text of the `current` link: an adopted one of another is restarted. */
  readonly generation: (service: string) => string;
  /** May a process of another generation go on all the same: no update since has touched it. */
  readonly accepts: (left: LeftProcess) => boolean;
}

export interface EmbeddedSupervisor extends ServiceController {
  /** Adopts what runs already and starts the rest in order of dependency. A service that does not start is logged and tried again by itself. */
  startAll(except?: ReadonlySet<string>): Promise<void>;
  /** Stops all of them, dependents first. Throws the first `service-stop` after all were tried. */
  stopAll(): Promise<void>;
}

export function createEmbeddedSupervisor(options: EmbeddedOptions): EmbeddedSupervisor {
  return new Embedded(options);
}

class Embedded implements EmbeddedSupervisor {
  readonly #options: EmbeddedOptions;
  readonly #services = new Map<string, SupervisedService>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #bootId: string;
  #adopted: Promise<void> | undefined;
  /** Until all that was left behind is looked after, the file still names what is not. */
  #adopting = false;
  #forwarding: AbortController | undefined;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#bootId = options.host.bootId();
    const { host, clock, log } = options;
    for (const settings of options.services) {
      if (settings.command === null) continue;
      const env = { ...options.environment, ...this.#marks(settings.name) };
      this.#services.set(settings.name, new SupervisedService(settings, { host, clock, log, cwd: options.folderOf(settings.name), env, generation: () => options.generation(settings.name), save: () => this.#save() }));
    }
  }

  async startAll(except: ReadonlySet<string> = new Set()): Promise<void> {
    await this.#ready();
    await inDependencyOrder(this.#settings(), 'dependencies-first', async ({ name }) => {
      if (except.has(name)) return;
      await this.#inTurn(name, (service) => service.start()).catch((thrown: unknown) => {
        this.#options.log.error(thrown instanceof Error ? thrown.message : String(thrown), { service: name });
      });
    });
  }

  async stopAll(): Promise<void> {
    const failures: unknown[] = [];
    await this.#ready();
    await inDependencyOrder(this.#settings(), 'dependents-first', async ({ name }) => {
      await this.#inTurn(name, (service) => service.stop()).catch((thrown: unknown) => { failures.push(thrown); });
    });
    this.#forwarding?.abort();
    this.#forwarding = undefined;
    if (failures.length > 0) throw failures[0];
  }

  async start(service: ServiceSettings): Promise<void> {
    await this.#ready();
    await this.#inTurn(service.name, (supervised) => supervised.start());
  }

  async stop(service: ServiceSettings): Promise<void> {
    await this.#ready();
    await this.#inTurn(service.name, (supervised) => supervised.stop());
  }

  async reload(service: ServiceSettings): Promise<void> {
    await this.#ready();
    const { onChange } = service;
    if (typeof onChange === 'object' && 'signal' in onChange) await this.#inTurn(service.name, async (supervised) => supervised.signal(onChange.signal));
  }

  async status(service: ServiceSettings): Promise<ServiceStatus> {
    await this.#ready();
    return this.#find(service.name).status();
  }

  /** Start and stop of one service never overlap; different services go side by side. */
  #inTurn(name: string, act: (service: SupervisedService) => Promise<void>): Promise<void> {
    const service = this.#find(name);
    const turn = (this.#queues.get(name) ?? Promise.resolve()).then(() => act(service));
    this.#queues.set(name, turn.catch(() => undefined));
    return turn;
  }

  #find(name: string): SupervisedService {
    const service = this.#services.get(name);
    if (service === undefined) throw new HoldlineError('internal', `cannot find the service ${name}: the supervisor was started without it`, { hint: 'Restart holdline after a change of its settings.' });
    return service;
  }

  #settings(): ServiceSettings[] {
    return this.#options.services.filter((service) => service.command !== null);
  }

  #marks(name: string): Record<string, string> {
    return { HOLDLINE_SERVICE: name, HOLDLINE_SUPERVISOR: this.#options.stateFile };
  }

  /** Before anything else, and once: look after what an earlier supervisor left behind. */
  #ready(): Promise<void> {
    this.#adopted ??= this.#adoptAll();
    return this.#adopted;
  }

  async #adoptAll(): Promise<void> {
    this.#adopting = true;
    try { await this.#adopt(); } finally { this.#adopting = false; }
    this.#save();
    void this.#forward();
  }

  async #adopt(): Promise<void> {
    const record = this.#read();
    if (record === undefined || record.bootId !== this.#bootId) return;
    const unwanted: { running: RunningRecord; process: ServiceProcess }[] = [];
    for (const running of record.services) {
      const [process, ...doubles] = this.#recognise(running);
      if (process === undefined) continue;
      const service = this.#services.get(running.name);
      // An update never touches hardware processes, so those may be older than the current version.
      if (service !== undefined && (service.kind === 'hardware' || running.generation === this.#options.generation(running.name) || this.#options.accepts({ service: running.name, pid: process.pid, bootId: record.bootId, generation: running.generation }))) service.adopt(process, running);
      else doubles.push(process);
      for (const double of doubles) unwanted.push({ running, process: double });
    }
    await Promise.all(unwanted.map(({ running, process }) => this.#endUnwanted(running, process)));
  }

  /** One that cannot be ended is kept as it is: better the old one than two at once on a port. */
  async #endUnwanted(running: RunningRecord, process: ServiceProcess): Promise<void> {
    const { clock, log, services } = this.#options;
    const stopTimeout = services.find((service) => service.name === running.name)?.stopTimeout ?? ORPHAN_STOP_TIMEOUT_S;
    log.info(`service ${running.name} is ended: process ${process.pid} was started from another version or is not in the settings`);
    await endGroup(running.name, process, stopTimeout * 1000, clock).catch((thrown: unknown) => {
      log.error(thrown instanceof Error ? thrown.message : String(thrown));
      this.#services.get(running.name)?.adopt(process, running);
    });
  }

  #recognise(running: RunningRecord): ServiceProcess[] {
    const { host } = this.#options;
    const identities = running.process === null ? host.find(this.#marks(running.name)) : [running.process];
    return identities.map((identity) => host.adopt(identity)).filter((process) => process !== undefined);
  }

  #read(): SupervisorRecord | undefined {
    const { filesystem, stateFile, log } = this.#options;
    if (filesystem.stat(stateFile) === undefined) return undefined;
    const record = parseSupervisorRecord(filesystem.readText(stateFile));
    if (record === undefined) log.warn(`${stateFile} is not readable as the supervisor's file: services still running from before are not recognised`);
    return record;
  }

  #save(): void {
    if (this.#adopting) return;
    const { filesystem, stateFile, log } = this.#options;
    const services = [...this.#services.values()].map((service) => service.record()).filter((record) => record !== undefined);
    try {
      filesystem.makeDirectory(dirname(stateFile));
      filesystem.writeDurably(stateFile, printSupervisorRecord({ bootId: this.#bootId, services }), 0o640);
    } catch (thrown) { // a full disk must not stop a service; only adoption after a kill is lost
      log.error(`cannot write ${stateFile}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  async #forward(): Promise<void> {
    if (this.#services.size === 0) return;
    const forwarding = new AbortController();
    this.#forwarding = forwarding;
    while (!forwarding.signal.aborted) {
      for (const service of this.#services.values()) service.forwardOutput();
      await this.#options.clock.sleep(FORWARD_INTERVAL_MS, forwarding.signal).catch(() => undefined);
    }
  }
}
