// Step: `current` selects the new version, by one rename. `previous` keeps the name of the one before, for rollback and prune.
import { HoldlineError } from '../domain/errors.js';
import type { RescueOperation, Step } from '../domain/plan.js';
import type { SwitchCurrentParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const switchCurrent: Step<SwitchCurrentParams, StepContext> = {
  name: 'switch-current',
  plan: (params) => ({
    name: 'switch-current', state: 'switching', params, summary: `current -> ${params.target}`,
    undo: [back(params.link, params.target, params.from), ...(params.from === null ? [] : [back(params.previousLink, params.from, params.previous)])],
  }),
  do: explainStep('switch to the new version', async ({ fs }, params) => {
    if (fs.stat(params.version)?.kind !== 'directory') {
      throw new HoldlineError('step-failed', `cannot switch to the new version: ${params.version} is not there`);
    }
    fs.linkDurably(params.target, params.link);
    if (params.from !== null) fs.linkDurably(params.from, params.previousLink);
  }),
};

const back = (path: string, now: string, before: string | null): RescueOperation =>
  before === null ? { op: 'unlink', path, target: now } : { op: 'link', path, target: before };
