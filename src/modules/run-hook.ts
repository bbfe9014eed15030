// Calls a hook as a child process of few rights. What it prints is only shown; how it ends is what counts.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { toHoldlineError } from '../domain/errors.js';
import type { HookCall, HookRunner } from '../domain/hooks.js';
import type { RunResult } from '../domain/ports.js';
import { toOneLine } from '../domain/run-words.js';
import { hookEnvironment, hookFailure, hookRequestOf, judgeHook } from './hook-contract.js';
import type { ModuleRunnerParts, ModuleSystem } from './run-module.js';

export type HookRunnerParts = Pick<ModuleRunnerParts, 'log' | 'environment'> & { readonly system: Pick<ModuleSystem, 'runConfined'> };

/** Between TERM and KILL. */
const GRACE_MS = 5_000;
/** A hook that floods its output is not listened to any longer; it may go on. */
const MAX_LINES = 1_000;

export function createHookRunner({ system, log, environment }: HookRunnerParts): HookRunner {
  return {
    async run(call) {
      const name = `hook ${call.hook} of ${call.component}`;
      log.info(name, { from: call.from, to: call.to, transaction: call.transaction });
      let lines = 0;
      const onLine = (line: string): void => {
        lines += 1;
        if (lines <= MAX_LINES) log.debug(`${name}: ${toOneLine(line)}`);
      };
      let result: RunResult & { readonly lacks: readonly string[] };
      try {
        result = await system.runConfined({
          name: nameOf(call), argv: argvOf(call), user: call.user, writable: call.writable, network: true, devices: true, cwd: call.install_dir,
          env: { ...environment, ...hookEnvironment(call) }, timeoutMs: call.timeout * 1000, graceMs: GRACE_MS, input: `${JSON.stringify(hookRequestOf(call))}\n`, onLine,
        });
      } catch (thrown) {
        throw hookFailure(call, toHoldlineError(thrown).message, thrown);
      }
      for (const lack of result.lacks) log.debug(`${name}: ${lack}`);
      const failed = judgeHook(call, result);
      if (failed !== undefined) throw failed;
    },
  };
}

/** The same for all hooks of one component on one device: one that outlived a killed holdline must end before the next begins. */
const nameOf = ({ component, install_dir: dir }: HookCall): string => `hook-${component.replace(/[^A-Za-z0-9-]/gu, '-')}-${createHash('sha256').update(dir).digest('hex').slice(0, 8)}`;

/** A path is one from install_dir, so that it is the same program whoever starts it; a bare name is looked for in PATH. */
function argvOf({ command, install_dir: dir }: HookCall): readonly string[] {
  const [program = '', ...rest] = command;
  return [program.includes('/') ? resolve(dir, program) : program, ...rest];
}
