// Step: nothing on the way to the new version. Undo, `current` being back by then: the services that were told or rolled are so again,
// now to the old version. Which ones is what the undo of reload-services and roll-services has noted.
import type { Step } from '../domain/plan.js';
import type { RecallServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const recallServices: Step<RecallServicesParams, StepContext> = {
  name: 'recall-services',
  plan: (params) => ({
    name: 'recall-services', state: 'switching', params, undo: [],
    summary: `${params.services.join(', ')} ${params.how === 'reload' ? 'keep running and are told after the switch' : 'keeps running until its turn'}`,
  }),
  do: () => Promise.resolve(),
  undo: explainStep('bring the old version back to the services', async ({ services, results }, { services: names, how }) => {
    for (const name of names.filter((candidate) => results.recall.has(candidate))) {
      if (how === 'reload') await services.reload([name]);
      else {
        await services.stop([name]);
        await services.start([name]);
      }
      results.recall.delete(name);
    }
  }),
};
