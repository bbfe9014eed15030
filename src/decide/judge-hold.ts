// Does anybody hold updates back right now? No one passes a hold: it is released, not run over. Pure.
import type { StandingHold } from '../domain/holds.js';
import type { Ruling } from '../domain/ruling.js';
import type { AdmissionRequest } from './decide-admission.js';

export function judgeHold({ holds }: Pick<AdmissionRequest, 'holds'>): Ruling {
  const rule = 'hold';
  const [first, ...others] = holds;
  if (first === undefined) return { rule, verdict: 'pass', detail: 'nobody holds updates back' };
  const more = others.length === 0 ? '' : `; and ${others.map(({ owner }) => owner).join(', ')}`;
  const detail = `held by ${describeHold(first)}${more}`;
  return { rule, verdict: 'wait', detail, waiting: { reason: 'hold', detail, until: lastEnd(holds) } };
}

export function describeHold({ kind, id, owner, reason, until }: StandingHold): string {
  const why = reason === null ? '' : ` (${reason})`;
  if (kind === 'hold') return `${owner}${why}${until === null ? '' : ` until ${until}`}; to end it: holdline release-hold ${id ?? ''} --force`;
  return kind === 'gate' ? `the gate ${owner}${why}` : `${owner}${why}`;
}

/** Null as soon as one of them has no known end. */
function lastEnd(holds: readonly StandingHold[]): string | null {
  const ends = holds.map(({ until }) => until).filter((until) => until !== null);
  return ends.length < holds.length ? null : ends.reduce((a, b) => (a > b ? a : b));
}
