// Step: the services of the new version start, what they depend on first. Undo stops them, so that the old ones can start.
import type { Step } from '../domain/plan.js';
import type { ServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const startServices: Step<ServicesParams, StepContext> = {
  name: 'start-services',
  plan: (params) => ({ name: 'start-services', state: 'switching', params, undo: [], summary: `start ${params.services.join(', ')}` }),
  do: explainStep('start the services', async ({ services, clock, results }, params) => {
    await services.start(params.services);
    results.startedAtMs = clock.monotonicMs();
    results.restarted = [...new Set([...results.restarted, ...params.services])];
  }),
  undo: explainStep('stop the new version', async ({ services }, params) => {
    await services.stop([...params.services].reverse());
  }),
};
