// Runs a program that is not ours with as few rights as this machine can give it: hooks and modules.
// Its environment is exactly what it is given: neither the token nor anything else of ours.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Processes, RunOptions, RunResult } from '../domain/ports.js';
import { endMarked } from './end-marked.js';
import { confineCommand, type Confinement, type ConfiningHost } from './confined-command.js';

export interface ConfinedRequest extends Omit<Confinement, 'variables'>, Pick<RunOptions, 'input' | 'signal' | 'graceMs' | 'onLine'> {
  readonly argv: readonly string[];
  /** The whole environment; PATH must be in it where argv or systemd-run is found by name. */
  readonly env: Readonly<Record<string, string>>;
  /** One run of this name at a time: one that outlived whoever had started it is ended first. Letters, digits and `-`. */
  readonly name: string;
}

export interface ConfinedResult extends RunResult {
  /** What this machine could not give, as sentences for a person. */
  readonly lacks: readonly string[];
}

/** How long the end of a unit may take that systemd was asked to kill. */
const KILL_TIMEOUT_MS = 10_000;
/** The kernel's own limit comes a little after ours, so that ours is the one that tells. */
const GRACE_MS = 5_000;

/** @throws as Processes.run does */
export async function runConfined(processes: Processes, request: ConfinedRequest, host: ConfiningHost = readHost()): Promise<ConfinedResult> {
  const { argv, env, cwd, timeoutMs, input, signal, graceMs, onLine } = request;
  const unit = `holdline-${request.name}`;
  const command = confineCommand(argv, { ...request, timeoutMs: timeoutMs + (graceMs ?? 0) + GRACE_MS, variables: Object.keys(env) }, host, unit);
  await endMarked(unit);
  if (command.unit !== null) await endUnit(processes, command.unit);
  let ended = false;
  try {
    const result = await processes.run(command.argv, {
      cwd, env, timeoutMs, mark: unit, ...(input === undefined ? {} : { input }), ...(signal === undefined ? {} : { signal }),
      ...(graceMs === undefined ? {} : { graceMs }), ...(onLine === undefined ? {} : { onLine }),
    });
    ended = !result.timedOut;
    return { ...result, lacks: command.lacks };
  } finally {
    // The group we can kill is systemd-run's: the program is the system's child, and systemd ends it.
    if (!ended && command.unit !== null) await endUnit(processes, command.unit);
  }
}

/** No error where there is none; when it returns systemd has seen the last of it. */
async function endUnit(processes: Processes, unit: string): Promise<void> {
  for (const words of [['kill', '--signal=SIGKILL'], ['stop'], ['reset-failed']]) await processes.run(['systemctl', '--quiet', ...words, unit], { timeoutMs: KILL_TIMEOUT_MS }).catch(() => undefined);
}

export function readHost(env: Readonly<NodeJS.ProcessEnv> = process.env): ConfiningHost {
  return { isRoot: process.getuid?.() === 0, hasSystemd: existsSync('/run/systemd/system'), hasSetpriv: isInPath('setpriv', env['PATH'] ?? '') };
}

function isInPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try { accessSync(join(folder, program), constants.X_OK); return folder !== ''; } catch { return false; }
  });
}
