// Step: services that keep running are told that their files have changed: by a signal, or by the warm upgrade of their bridge.
// Undo only notes them: they can be told again when `current` is back, which recall-services does.
import type { Step } from '../domain/plan.js';
import type { ServicesParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { touchedNow } from './merged-changes.js';

export const reloadServices: Step<ServicesParams, StepContext> = {
  name: 'reload-services',
  plan: (params) => ({ name: 'reload-services', state: 'switching', params, undo: [], summary: `tell ${params.services.join(', ')}` }),
  do: explainStep('tell the services', async ({ fs, services, results }, params) => {
    const names = touchedNow(fs, params);
    await services.reload(names);
    results.reloaded = [...new Set([...results.reloaded, ...names])];
  }),
  undo: async ({ fs, results }, params) => { for (const name of touchedNow(fs, params)) results.recall.add(name); },
};
