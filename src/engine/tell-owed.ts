// Hooks that are told how a transaction ended, and that a crash has kept from being told (EndRecord.programs). A hook that takes the device
// down with it must not do so at every start: it is told a few times, then no more.
import type { HookCall } from '../domain/hooks.js';
import type { PlanStep, StepName } from '../domain/plan.js';
import { tellHook } from '../steps/call-hook.js';
import { changeDeviceState, readDeviceState } from './device-state.js';
import type { JournalSummary } from './fold-journal.js';
import type { EngineParts } from './parts.js';

const MAX_TRIES = 3;
const TOLD: ReadonlySet<StepName> = new Set<StepName>(['call-after-commit', 'call-after-revert']);

/** @returns what went wrong; it changes nothing */
export async function tellOwed({ fs, layout, hooks, log }: EngineParts, { begin: { transaction, plan }, end }: JournalSummary): Promise<readonly string[]> {
  // As they would have been told: undoing goes backwards.
  const order = [...end?.programs ?? []].sort((a, b) => (end?.outcome === 'committed' ? a - b : b - a));
  const owed = order.map((index) => plan.steps[index]).filter((step): step is PlanStep => step !== undefined && TOLD.has(step.name));
  if (owed.length === 0) return [];
  const { told } = readDeviceState(fs, layout);
  const tries = told?.transaction === transaction ? told.tries : 0;
  const calls = owed.map(({ params }) => params as unknown as HookCall);
  if (tries >= MAX_TRIES) return calls.map(({ hook, component }) => `the hook ${hook} of ${component} is not called any more: ${tries} times it did not come to its end`);
  changeDeviceState(fs, layout, (state) => ({ ...state, told: { transaction, tries: tries + 1 } }));
  const warnings: string[] = [];
  for (const call of calls) await tellHook({ hooks, log, results: { warnings } }, call);
  return warnings;
}
