// One place on the disk where a device stands, again and again from the same beginning: a scenario prepares it, the programs under
// test work on it, the independent judge looks at it. Its path never changes, since plans hold absolute paths.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANY_CONDITION } from '../../support/any-condition.js';
import { mustRun, runProcess, type Ran } from './run-process.js';
import { REPO, SUPPORT, writeFiles, type Workshop } from './workshop.js';

export type Verdict = { readonly is: 'OLD' | 'NEW' | 'SAME' } | { readonly is: 'BAD'; readonly why: string };

export interface Scenario {
  readonly name: string;
  /** Commands that bring the plain device to the beginning. */
  readonly before: readonly (readonly string[])[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The command under test, and how it ends when nobody disturbs it. */
  readonly command: readonly string[];
  readonly exit: number;
  readonly ends: 'OLD' | 'NEW';
}

export interface BenchOptions { readonly workshop: Workshop; readonly name: string }

const ENVIRONMENT = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0', NO_COLOR: '1', TZ: 'UTC', LC_ALL: 'C' };
export const cleanEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: process.env['HOME'], ...ENVIRONMENT });

export class Bench {
  readonly #workshop: Workshop;
  readonly root: string;
  /** What lies on the device's disk: app, state and backups. */
  readonly device: string;
  readonly app: string;
  readonly state: string;
  readonly backups: string;
  /** Beside the disk: settings and what the judge expects. */
  readonly settingsFile: string;
  readonly expected: string;
  readonly list: string;

  constructor({ workshop, name }: BenchOptions) {
    this.#workshop = workshop;
    this.root = join(workshop.root, name);
    this.device = join(this.root, 'device');
    this.app = join(this.device, 'the app');
    this.state = join(this.device, 'state');
    this.backups = join(this.device, 'backups');
    this.settingsFile = join(this.root, 'holdline.yaml');
    this.expected = join(this.root, 'expected');
    this.list = join(this.root, 'calls');
    mkdirSync(this.device, { recursive: true });
  }

  get #begin(): string { return join(this.root, 'begin'); }
  get #saved(): string { return join(this.root, 'saved'); }

  /** Makes the beginning of a scenario, lets it run once undisturbed, and writes down what OLD and NEW look like. */
  async prepare(scenario: Scenario): Promise<void> {
    for (const path of [this.#begin, this.expected]) rmSync(path, { recursive: true, force: true });
    await this.#empty();
    mkdirSync(join(this.expected, 'backups'), { recursive: true });
    mkdirSync(this.state);
    writeFiles(this.app, this.#workshop.installed);
    this.configure({});
    for (const command of scenario.before) {
      await mustRun('node', this.#holdline(command), { env: cleanEnvironment() });
      await this.#expectBackup();
    }
    this.configure(scenario.settings ?? {});
    mkdirSync(this.#begin);
    await mustRun('cp', ['-a', `${this.device}/.`, this.#begin]);
    await this.#expect('old');
    await this.#expectBackup();
    await this.#expectNew(scenario);
    await this.reset();
  }

  configure(values: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.settingsFile, JSON.stringify({
      github_repo: REPO, app: 'app', install_dir: this.app, state_dir: this.state, runtime_dir: join(this.root, 'run'), backup_path: this.backups,
      trust: { require: 'signature', keys: [this.#workshop.publicKey] }, preserve: ['src/data/**'], services: [],
      health: [{ command: ['/bin/true'] }], probation: { seconds: 0, interval: 0.1, failures: 1 }, log_level: 'silent', ...ANY_CONDITION, ...values,
    }));
  }

  /** As it was at the beginning of the scenario. */
  async reset(): Promise<void> {
    await this.#empty();
    await mustRun('cp', ['-a', `${this.#begin}/.`, this.device]);
  }

  /** Keeps the device as it stands, for `restore`: as often as needed. */
  async save(): Promise<void> {
    rmSync(this.#saved, { recursive: true, force: true });
    mkdirSync(this.#saved);
    await mustRun('cp', ['-a', `${this.device}/.`, this.#saved]);
  }

  async restore(): Promise<void> {
    await this.#empty();
    await mustRun('cp', ['-a', `${this.#saved}/.`, this.device]);
  }

  /** The commands as they are run: `node cli.js …`. */
  command(scenario: Pick<Scenario, 'command'>, dist: string = this.#workshop.dist): string[] { return ['node', ...this.#holdline(scenario.command, dist)]; }
  recovery(dist: string = this.#workshop.dist): string[] { return ['node', join(dist, 'recover.js'), '--state-dir', this.state]; }

  run(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const [program = 'true', ...args] = command;
    return runProcess(program, args, { env: { ...cleanEnvironment(), ...env }, cwd: this.root });
  }

  /** Under `cut`, which counts the calls that change the device's disk. */
  cut(command: readonly string[], how: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return this.run([this.#workshop.cut, '-r', `${this.device}/`, ...how, ...command], env);
  }

  async judge(): Promise<Verdict> {
    const { code, stdout, stderr } = await this.run(['sh', join(SUPPORT, 'check-device.sh'), this.expected, this.app, this.state, this.backups]);
    const said = stdout.trim();
    if (said === 'OLD' || said === 'NEW' || said === 'SAME') return { is: said };
    return { is: 'BAD', why: said.startsWith('BAD ') ? said.slice(4) : `the judge ended with ${code}: ${said}${stderr}` };
  }

  #holdline(args: readonly string[], dist: string = this.#workshop.dist): string[] {
    const placed = args.map((arg) => (arg.startsWith('release:') ? this.#workshop.release(arg.slice('release:'.length)) : arg));
    return [join(dist, 'cli.js'), ...placed, '--config', this.settingsFile, '--json'];
  }

  async #empty(): Promise<void> {
    await mustRun('find', [this.device, '-mindepth', '1', '-maxdepth', '1', '!', '-name', 'lost+found', '-exec', 'rm', '-rf', '{}', '+']);
  }

  async #expect(side: 'old' | 'new'): Promise<void> {
    const { stdout } = await mustRun('sh', [join(SUPPORT, 'list-tree.sh'), this.app]);
    writeFileSync(join(this.expected, `${side}.list`), stdout);
    writeFileSync(join(this.expected, `${side}.form`), existsSync(join(this.app, '.holdline/current')) ? 'linked' : 'plain');
  }

  /** What runs now may be backed up from here on. */
  async #expectBackup(): Promise<void> {
    const { stdout } = await mustRun('sh', [join(SUPPORT, 'list-tree.sh'), this.app]);
    const managed = stdout.split('\n').filter((line) => !line.endsWith(' ./notes.txt')).join('\n').trimEnd();
    const version = readFileSync(join(this.app, 'VERSION'), 'utf8').trim();
    writeFileSync(join(this.expected, 'backups', `${version}.list`), managed);
  }

  async #expectNew(scenario: Scenario): Promise<void> {
    const ran = await this.run(this.command(scenario));
    if (ran.code !== scenario.exit) throw new Error(`${scenario.name} ended with ${ran.code} instead of ${scenario.exit}: ${ran.stdout}${ran.stderr}`);
    if (scenario.ends === 'NEW') return this.#expect('new');
    // A scenario that ends at OLD: what its NEW would be is what it is with probes that are content.
    await this.reset();
    this.configure({});
    await mustRun('node', this.#holdline(scenario.command), { env: cleanEnvironment() });
    await this.#expect('new');
    this.configure(scenario.settings ?? {});
  }
}
