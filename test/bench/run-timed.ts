// Runs a command and tells what it cost: wall and CPU time of it and all its children, by bash's own clock. Never blocks: the local
// GitHub answers from this very process.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as absolute } from 'node:path';

export interface Cost { readonly wallMs: number; readonly cpuMs: number; readonly stdout: string }
/** One Node process of the run, as it saw itself at its end. */
export interface ProcessReport { readonly argv: readonly string[]; readonly peakMiB: number; readonly writtenBytes: number }

/** Only what a service's unit would give it: no npm variables, no token. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: process.env['HOME'] ?? '/root', LC_ALL: 'C' };
const TIMED = 'TIMEFORMAT="%R %U %S"; exec 3>&2 2>"$1"; shift; { time "$@" 2>&3; }';

export async function runTimed(argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'holdline-time-'));
  try {
    const stdout = await collect(['bash', '-c', TIMED, 'bash', join(folder, 'time'), ...argv], environment);
    const [real = Number.NaN, user = Number.NaN, system = Number.NaN] = readFileSync(join(folder, 'time'), 'utf8').trim().split(' ').map(Number);
    return { wallMs: real * 1000, cpuMs: (user + system) * 1000, stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function collect(argv: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  const [file = '', ...rest] = argv;
  const child = spawn(file, rest, { env: { ...ENVIRONMENT, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
  const code = await new Promise<number | null>((resolve, reject) => { child.once('error', reject); child.once('close', resolve); });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${said.err.slice(-2000)}${said.out.slice(-2000)}`);
  return said.out;
}

/** What each Node process in it reports at its end: the kernel's own peak of its memory and count of bytes it made dirty. */
export async function runWatched(argv: readonly string[]): Promise<{ readonly stdout: string; readonly processes: readonly ProcessReport[] }> {
  const watch = createWatch();
  try {
    const stdout = await collect(argv, watch.environment);
    return { stdout, processes: watch.reports() };
  } finally { watch.close(); }
}

export interface Watch { readonly environment: Readonly<Record<string, string>>; reports(): ProcessReport[]; close(): void }

export function createWatch(): Watch {
  const folder = mkdtempSync(join(tmpdir(), 'holdline-watch-'));
  const hook = join(folder, 'hook.cjs');
  writeFileSync(hook, `process.on('exit', () => {
  const { readFileSync, writeFileSync } = require('node:fs');
  const written = Number(/^write_bytes: (\\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
  writeFileSync(${JSON.stringify(`${folder}/report-`)} + process.pid, JSON.stringify({ argv: process.argv, peakMiB: process.resourceUsage().maxRSS / 1024, writtenBytes: written }));
});`);
  return {
    environment: { NODE_OPTIONS: `--require=${hook}` },
    reports: () => readdirSync(folder).filter((name) => name.startsWith('report-')).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ProcessReport),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface FetcherWatch { /** MiB: the kernel's own mark of the most it ever held. */ peak(): number; stop(): void }

const FETCHER = absolute('dist/fetcher.js');
const LOOK_MS = 20;

/** The fetcher cannot write a report: it may write nothing. So it is looked at from outside, while the watch runs. */
export function watchFetchers(): FetcherWatch {
  let peakMiB = 0;
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/u.test(name))) {
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(FETCHER)) continue;
        peakMiB = Math.max(peakMiB, Number(/^VmHWM:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
      } catch { /* it ended while we looked */ }
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return { peak: () => peakMiB, stop: () => clearInterval(timer) };
}
