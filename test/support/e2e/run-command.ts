// Runs the built commands as a user does: real processes, their output kept whole. Kills only what it started, by pid.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../services/wait-until.js';

export const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one object on standard output; throws where there is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface CommandOptions {
  /** Added to a clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs it through another program: `['setpriv', …]`. */
  readonly through?: readonly string[];
  /** The program instead of holdline's command line. */
  readonly script?: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly done: Promise<Ran>;
  /** Both streams so far. */
  output(): string;
  /** Waits until the output holds it; fails when the process ends without. */
  says(words: string | RegExp, withinMs?: number): Promise<void>;
  /** Resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<Ran>;
}

const OURS = /^(?:GITHUB_|HOLDLINE_(?!FULL)|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|VITEST|NODE_ENV|SOURCE_DATE_EPOCH)/u;

/** Without whatever of this machine would change what holdline does. */
export const cleanEnvironment = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));

export function startCommand(args: readonly string[], options: CommandOptions = {}): Running {
  const argv = [...options.through ?? [], process.execPath, options.script ?? CLI, ...args];
  const child = spawn(argv[0] ?? '', argv.slice(1), { cwd: options.cwd, env: { ...cleanEnvironment(), NO_COLOR: '1', ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '', ended: false };
  for (const stream of ['stdout', 'stderr'] as const) child[stream].setEncoding('utf8').on('data', (chunk: string) => { text[stream] += chunk; });
  const done = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      text.ended = true;
      resolve({ code, signal, stdout: text.stdout, stderr: text.stderr, get json() { return parseObject(text.stdout, text.stderr); } });
    });
  });
  const output = (): string => text.stdout + text.stderr;
  return {
    child, pid: child.pid ?? -1, done, output,
    async says(words, withinMs = 60_000) {
      const found = (): boolean => (typeof words === 'string' ? output().includes(words) : words.test(output()));
      await waitUntil(`${String(words)} in the output`, () => found() || text.ended, withinMs).catch((thrown: unknown) => { throw new Error(`${String(thrown)}; it said:\n${output()}`); });
      if (!found()) throw new Error(`it ended without ${String(words)}:\n${output()}`);
    },
    async kill(signal) {
      if (!text.ended) child.kill(signal);
      return done;
    },
  };
}

export const runCommand = (args: readonly string[], options?: CommandOptions): Promise<Ran> => startCommand(args, options).done;

function parseObject(stdout: string, stderr: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(stdout);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch { /* told below */ }
  throw new Error(`not one JSON object on standard output: ${stdout}\nstandard error: ${stderr}`);
}
