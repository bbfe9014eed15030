// Step: nothing while the plan runs. Once the update is final, a program is told; where a crash came between, the next start tells it
// (EndRecord.programs).
import type { Step } from '../domain/plan.js';
import type { HookParams } from '../decide/step-params.js';
import { describeHook, tellHook } from './call-hook.js';
import type { StepContext } from './context.js';

export const callAfterCommit: Step<HookParams, StepContext> = {
  name: 'call-after-commit',
  plan: (params) => ({ name: 'call-after-commit', state: 'switching', params, undo: [], summary: `once it is final, tell ${describeHook(params)}` }),
  do: () => Promise.resolve(),
  tell: (context, params) => tellHook(context, params),
};
