// Runs short-lived programs by argv. Never a shell, never an unbounded wait or output, and nothing they
// started is left behind: the process group ends with its leader.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { HoldlineError, errnoOf } from '../domain/errors.js';
import type { Processes, RunOptions, RunResult } from '../domain/ports.js';
import { endMarked, MARK } from './end-marked.js';
import { splitLines } from './split-lines.js';

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** After its end a program's last output is read this long; whoever still holds the pipe is killed already. */
const DRAIN_MS = 1_000;

/** Ours alone: a program we run must neither see the token nor speak to systemd in our name. */
const WITHHELD = ['GITHUB_TOKEN', 'GITHUB_TOKEN_FILE', 'CREDENTIALS_DIRECTORY', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'];

/** Without `env` a program gets this environment less our secrets; with `env` exactly that one. */
export function createProcesses(environment: Readonly<NodeJS.ProcessEnv> = process.env): Processes {
  return {
    run: (argv, options = {}) => runProgram(argv, options, options.env ?? withoutSecrets(environment)),
  };
}

/** What a child of ours may know. */
export function withoutSecrets(environment: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !WITHHELD.includes(name)) kept[name] = value;
  }
  return kept;
}

async function runProgram(argv: readonly string[], options: RunOptions, env: Readonly<Record<string, string>>): Promise<RunResult> {
  const [program, ...rest] = argv;
  if (program === undefined || program === '') throw new HoldlineError('step-failed', 'cannot run a program: the command is empty');
  options.signal?.throwIfAborted();
  const child = launch(program, rest, options, env);
  const stdout = keepTail(child.stdout);
  const stderr = keepTail(child.stderr);
  if (options.onLine !== undefined) splitLines(child.stdout, options.onLine);
  let timedOut = false;
  let last: NodeJS.Timeout | undefined;
  const killGroup = (): void => signalGroup(child.pid, 'SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    if (options.graceMs === undefined) { killGroup(); return; }
    signalGroup(child.pid, 'SIGTERM');
    last = setTimeout(killGroup, options.graceMs);
  }, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  options.signal?.addEventListener('abort', killGroup, { once: true });
  try {
    feed(child, options.input);
    const end = await ended(child, program, options.cwd);
    killGroup();
    if (options.mark !== undefined) await endMarked(options.mark);
    await drained(child);
    if (options.signal?.aborted === true) throw options.signal.reason;
    return { ...end, stdout: stdout(), stderr: stderr(), timedOut };
  } finally {
    clearTimeout(timer);
    clearTimeout(last);
    options.signal?.removeEventListener('abort', killGroup);
  }
}

function launch(program: string, rest: readonly string[], options: RunOptions, env: Readonly<Record<string, string>>): ChildProcess {
  try {
    return spawn(program, rest, {
      cwd: options.cwd, env: { ...env, ...(options.mark === undefined ? {} : { [MARK]: options.mark }) }, detached: true, shell: false,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (thrown) { // a NUL in an argument, no memory, no process slot
    throw explainSpawn(thrown, program, options.cwd);
  }
}

function ended(child: ChildProcess, program: string, cwd: string | undefined): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (thrown) => {
      if (child.pid === undefined) reject(explainSpawn(thrown, program, cwd));
    });
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** The system's reason in words; its errno stays in the cause. */
export function explainSpawn(thrown: unknown, program: string, cwd: string | undefined): HoldlineError {
  const errno = errnoOf(thrown);
  if (errno === 'ENOENT' && cwd !== undefined && !existsSync(cwd)) {
    return new HoldlineError('install-missing', `cannot run ${program}: its folder ${cwd} does not exist`, { cause: thrown });
  }
  if (errno === 'ENOENT') return new HoldlineError('step-failed', `cannot run ${program}: no such program`, { cause: thrown, hint: 'Install it, or correct the command in the settings.' });
  if (errno === 'EACCES' || errno === 'EPERM') return new HoldlineError('permission', `cannot run ${program}: permission denied`, { cause: thrown, hint: `Make it executable: chmod +x ${program}` });
  return new HoldlineError('step-failed', `cannot run ${program}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
}

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try { process.kill(-pid, signal); } catch { /* nobody is left, or it is another user's by now */ }
}

function feed(child: ChildProcess, input: string | undefined): void {
  if (input === undefined || child.stdin === null) return;
  child.stdin.on('error', () => { /* it ended without reading: its exit code tells */ });
  child.stdin.end(input);
}

/** Collects the end of a stream in bounded memory. */
function keepTail(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes - (chunks[0]?.length ?? 0) >= MAX_OUTPUT_BYTES) bytes -= chunks.shift()?.length ?? 0;
  });
  stream?.on('error', () => { /* what came so far counts */ });
  return () => {
    const all = Buffer.concat(chunks);
    let start = Math.max(0, all.length - MAX_OUTPUT_BYTES);
    if (start > 0) while (start < all.length && ((all[start] ?? 0) & 0xc0) === 0x80) start += 1; // not in the middle of a character
    return all.subarray(start).toString('utf8');
  };
}

function drained(child: ChildProcess): Promise<void> {
  const open = [child.stdout, child.stderr].filter((stream) => stream !== null && !stream.closed);
  return new Promise((resolve) => {
    if (open.length === 0) { resolve(); return; }
    const finish = (): void => { clearTimeout(timer); for (const stream of open) stream?.destroy(); resolve(); };
    const timer = setTimeout(finish, DRAIN_MS);
    let left = open.length;
    for (const stream of open) stream?.once('close', () => { left -= 1; if (left === 0) finish(); });
  });
}
