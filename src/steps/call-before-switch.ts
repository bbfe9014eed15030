// Step: the program of the running version says whether the switch may begin. It changes nothing of ours, so there is no undo; what it
// has begun itself is for after_revert to end.
import { HoldlineError } from '../domain/errors.js';
import type { Step } from '../domain/plan.js';
import type { HookParams } from '../decide/step-params.js';
import { askHook, describeHook } from './call-hook.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const callBeforeSwitch: Step<HookParams, StepContext> = {
  name: 'call-before-switch',
  plan: (params) => ({ name: 'call-before-switch', state: 'ready', params, undo: [], summary: `ask ${describeHook(params)}` }),
  do: explainStep('call the hook before_switch', async (context, params) => {
    try { await askHook(context, params); } catch (thrown) {
      // Who says so has begun nothing that somebody must end.
      if (thrown instanceof HoldlineError && thrown.code === 'hook-not-now') context.results.hookSaidNotNow = true;
      throw thrown;
    }
  }),
};
