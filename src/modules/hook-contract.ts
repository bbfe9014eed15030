// How a hook is told and its answer is read. Pure: what it printed is shown to people, and only its exit code decides.
import { HoldlineError } from '../domain/errors.js';
import type { HookCall, HookRequest } from '../domain/hooks.js';
import type { RunResult } from '../domain/ports.js';
import { describeEnd, lastLines, toOneLine } from '../domain/run-words.js';
import { CONTRACT, EXIT_NOT_NOW } from './contract.js';

const MAX_WORDS = 300;

export function hookRequestOf(call: HookCall): HookRequest {
  const { hook, component, transaction, kind, from, to, install_dir, tree, previous_tree } = call;
  return { contract: CONTRACT, hook, component, transaction, kind, from, to, install_dir, tree, previous_tree };
}

/** The same for programs that read no JSON; empty where there is nothing to say. */
export function hookEnvironment({ hook, component, transaction, kind, from, to, install_dir }: HookCall): Readonly<Record<string, string>> {
  return {
    HOLDLINE_HOOK: hook, HOLDLINE_COMPONENT: component, HOLDLINE_TRANSACTION: transaction, HOLDLINE_KIND: kind, HOLDLINE_FROM: from ?? '', HOLDLINE_TO: to, HOLDLINE_INSTALL_DIR: install_dir,
  };
}

/** Undefined where it went well. */
export function judgeHook(call: Pick<HookCall, 'hook' | 'component' | 'timeout'>, result: RunResult): HoldlineError | undefined {
  if (result.code === 0 && !result.timedOut) return undefined;
  const lines = lastLines(result, (line) => toOneLine(line, MAX_WORDS));
  const said = lines.length === 0 ? '' : `: ${lines.join(' | ')}`;
  if (call.hook === 'before_switch' && result.code === EXIT_NOT_NOW && !result.timedOut) {
    return new HoldlineError('hook-not-now', `cannot go on: the hook before_switch of ${call.component} says "not now"${said}`, { hint: 'It is asked again at the next check.' });
  }
  return hookFailure(call, `${describeEnd(result, call.timeout)}${said}`);
}

/** @param how how it ended, or why it did not begin */
export function hookFailure({ hook, component }: Pick<HookCall, 'hook' | 'component'>, how: string, cause?: unknown): HoldlineError {
  const details = { context: { component, hook }, ...(cause === undefined ? {} : { cause }) };
  if (hook === 'before_switch') {
    return new HoldlineError('hook-refused', `cannot begin the switch: the hook before_switch of ${component} failed (${how}); nothing on the device has changed`, {
      hint: 'Correct the program, or hooks.before_switch in the settings: it is called again at the next check.', ...details,
    });
  }
  return new HoldlineError('hook-failed', `cannot finish the hook ${hook} of ${component}: it failed (${how})`, { hint: `Run the program by hand (log_level debug shows what it prints), or correct hooks.${hook} in the settings.`, ...details });
}
