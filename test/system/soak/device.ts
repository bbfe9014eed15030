// The soak's device and what must be true of it: which trees were published, which edits a person made, who is blocked.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../../support/device-world.js';
import { appFiles, type Behaviour } from '../../support/e2e/app-files.js';
import { createWorld, freePort, type World } from '../../support/e2e/world.js';
import type { Ran, Running } from '../../support/e2e/run-command.js';
import { findProcesses, kill, type Found } from './processes.js';

export type Status = Readonly<Record<string, unknown>> & { readonly state: string; readonly current_version: string | null; readonly blocked: readonly { readonly version: string; readonly reason: string }[] };

export class Device {
  /** Version to code files as published; config is the device's. */
  readonly published = new Map<string, Files>([['1.0.0', codeOf(appFiles('1.0.0'))]]);
  readonly edits: string[] = [];
  /** Versions a person has freed again: they may be tried once more. */
  readonly unblocked = new Set<string>();
  readonly log: string[] = [];
  daemon: Running | undefined;
  minor = 0;

  private constructor(readonly world: World, readonly mark: string) {}

  static async create(seed: number): Promise<Device> {
    const port = await freePort();
    const world = await createWorld({
      github: { limits: { anonymous: 10_000_000 } },
      settings: {
        services: [{ name: 'web', command: ['node', 'src/server.js'], env: { PORT: String(port) }, stop_timeout: 1 }, { name: 'meter', command: ['sleep', '100000'], kind: 'hardware' }],
        health: [{ http: `http://127.0.0.1:${port}/health`, status: 200, timeout: 0.5 }], probation: { seconds: 1, interval: 0.2, failures: 3 },
        check_interval: 1, download_timeout: 2, max_retries: 1, max_backups: 2, log_level: 'info',
      },
    });
    return new Device(world, `HOLDLINE_SOAK=${seed}-${process.pid}`);
  }

  get env(): { readonly env: Readonly<Record<string, string>> } {
    const [name = '', value = ''] = this.mark.split('=');
    return { env: { [name]: value } };
  }

  /** Patch releases only: a device never has to skip one. */
  nextVersion(): string {
    this.minor += 1;
    return `1.0.${this.minor}`;
  }

  async publish(version: string, behaviour: Behaviour): Promise<void> {
    const files = appFiles(version, behaviour, { 'src/lib/more.js': `// ${'more '.repeat(this.minor % 7)}\n` });
    await this.world.publish(version, files);
    this.published.set(version, codeOf(files));
  }

  holdline(args: readonly string[]): Promise<Ran> { return this.world.holdline(args, this.env); }

  async status(): Promise<Status> { return (await this.holdline(['--status', '--json'])).json as Status; }

  async startDaemon(): Promise<void> {
    if (this.daemon !== undefined) return;
    const daemon = this.world.start(['run'], this.env);
    this.daemon = daemon;
    void daemon.done.then(({ code, signal }) => {
      if (this.daemon === daemon) this.daemon = undefined;
      this.log.push(`daemon ${daemon.pid} ended with ${code ?? signal ?? '?'}${code === 0 || signal !== null ? '' : `: ${daemon.output().slice(-600)}`}`);
    });
  }

  async stopDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { daemon } = this;
    if (daemon === undefined) return;
    await daemon.kill(signal);
    this.daemon = undefined;
  }

  /** A person's edit, appended in one call: no editor of ours may be what loses it. */
  edit(): string {
    const key = `user_${this.edits.length}`;
    appendFileSync(join(this.world.appDir, 'config/app.yaml'), `${key}: ${this.edits.length}\n`);
    this.edits.push(key);
    return key;
  }

  config(): string { return readFileSync(join(this.world.appDir, 'config/app.yaml'), 'utf8'); }

  processes(): Found[] { return findProcesses([this.mark, `HOLDLINE_SUPERVISOR=${join(this.world.root, 'run', 'services.json')}`]); }

  async close(): Promise<void> {
    await this.stopDaemon('SIGKILL');
    for (const { pid } of this.processes()) kill(pid);
    await this.world.close();
  }
}

export function codeOf(files: Files): Files {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !path.startsWith('config/')).sort(([a], [b]) => (a < b ? -1 : 1)));
}
