// Runs one phase of a module as a child process of few rights. It never throws for what the module prints, only for how it ends.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { ModuleCall, ModulePhase, ModuleRunner } from '../domain/module.js';
import type { Logger, RunOptions, RunResult } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import { judgeRun, readProgress, requestOf } from './contract.js';

/** What is asked of the system; main/ gives it `platform/confined-run`. */
export interface ModuleSystem {
  runConfined(request: Required<Pick<RunOptions, 'env' | 'cwd' | 'timeoutMs' | 'graceMs' | 'input' | 'onLine'>> & {
    readonly name: string; readonly argv: readonly string[]; readonly user: string | null; readonly writable: readonly string[]; readonly network: boolean; readonly devices: boolean;
  }): Promise<RunResult & { readonly lacks: readonly string[] }>;
  /** Makes the module's own folder, closed to all but this user. */
  makeStateDir(path: string, user: string | null): Promise<void>;
}

export interface ModuleRunnerParts {
  readonly system: ModuleSystem;
  readonly log: Logger;
  readonly report: Report;
  /** Of a program: where things are found, nothing of ours. */
  readonly environment: Readonly<Record<string, string>>;
  /** Node, and the script that calls a file's `main`. */
  readonly host: { readonly node: string; readonly script: string };
}

/** Between TERM and KILL, so that a flash can stop at a page's end. */
const GRACE_MS = 5_000;
/** A module that floods its output is not listened to any longer; it may go on. */
const MAX_LINES = 1_000;
const SCRIPT = /\.[cm]?js$/u;

export function createModuleRunner(parts: ModuleRunnerParts): ModuleRunner {
  const told = new Set<string>();
  return {
    async run(phase, call) {
      const { system, log } = parts;
      await system.makeStateDir(call.state_dir, call.user);
      log.info(`module ${call.component}: ${phase}`, { version: call.to, transaction: call.transaction });
      const result = await system.runConfined({
        name: nameOf(call), argv: argvOf(call, parts.host), user: call.user, writable: [call.state_dir], network: true, devices: true, cwd: call.state_dir,
        env: { ...parts.environment, ...call.env, HOLDLINE_PHASE: phase }, timeoutMs: call.timeouts[phase] * 1000, graceMs: GRACE_MS,
        input: `${JSON.stringify(requestOf(phase, call))}\n`, onLine: listen(parts, phase, call),
      });
      for (const lack of result.lacks) if (!told.has(lack)) { told.add(lack); log.debug(`module ${call.component}: ${lack}`); }
      const failed = judgeRun(phase, call, result);
      if (failed !== undefined) throw failed;
    },
  };
}

/** The same for all phases of one module on one device: a call that outlived a killed holdline must end before `undo` begins. */
const nameOf = ({ component, state_dir: dir }: ModuleCall): string => `module-${component.replace(/[^A-Za-z0-9-]/gu, '-')}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;

/** @throws module-failed for a program outside its tree */
function argvOf(call: ModuleCall, host: ModuleRunnerParts['host']): readonly string[] {
  const [name = '', ...rest] = call.program;
  const program = join(call.tree, name);
  if (name === '' || !`${dirname(program)}/`.startsWith(`${call.tree}/`)) throw new HoldlineError('module-failed', `cannot run the module: ${JSON.stringify(name)} lies outside its tree`, { hint: 'module.program is a path inside the release.' });
  return SCRIPT.test(name) ? [host.node, host.script, program, ...rest] : [program, ...rest];
}

function listen({ log, report }: ModuleRunnerParts, phase: ModulePhase, call: ModuleCall): (line: string) => void {
  let lines = 0;
  return (line) => {
    lines += 1;
    const progress = lines > MAX_LINES ? undefined : readProgress(line);
    if (progress === undefined) return;
    if (progress.message !== '') log.debug(`module ${call.component}: ${progress.message}`, { phase });
    if (progress.done !== null) report({ type: 'progress', phase: 'module', done: Math.round(progress.done * 100), total: 100, unit: 'percent' });
  };
}
