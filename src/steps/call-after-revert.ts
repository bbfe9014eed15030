// Step: nothing while the plan runs. It stands before all that its undo, the last of all, must come after: then the old version runs
// again, and a program is told. After a crash the rescue path leaves that to the next start (EndRecord.programs).
import type { Step } from '../domain/plan.js';
import type { AfterRevertParams } from '../decide/step-params.js';
import { describeHook, tellHook } from './call-hook.js';
import type { StepContext } from './context.js';

export const callAfterRevert: Step<AfterRevertParams, StepContext> = {
  name: 'call-after-revert',
  plan: (params) => ({ name: 'call-after-revert', state: params.state, params, undo: [], summary: `should it be taken back, tell ${describeHook(params)}` }),
  do: () => Promise.resolve(),
  undo: async (context, params) => { if (!context.results.hookSaidNotNow) await tellHook(context, params); },
};
