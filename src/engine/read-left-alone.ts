// Which of a plan's services are left alone after all, as the merge has said it. While the transaction's work lies in staging.
import type { Plan } from '../domain/plan.js';
import type { Filesystem } from '../domain/ports.js';
import { leftAlone } from '../decide/left-alone.js';
import { readMergedChanges } from '../steps/merged-changes.js';

export function readLeftAlone(fs: Filesystem, { steps, touched }: Plan): ReadonlySet<string> {
  if (touched?.some(({ unless }) => unless !== undefined) !== true) return new Set();
  const staging = steps.find(({ name }) => name === 'merge-config')?.params['staging'];
  return leftAlone(touched, typeof staging === 'string' ? readMergedChanges(fs, staging) : null);
}
