// Step: everything staged is on the disk. The records that follow rely on it, so it must never be skipped.
import type { Step } from '../domain/plan.js';
import type { SyncTreeParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const syncTree: Step<SyncTreeParams, StepContext> = {
  name: 'sync-tree',
  plan: (params) => ({ name: 'sync-tree', state: 'preparing', params, undo: [], summary: 'bring the new version to the disk' }),
  do: explainStep('bring the new version to the disk', async ({ fs }, { staging }) => {
    fs.syncFilesystem(staging);
  }),
};
