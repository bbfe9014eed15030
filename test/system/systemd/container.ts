// One booted Debian: commands inside through nsenter, a power cut by killing its first process. Kills only what it started, by pid.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ran { readonly code: number | null; readonly stdout: string; readonly stderr: string }
const BOOT_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 120_000;

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '', NO_COLOR: '1' };

export class Container {
  #process: ChildProcess | undefined;
  #init = -1;

  constructor(readonly root: string, readonly log: string) {}

  async boot(): Promise<void> {
    const child = spawn('systemd-nspawn', [
      '-D', this.root, '--boot', '--register=no', '--keep-unit', '--console=read-only', '--quiet', `--network-namespace-path=/proc/${process.pid}/ns/net`, '--hostname=device',
    ], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' } });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => appendFileSync(this.log, chunk));
    this.#process = child;
    const deadline = performance.now() + BOOT_TIMEOUT_MS;
    for (;;) {
      if (child.exitCode !== null || performance.now() > deadline) throw new Error(`the container did not boot: ${readFileSync(this.log, 'utf8').slice(-2000)}`);
      this.#init = childOf(child.pid ?? -1);
      if (this.#init > 0) {
        const { stdout } = this.run(['systemctl', 'is-system-running']);
        if (/^(?:running|degraded)$/u.test(stdout.trim())) return;
      }
      await sleep(100);
    }
  }

  get init(): number { return this.#init; }

  /** As after a power cut, except that what was written is there. */
  async cutPower(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => { child.once('close', resolve); });
    if (this.#init > 0) process.kill(this.#init, 'SIGKILL');
    else child.kill('SIGKILL');
    await ended;
  }

  /** A person's poweroff, to its end. */
  async untilOff(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => { child.once('close', resolve); });
  }

  /** What to put before a command so that it runs inside; with a user as that user. */
  inside(user?: string): string[] {
    const enter = ['nsenter', '-t', String(this.#init), '-m', '-u', '-i', '-n', '-p', '-C', '--'];
    return user === undefined ? enter : [...enter, 'setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', '--'];
  }

  /** Blocks this process, our GitHub included. */
  run(argv: readonly string[], options: { readonly user?: string; readonly cwd?: string; readonly input?: string } = {}): Ran {
    const [program = '', ...rest] = [...this.inside(options.user), ...(options.cwd === undefined ? [] : ['env', '-C', options.cwd]), ...argv];
    const ran = spawnSync(program, rest, {
      encoding: 'utf8', timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024, cwd: '/', ...(options.input === undefined ? {} : { input: options.input }),
      env: ENVIRONMENT,
    });
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  }

  /** As `run`, while this process goes on: for commands that ask our GitHub. */
  async runAside(argv: readonly string[]): Promise<Ran> {
    const [program = '', ...rest] = [...this.inside(), ...argv];
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', env: ENVIRONMENT, timeout: COMMAND_TIMEOUT_MS });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    const code = await new Promise<number | null>((resolve) => { child.once('close', resolve); });
    return { code, stdout, stderr };
  }

  /** Standard output of a command that must work. */
  get(argv: readonly string[], options: { readonly user?: string; readonly cwd?: string } = {}): string {
    const ran = this.run(argv, options);
    if (ran.code !== 0) throw new Error(`${argv.join(' ')} ended with ${ran.code ?? 'a signal'}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout.trim();
  }

  property(unit: string, name: string): string {
    return this.get(['systemctl', 'show', '--value', `--property=${name}`, '--', unit]);
  }

  /** The messages of a unit in this boot, oldest first. */
  messages(unit: string): string {
    return this.run(['journalctl', '-b', '--no-pager', '--quiet', '--output=cat', `--unit=${unit}`]).stdout;
  }

  read(path: string): string {
    return this.get(['cat', '--', path]);
  }

  async waitFor(what: string, holds: () => boolean, seconds: number): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
      await sleep(150);
    }
  }
}

/** The container's first process, seen from outside. */
function childOf(parent: number): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    try {
      const stat = readFileSync(join('/proc', name, 'stat'), 'utf8');
      const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(ppid) === parent && readFileSync(join('/proc', name, 'comm'), 'utf8').trim() === 'systemd') return Number(name);
    } catch { /* it ended while we looked */ }
  }
  return -1;
}
