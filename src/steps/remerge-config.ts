// Step: what changed on the device since staging (config edits, preserved and carried files) reaches the new version too, the services being stopped.
// It must do nothing, and fast, when nothing changed: it runs inside the downtime.
import { join } from 'node:path';
import type { Step } from '../domain/plan.js';
import type { RemergeConfigParams } from '../decide/step-params.js';
import { mergedFile, switchedFile } from '../decide/transaction-paths.js';
import { carry, readCarried } from './carry-paths.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';
import { keepEdits } from './keep-edits.js';
import { fingerprintDevice, mergeSides } from './merge-sides.js';
import { isObject, readJson } from './records.js';

const MAX_MERGED_BYTES = 64 * 1024;

export const remergeConfig: Step<RemergeConfigParams, StepContext> = {
  name: 'remerge-config',
  plan: (params) => ({
    name: 'remerge-config', state: 'switching', params, undo: [],
    summary: 'take over what was edited on the device in the meantime',
  }),
  do: explainStep('take over what was edited in the meantime', async (context, params) => {
    const changed = [carryAgain(context, params), mergeAgain(context, params)].includes(true);
    // On the disk before `current` names it.
    if (changed) context.fs.syncFilesystem(params.version);
    context.fs.writeDurably(switchedFile(params.staging), JSON.stringify({ fingerprint: fingerprintDevice(context.fs, params.version, params.preserve) }));
  }),
  /** The services are stopped, the new version still stands: what was edited in it is the user's, and does not go with it. */
  undo: explainStep('keep what was edited during the probation', async ({ fs, log }, { staging, version, current, currentRecord, record, preserve }) => {
    const switched = readJson(fs, switchedFile(staging), MAX_MERGED_BYTES);
    // Without it the merge was cut off in the middle; without the other one config was not merged but restored from a backup.
    if (!isObject(switched) || !isObject(readJson(fs, mergedFile(staging), MAX_MERGED_BYTES))) return;
    if (fs.stat(version) === undefined || switched['fingerprint'] === fingerprintDevice(fs, version, preserve)) return;
    const kept = keepEdits(fs, { current, currentRecord, record, tree: version, preserve });
    if (kept.length > 0) log.info(`kept what was edited during the probation: ${kept.join(', ')}`);
  }),
};

function carryAgain({ fs, results, log }: StepContext, params: RemergeConfigParams): boolean {
  const before = readCarried(fs, params.staging);
  if (before === undefined) return false;
  const after = carry(fs, params, { from: params.current, to: params.version, lacking: before.lacking }, before.paths);
  results.bytesWritten += after.bytesWritten;
  const changed = after.paths.size !== before.paths.size || [...after.paths].some(([path, value]) => before.paths.get(path) !== value);
  if (changed) log.info('preserved files changed during the update; the new version has the latest');
  return changed;
}

function mergeAgain({ fs, results, log }: StepContext, { staging, version, current, currentRecord, record, preserve }: RemergeConfigParams): boolean {
  const merged = readJson(fs, mergedFile(staging), MAX_MERGED_BYTES);
  if (!isObject(merged) || merged['fingerprint'] === fingerprintDevice(fs, current, preserve)) return false;
  const outcome = mergeSides(fs, { current, currentRecord, record, tree: version, preserve });
  results.configConflicts = outcome.conflicts;
  results.bytesWritten += outcome.bytesWritten;
  log.info(`the config was edited during the update: merged again into ${join(version, 'config')}`);
  return true;
}
