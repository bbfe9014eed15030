// Step: the module changes what lies outside, then is asked whether it is so: a success is not believed. Undo is the same program's own;
// after a crash the rescue path cannot call it and leaves it to the next start (EndRecord.programs).
import type { Step } from '../domain/plan.js';
import type { ModuleParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { runModule } from './run-module.js';

export const applyModule: Step<ModuleParams, StepContext> = {
  name: 'apply-module',
  plan: (params) => ({ name: 'apply-module', state: 'switching', params, undo: [], summary: `let module ${params.component} apply ${params.to}` }),
  do: explainStep('apply the module', async (context, params) => {
    await runModule(context, 'apply', params);
    await runModule(context, 'verify', params);
  }),
  undo: explainStep('undo the module', async (context, params) => { await runModule(context, 'undo', params); }),
};
