// How a module's answer is read. Pure: what it printed is shown to people, and only its exit code decides.
import { HoldlineError } from '../domain/errors.js';
import type { ModuleCall, ModulePhase, ModuleRequest } from '../domain/module.js';
import type { RunResult } from '../domain/ports.js';
import { describeEnd, lastLines, toOneLine } from '../domain/run-words.js';

export const CONTRACT = 1;
/** Of check and prepare: not now, ask again later. */
export const EXIT_NOT_NOW = 75;
const MAX_WORDS = 300;

export function requestOf(phase: ModulePhase, call: ModuleCall): ModuleRequest {
  const { component, transaction, from, to, tree, previous_tree, state_dir } = call;
  return { contract: CONTRACT, phase, component, transaction, from, to, tree, previous_tree, state_dir };
}

export interface ModuleProgress { /** 0 to 1; null where the line did not say. */ readonly done: number | null; readonly message: string }

/** A line of standard output: `{"done": 0.4, "message": "…"}`, or any text. Undefined for one that says nothing. */
export function readProgress(line: string): ModuleProgress | undefined {
  const text = printable(line);
  if (text === '') return undefined;
  if (!text.startsWith('{')) return { done: null, message: text };
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return { done: null, message: text };
    const { done, message } = value as { readonly done?: unknown; readonly message?: unknown };
    const share = typeof done === 'number' && done >= 0 && done <= 1 ? done : null;
    const words = typeof message === 'string' ? printable(message) : '';
    return share === null && words === '' ? { done: null, message: text } : { done: share, message: words };
  } catch {
    return { done: null, message: text };
  }
}

/** Undefined where the phase has succeeded. */
export function judgeRun(phase: ModulePhase, call: Pick<ModuleCall, 'component' | 'to' | 'timeouts'>, result: RunResult): HoldlineError | undefined {
  if (result.code === 0 && !result.timedOut) return undefined;
  const said = lastWords(result);
  const what = `module ${call.component} ${call.to}`;
  if (result.code === EXIT_NOT_NOW && !result.timedOut && (phase === 'check' || phase === 'prepare')) {
    return new HoldlineError('module-not-now', `cannot go on: ${what} says "not now" in ${phase}${said}`, { hint: 'It is asked again at the next check.' });
  }
  const end = describeEnd(result, call.timeouts[phase]);
  return new HoldlineError('module-failed', `cannot ${phase}: ${what} failed (${end}${said})`, {
    hint: 'Look at what the module printed (log_level debug shows every line), correct it, and publish a newer version.', context: { component: call.component, phase },
  });
}

function lastWords(result: RunResult): string {
  const lines = lastLines(result, printable);
  return lines.length === 0 ? '' : `: ${lines.join(' | ')}`;
}

const printable = (text: string): string => toOneLine(text, MAX_WORDS);
