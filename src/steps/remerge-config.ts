// Step: what changed on the device since staging (config edits, preserved and carried files) reaches the new version too, the services being stopped.
// It must do nothing, and fast, when nothing changed: it runs inside the downtime.
import { join } from 'node:path';
import type { RescueOperation, Step } from '../domain/plan.js';
import type { RemergeConfigParams } from '../decide/step-params.js';
import { mergedFile, shippedDir, switchedFile, undoneDir, undoneRecord, undoneSwitchedFile } from '../decide/transaction-paths.js';
import { CONFIG } from '../decide/writable-paths.js';
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
    name: 'remerge-config', state: 'switching', params, undo: params.keepConfig ? [] : setAside(params),
    summary: 'take over what was edited on the device in the meantime',
  }),
  do: explainStep('take over what was edited in the meantime', async (context, params) => {
    const changed = [carryAgain(context, params), mergeAgain(context, params)].includes(true);
    // On the disk before `current` names it.
    if (changed) context.fs.syncFilesystem(params.version);
    context.fs.writeDurably(switchedFile(params.staging), JSON.stringify({ fingerprint: fingerprintDevice(context.fs, params.version, params.preserve) }));
  }),
  /** The services are stopped, the new version still stands: what was edited in it is the user's, and does not go with it. */
  undo: explainStep('keep what was edited during the probation', async ({ fs, log }, params) => {
    const { staging, version, record } = params;
    // Without it the config was not merged but restored from a backup.
    if (!isObject(readJson(fs, mergedFile(staging), MAX_MERGED_BYTES)) || fs.stat(version) === undefined) return;
    keep({ fs, log }, params, { tree: version, record, switched: switchedFile(staging) });
  }),
};

/** Plain moves, so that the rescue path does them, too: what it cannot merge waits for the next start. Nothing that runs sees it any more. */
function setAside({ staging, version, record }: RemergeConfigParams): RescueOperation[] {
  return [
    { op: 'rename', from: join(version, CONFIG), to: join(undoneDir(staging), CONFIG) },
    { op: 'rename', from: shippedDir(record), to: shippedDir(undoneRecord(staging)) },
    { op: 'rename', from: switchedFile(staging), to: undoneSwitchedFile(staging) },
  ];
}

/** After the rescue path has undone the switch: brings back what it could only set aside. Repeated, it changes nothing. */
export function keepWhatWasSetAside(context: Pick<StepContext, 'fs' | 'log'>, params: RemergeConfigParams): void {
  const { staging } = params;
  keep(context, params, { tree: undoneDir(staging), record: undoneRecord(staging), switched: undoneSwitchedFile(staging) });
}

interface Edited { readonly tree: string; readonly record: string; readonly switched: string }

function keep({ fs, log }: Pick<StepContext, 'fs' | 'log'>, { current, currentRecord, preserve }: RemergeConfigParams, { tree, record, switched }: Edited): void {
  const atSwitch = readJson(fs, switched, MAX_MERGED_BYTES);
  // Without it the merge was cut off in the middle: nobody has edited its config yet.
  if (!isObject(atSwitch) || atSwitch['fingerprint'] === fingerprintDevice(fs, tree, preserve)) return;
  const kept = keepEdits(fs, { current, currentRecord, record, tree, preserve });
  if (kept.length > 0) log.info(`kept what was edited during the probation: ${kept.join(', ')}`);
}

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
