// What the policy says of an update of this type. Pure.
import type { Ruling } from '../domain/ruling.js';
import type { AdmissionRequest } from './decide-admission.js';

export function judgePolicy({ asker, release, policy }: Pick<AdmissionRequest, 'asker' | 'release' | 'policy'>): Ruling {
  const rule = 'policy';
  const word = policy.types[release.type];
  if (asker === 'named') return { rule, verdict: 'pass', detail: 'a person named this version' };
  if (word === 'never') return { rule, verdict: 'refuse', detail: `policy.${release.type} is never: it comes only by name (holdline --update ${release.version})` };
  return { rule, verdict: 'pass', detail: `policy.${release.type} is ${word}` };
}
