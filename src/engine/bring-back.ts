// Services that a transaction touched and recovery, which knows files only, left to the next start: each is brought to what is current
// now, in the way the plan touches it.
import { toHoldlineError } from '../domain/errors.js';
import type { BeginRecord } from '../domain/journal.js';
import type { TouchAction } from '../domain/plan.js';
import type { EngineParts } from './parts.js';
import { serviceSwitch } from './run-transaction.js';

/** Never throws: one that will not start does not keep the rest from being settled. @param names in start order */
export async function bringBack(parts: EngineParts, { plan, transaction }: BeginRecord, names: readonly string[]): Promise<void> {
  const services = serviceSwitch(parts);
  // Journals of older versions know only restarts.
  const actionOf = (name: string): TouchAction => plan.touched?.find((touched) => touched.name === name)?.action ?? 'restart';
  try {
    // They may run from the tree that was just taken away: stop is what makes start mean the right tree.
    await services.stop(names.filter((name) => actionOf(name) === 'restart').toReversed());
    for (const name of names) {
      if (actionOf(name) === 'reload') await services.reload([name]);
      if (actionOf(name) === 'roll') await services.stop([name]);
      if (actionOf(name) !== 'reload') await services.start([name]);
    }
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    parts.log.error(`a service did not come back after ${transaction}: ${error.message}`, { code: error.code });
  }
}
