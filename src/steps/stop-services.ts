// Step: the services the update touches stop, dependants first. Undo starts the old ones, `current` being back by then.
import type { Step } from '../domain/plan.js';
import type { ServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const stopServices: Step<ServicesParams, StepContext> = {
  name: 'stop-services',
  plan: (params) => ({ name: 'stop-services', state: 'switching', params, undo: [], summary: `stop ${[...params.services].reverse().join(', ')}` }),
  do: explainStep('stop the services', async ({ services, clock, results }, params) => {
    results.stoppedAtMs ??= clock.monotonicMs();
    await services.stop([...params.services].reverse());
  }),
  undo: explainStep('start the old version again', async ({ services }, params) => {
    await services.start(params.services);
  }),
};
