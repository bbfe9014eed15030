// Which of a plan's services are left alone after all, as the merges have said it. While the transaction's work lies in staging.
import type { Plan, TouchedService } from '../domain/plan.js';
import type { Filesystem } from '../domain/ports.js';
import type { ServicesParams } from '../decide/step-params.js';
import { leftAlone } from '../decide/left-alone.js';
import { readMergedChanges } from '../steps/merged-changes.js';

export function readLeftAlone(fs: Filesystem, { steps }: Plan): ReadonlySet<string> {
  // Components that move together have a merge each.
  const doubts = new Map<string, readonly TouchedService[]>();
  for (const { doubtful } of steps.map(({ params }) => params as Partial<ServicesParams>)) if (doubtful !== undefined) doubts.set(doubtful.staging, doubtful.touched);
  return new Set([...doubts].flatMap(([staging, touched]) => [...leftAlone(touched, readMergedChanges(fs, staging))]));
}
