// Step: one instance of several stops, starts from the new version and is looked at before the next one's turn. The first that is not
// well fails the step. Undo only notes it: the old version can be started when `current` is back, which recall-services does.
import type { Step } from '../domain/plan.js';
import type { RollServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { touchedNow } from './merged-changes.js';

export const rollServices: Step<RollServicesParams, StepContext> = {
  name: 'roll-services',
  plan: (params) => ({ name: 'roll-services', state: 'switching', params, undo: [], summary: `stop and start ${params.services.join(', ')}, then look at its health` }),
  do: explainStep('roll the services', async ({ fs, services, results }, params) => {
    for (const name of touchedNow(fs, params)) {
      await services.stop([name]);
      await services.start([name]);
      results.restarted = [...new Set([...results.restarted, name])];
      await services.look(name, params.watch);
    }
  }),
  undo: async ({ fs, results }, params) => { for (const name of touchedNow(fs, params)) results.recall.add(name); },
};
