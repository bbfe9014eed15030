// Step: the services of the new version start, what they depend on first. Undo stops them, so that the old ones can start.
import type { Step } from '../domain/plan.js';
import type { ServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { touchedNow } from './merged-changes.js';

export const startServices: Step<ServicesParams, StepContext> = {
  name: 'start-services',
  plan: (params) => ({ name: 'start-services', state: 'switching', params, undo: [], summary: `start ${params.services.join(', ')}` }),
  do: explainStep('start the services', async ({ fs, services, clock, results }, params) => {
    const names = touchedNow(fs, params);
    if (names.length === 0) return;
    await services.start(names);
    results.startedAtMs = clock.monotonicMs();
    results.restarted = [...new Set([...results.restarted, ...names])];
  }),
  undo: explainStep('stop the new version', async ({ fs, services }, params) => {
    await services.stop(touchedNow(fs, params).toReversed());
  }),
};
