// Step: `record.json` of the new version, beside the list of its files. Written in staging; place-version brings it to its place.
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Step } from '../domain/plan.js';
import type { VersionRecord } from '../domain/state.js';
import { treeDigest } from '../domain/tree.js';
import type { WriteRecordParams } from '../decide/step-params.js';
import { filesFile, recordFile, shippedDir, stagedRecord } from '../decide/transaction-paths.js';
import { CONFIG, isBelow } from '../decide/writable-paths.js';
import { readCarried } from './carry-paths.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { readFiles, readRecord } from './records.js';

export const writeRecord: Step<WriteRecordParams, StepContext> = {
  name: 'write-record',
  plan: (params) => ({ name: 'write-record', state: 'preparing', params, undo: [], summary: `write down what ${params.record.version} is` }),
  do: explainStep('write down what the new version is', async ({ fs, clock }, params) => {
    const directory = stagedRecord(params.staging);
    const files = readFiles(fs, filesFile(directory));
    if (files === undefined) throw new HoldlineError('step-failed', 'cannot write down what the new version is: the list of its files cannot be read back');
    const carriedConfig = readCarried(fs, params.staging)?.lacking.some((path) => isBelow(CONFIG, path)) === true;
    const known = params.currentRecord === null ? undefined : readRecord(fs, params.currentRecord);
    const shipped = carriedConfig ? known?.has_shipped_config === true : fs.stat(join(shippedDir(directory), CONFIG)) !== undefined;
    const record: VersionRecord = {
      format: 1, ...params.record, tree_digest: treeDigest(files), created: clock.now().toISOString(),
      has_shipped_config: params.hasShippedConfig ?? shipped,
    };
    fs.writeDurably(recordFile(directory), `${JSON.stringify(record, null, 2)}\n`);
  }),
};
