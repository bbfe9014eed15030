// Calls a module, after its tree has been held against the list of the signed release: what runs is what was proven.
import { HoldlineError } from '../domain/errors.js';
import type { ModuleCall, ModulePhase } from '../domain/module.js';
import { diffTrees } from '../decide/diff-trees.js';
import { filesFile } from '../decide/transaction-paths.js';
import { createDevicePaths, VERSION_FILE } from '../decide/writable-paths.js';
import type { StepContext } from './context.js';
import { readFiles } from './records.js';

export type ModuleContext = Pick<StepContext, 'fs' | 'modules' | 'readTree'>;

/** @throws module-changed, module-not-now, module-failed */
export async function runModule(context: ModuleContext, phase: ModulePhase, call: ModuleCall): Promise<void> {
  assertAsShipped(context, call);
  await context.modules.run(phase, call);
}

function assertAsShipped({ fs, readTree }: ModuleContext, { component, tree, record, preserve, to }: ModuleCall): void {
  const { isWritable } = createDevicePaths(preserve);
  const isCode = ({ path }: { readonly path: string }): boolean => path !== VERSION_FILE && !isWritable(path);
  const shipped = readFiles(fs, filesFile(record));
  const diff = shipped === undefined ? undefined : diffTrees(shipped.filter(isCode), readTree(tree).filter(isCode));
  const wrong = diff === undefined ? 'the list of what was shipped is missing' : [...diff.removed.map(({ path }) => `${path} is missing`), ...diff.changed.map(({ to: { path } }) => `${path} has changed`), ...diff.added.map(({ path }) => `${path} was not shipped`)][0];
  if (wrong === undefined) return;
  throw new HoldlineError('module-changed', `cannot call module ${component} ${to}: its files are not what the release shipped (${wrong}); it is not run`, {
    hint: `Find out who writes to ${tree}, then run the update again.`, context: { component },
  });
}
