// Step: the staged tree's config becomes the merge of shipped before, edited here and shipped now. The device's own config is only read.
import type { Step } from '../domain/plan.js';
import type { MergeConfigParams } from '../decide/step-params.js';
import { mergedFile, stagedRecord, stagedTree, undoneDir, undoneRecord } from '../decide/transaction-paths.js';
import { CONFIG, isBelow } from '../decide/writable-paths.js';
import { readCarried } from './carry-paths.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { mergeSides } from './merge-sides.js';
import { noteMergedChanges } from './merged-changes.js';

/** As the rest of staging. */
const PRIVATE = 0o700;

export const mergeConfigStep: Step<MergeConfigParams, StepContext> = {
  name: 'merge-config',
  plan: (params) => ({
    name: 'merge-config', state: 'preparing', params, undo: [],
    summary: params.current === null ? 'take the config as shipped' : 'merge the config as shipped before, as edited here, as shipped now',
  }),
  do: explainStep('merge the config', async ({ fs, results, log }, { staging, ...params }) => {
    // Undoing the switch moves the new version's config there, and can make no folder. On the disk with the tree.
    fs.makeDirectory(undoneDir(staging), PRIVATE);
    fs.makeDirectory(undoneRecord(staging));
    // A release without config leaves it as it is: carry-paths has done so.
    if (readCarried(fs, staging)?.lacking.some((path) => isBelow(CONFIG, path)) === true) return;
    const outcome = mergeSides(fs, { ...params, record: stagedRecord(staging), tree: stagedTree(staging) });
    results.configConflicts = outcome.conflicts;
    results.bytesWritten += outcome.bytesWritten;
    for (const conflict of outcome.conflicts) log.warn('config conflict: the value on this device was kept', { ...conflict });
    fs.writeDurably(mergedFile(staging), JSON.stringify({ fingerprint: outcome.fingerprint }));
    if (params.current !== null) noteMergedChanges(fs, staging, params.current);
  }),
};
