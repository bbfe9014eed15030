// Calls a hook for a step. One that is only told changes nothing by failing: it is written down.
import { resolve } from 'node:path';
import { toHoldlineError } from '../domain/errors.js';
import type { HookCall, HookRunner } from '../domain/hooks.js';
import type { Filesystem, Logger } from '../domain/ports.js';

interface ToldContext { readonly hooks: HookRunner; readonly log: Logger; readonly results: { readonly warnings: string[] } }
type AskedContext = ToldContext & { readonly fs: Pick<Filesystem, 'stat'> };

/** @throws hook-not-now, hook-refused, hook-failed */
export async function askHook(context: AskedContext, call: HookCall): Promise<void> {
  const [program = ''] = call.command;
  // The way back must not hang on a program that the version it leaves or goes to never had.
  if (call.kind === 'rollback' && program.includes('/') && context.fs.stat(resolve(call.install_dir, program)) === undefined) {
    warn(context, call, `the hook ${call.hook} of ${call.component} was left out: this version has no ${program}`);
    return;
  }
  await context.hooks.run(call);
}

/** Never throws. */
export async function tellHook(context: ToldContext, call: HookCall): Promise<void> {
  try { await context.hooks.run(call); } catch (thrown) { warn(context, call, toHoldlineError(thrown).message); }
}

function warn({ log, results }: ToldContext, { hook, component, transaction }: HookCall, message: string): void {
  results.warnings.push(message);
  log.warn(message, { hook, component, transaction });
}

/** For the plan. */
export const describeHook = ({ hook, command }: Pick<HookCall, 'hook' | 'command'>): string => `the hook ${hook}: ${command.join(' ')}`;
