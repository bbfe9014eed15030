// Step: the services the update touches stop, dependants first. Undo starts the old ones, `current` being back by then.
import type { Step } from '../domain/plan.js';
import type { ServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { touchedNow } from './merged-changes.js';

export const stopServices: Step<ServicesParams, StepContext> = {
  name: 'stop-services',
  plan: (params) => ({ name: 'stop-services', state: 'switching', params, undo: [], summary: `stop ${[...params.services].reverse().join(', ')}` }),
  do: explainStep('stop the services', async ({ fs, services, clock, results }, params) => {
    const names = touchedNow(fs, params);
    if (names.length === 0) return;
    results.stoppedAtMs ??= clock.monotonicMs();
    await services.stop(names.toReversed());
  }),
  undo: explainStep('start the old version again', async ({ fs, services }, params) => {
    await services.start(touchedNow(fs, params));
  }),
};
