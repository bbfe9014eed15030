// Step: services that keep running are told that their files have changed: by a signal, or by the warm upgrade of their bridge.
// Undo only notes them: they can be told again when `current` is back, which recall-services does.
import type { Step } from '../domain/plan.js';
import type { ServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const reloadServices: Step<ServicesParams, StepContext> = {
  name: 'reload-services',
  plan: (params) => ({ name: 'reload-services', state: 'switching', params, undo: [], summary: `tell ${params.services.join(', ')}` }),
  do: explainStep('tell the services', async ({ services, results }, params) => {
    await services.reload(params.services);
    results.reloaded = [...new Set([...results.reloaded, ...params.services])];
  }),
  undo: async ({ results }, params) => { for (const name of params.services) results.recall.add(name); },
};
