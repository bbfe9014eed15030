// Step: the staged tree and its record get their names among the kept versions. One of the same name is set aside until the commit.
import { dirname } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import type { Step } from '../domain/plan.js';
import type { PlaceVersionParams } from '../decide/step-params.js';
import { replacedRecord, replacedTree, stagedRecord, stagedTree } from '../decide/transaction-paths.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const placeVersion: Step<PlaceVersionParams, StepContext> = {
  name: 'place-version',
  plan: (params) => ({
    name: 'place-version', state: 'ready', params, summary: `name it ${params.name}`,
    // The plan knows whether the name was taken, so undo need not guess from what it finds: either ours goes, or the old one comes back.
    undo: params.stays && !params.replaces ? [] : params.replaces
      ? [{ op: 'restore', path: params.version, from: replacedTree(params.staging) }, { op: 'restore', path: params.record, from: replacedRecord(params.staging) }]
      : [{ op: 'remove', path: params.version }, { op: 'remove', path: params.record }],
  }),
  do: explainStep('place the new version', async ({ fs }, params) => {
    const { staging, version, record, replaces } = params;
    if (!replaces && fs.stat(stagedTree(staging)) !== undefined && fs.stat(version) !== undefined) {
      throw new HoldlineError('step-failed', `cannot place the new version: ${version} appeared after the plan was made`, { hint: 'Something else works in .holdline; run the update again.' });
    }
    place(fs, stagedRecord(staging), record, replacedRecord(staging));
    place(fs, stagedTree(staging), version, replacedTree(staging));
    for (const directory of [dirname(record), dirname(version), staging]) fs.sync(directory);
  }),
};

function place(fs: Filesystem, from: string, to: string, aside: string): void {
  if (fs.stat(from) === undefined) return; // done before
  fs.makeDirectory(dirname(to));
  if (fs.stat(to) !== undefined) fs.rename(to, aside);
  fs.rename(from, to);
}
