// The updater as an object, for programs that want to drive it themselves. The same workflows as the command line, in this process.
import { EventEmitter } from 'node:events';
import { HoldlineError } from '../../domain/errors.js';
import type { Job } from '../../domain/jobs.js';
import type { Layout } from '../../domain/layout.js';
import type { Logger } from '../../domain/ports.js';
import type { BackupSummary, CheckResult, RunEvent, StatusReport, UpdateResult } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import type { Waiting } from '../../domain/state.js';
import type { DownloadedUpdate } from '../../engine/update.js';
import { systemClock } from '../../platform/clock.js';
import { readStatus } from '../app/read-status.js';
import { servicesWithoutDaemon } from '../app/services-without-daemon.js';
import { nextCheckDelay } from '../daemon/next-check.js';
import { fetcherScript } from '../fetcher/fetcher-script.js';
import { layoutOf } from '../layout-of.js';
import { readSettings } from '../read-settings.js';
import { wireUpdater } from '../wire-updater.js';

export interface OtaUpdaterOptions {
  /** Settings file; default: HOLDLINE_CONFIG, else /etc/holdline/holdline.yaml. */
  readonly config?: string;
  /** Settings by the file's key names, over the file and the environment. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly log?: Logger;
}

interface Events {
  /** Everything a run tells: states, progress, notes. */
  event: [RunEvent];
  checked: [CheckResult];
  updated: [UpdateResult];
  'rolled-back': [UpdateResult];
  error: [HoldlineError];
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Restarts systemd units; embedded services belong to the daemon (`holdline run`) and are left alone.
 * Every method rejects with a HoldlineError; `busy` while another holdline works on the same app.
 */
export class OtaUpdater extends EventEmitter<Events> {
  readonly #settings: Settings;
  readonly #layout: Layout;
  readonly #log: Logger;
  #stop: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  /** @throws HoldlineError of family `settings` */
  constructor(options: OtaUpdaterOptions = {}) {
    super();
    this.#settings = readSettings(options.config, process.env, options.settings);
    this.#layout = layoutOf(this.#settings);
    this.#log = options.log ?? SILENT;
  }

  /** Checks now and every check_interval, and installs what the policy lets come by itself; goes on with an interrupted update first. */
  start(): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#loop = this.#cycle(stop.signal);
  }

  /** Before the switch what is under way is discarded; after it the next start goes on watching. Resolves when all is quiet. */
  async stop(): Promise<void> {
    this.#stop?.abort(new HoldlineError('interrupted', 'cannot go on: the updater was stopped'));
    this.#stop = undefined;
    await this.#loop;
  }

  async checkForUpdates(): Promise<CheckResult> {
    const result = await this.#run<CheckResult>({ kind: 'check' });
    this.emit('checked', result);
    return result;
  }

  /** Fetches and verifies the newest release (or the named one); null where there is nothing to fetch. */
  downloadUpdate(version?: string, component?: string): Promise<DownloadedUpdate | null> { return this.#run({ kind: 'download', version, component }); }

  /** A verified backup of what runs now. */
  createBackup(component?: string): Promise<BackupSummary> { return this.#run({ kind: 'backup', component }); }

  /** Installs, watches, commits or reverts. @param component one of several; absent: all of them, in their order */
  async applyUpdate(version?: string, component?: string): Promise<UpdateResult> {
    return this.#tell(await this.#run<UpdateResult>({ kind: 'update', component, version, from: undefined, dryRun: false }));
  }

  /** To the previous version, a kept version, or a backup by name. */
  async rollback(target?: string, component?: string): Promise<UpdateResult> {
    return this.#tell(await this.#run<UpdateResult>({ kind: 'rollback', component, target, dryRun: false }));
  }

  getStatus(): Promise<StatusReport> { return readStatus(this.#settings, this.#layout); }

  #tell(result: UpdateResult): UpdateResult {
    if (result.outcome === 'updated') this.emit('updated', result);
    if (result.outcome === 'rolled_back') this.emit('rolled-back', result);
    return result;
  }

  async #run<Result>(job: Job, signal: AbortSignal = this.#stop?.signal ?? new AbortController().signal): Promise<Result> {
    const updater = wireUpdater(this.#settings, {
      services: servicesWithoutDaemon(this.#layout), supervisorRuns: false, usage: {}, fetcher: fetcherScript(), log: this.#log, actor: 'library', report: (event) => { this.emit('event', event); },
    });
    return await updater.run(job, signal) as Result;
  }

  async #cycle(signal: AbortSignal): Promise<void> {
    let waiting: Waiting | null = null;
    for (let turn = 0; !signal.aborted; turn += 1) {
      const delay = nextCheckDelay({ interval: this.#settings.checkInterval, first: turn === 0, second: turn === 1, waiting, now: systemClock.now(), random: Math.random() });
      try {
        await systemClock.sleep(delay * 1000, signal);
        const result = await this.#run<CheckResult | UpdateResult>({ kind: 'cycle' }, signal);
        waiting = result.waiting ?? null;
        if ('release' in result) this.emit('checked', result); else this.#tell(result);
      } catch (thrown) {
        if (signal.aborted) return;
        if (thrown instanceof HoldlineError && this.listenerCount('error') > 0) this.emit('error', thrown);
      }
    }
  }
}
