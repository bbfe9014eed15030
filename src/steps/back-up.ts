// Step: a backup of the running version, complete and on the disk before anything is switched.
// Its undo is the engine's only and never fails: a backup that stays behind is a good one, and a missing stick must not break a revert.
import { join } from 'node:path';
import type { Step } from '../domain/plan.js';
import type { Filesystem } from '../domain/ports.js';
import type { BackUpParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { listBackups } from './list-backups.js';
import { writeBackup } from './write-backup.js';

export const backUp: Step<BackUpParams, StepContext> = {
  name: 'back-up',
  plan: (params) => ({ name: 'back-up', state: 'preparing', params, undo: [], summary: `back up ${params.version} to ${join(params.backupPath, params.name)}` }),
  do: explainStep('back up the running version', async (context, params) => {
    const final = join(params.backupPath, params.name);
    if (context.fs.stat(final) === undefined) {
      context.results.bytesWritten += writeBackup(context, {
        ...params, partial: partialOf(params), final, older: listBackups(context.fs, params.backupPath, params.installDir).backups[0]?.path ?? null,
      });
    }
    context.results.backup = params.name;
  }),
  async undo({ fs, log, results }, params) {
    try {
      takeAway(fs, params);
    } catch (thrown) {
      log.warn(`the backup ${params.name} could not be removed again`, { reason: String(thrown) });
    }
    results.backup = null;
  },
};

const partialOf = ({ backupPath, partial }: BackUpParams): string => join(backupPath, partial);

/** It vanishes by a rename first: a kill in the middle must not leave half a backup under a backup's name. */
function takeAway(fs: Filesystem, params: BackUpParams): void {
  const [partial, final] = [partialOf(params), join(params.backupPath, params.name)];
  fs.remove(partial);
  if (fs.stat(final) === undefined) return;
  fs.rename(final, partial);
  fs.sync(params.backupPath);
  fs.remove(partial);
}
