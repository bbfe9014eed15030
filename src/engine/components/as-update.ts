// What a cycle found where it installed nothing, as the answer of an update. Pure.
import type { CheckResult, UpdateResult } from '../../domain/results.js';
import { currentResult, waitingResult } from '../update-result.js';

export function asUpdate(result: CheckResult | UpdateResult): UpdateResult {
  if (!('release' in result)) return result;
  const { current_version: current, latest_version: latest, waiting } = result;
  if (waiting !== null) return waitingResult(current, latest, waiting, 0);
  return result.outcome === 'available' ? { ...currentResult(current, 0), to: latest, reason: `${latest ?? 'an update'} is available; auto_update is off` } : currentResult(current, 0);
}
