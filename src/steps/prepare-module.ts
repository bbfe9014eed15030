// Step: the module says whether it may go on, and gathers what it will need. It changes nothing outside its own folder, so there is no undo.
import type { Step } from '../domain/plan.js';
import type { ModuleParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { runModule } from './run-module.js';

export const prepareModule: Step<ModuleParams, StepContext> = {
  name: 'prepare-module',
  plan: (params) => ({ name: 'prepare-module', state: 'ready', params, undo: [], summary: `ask module ${params.component} whether it may go on` }),
  do: explainStep('prepare the module', async (context, params) => {
    await runModule(context, 'check', params);
    await runModule(context, 'prepare', params);
  }),
};
