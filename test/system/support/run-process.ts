// Runs a program to its end and gives back all it said. Ends it, by its own id, after a time no sane run takes.
import { spawn } from 'node:child_process';

export interface Ran { readonly code: number; readonly stdout: string; readonly stderr: string; readonly ms: number }
export interface RunOptions { readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number; readonly cwd?: string; readonly input?: string }

const TIMEOUT_MS = 180_000;
const SIGNAL_BASE = 128;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGKILL: 9, SIGTERM: 15, SIGSEGV: 11, SIGABRT: 6, SIGINT: 2 };

export function runProcess(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    const timer = setTimeout(() => { stderr += '\n(timed out)'; child.kill('SIGKILL'); }, options.timeoutMs ?? TIMEOUT_MS);
    child.on('error', (error) => { clearTimeout(timer); reject(error); });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? SIGNAL_BASE + (SIGNAL_NUMBERS[signal ?? ''] ?? 0), stdout, stderr, ms: performance.now() - begun });
    });
  });
}

/** For set-up work: anything but exit 0 is a bug of the test. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await runProcess(command, args, options);
  if (ran.code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
  return ran;
}
