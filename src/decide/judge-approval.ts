// Has a person said yes or no to this version, where one is asked? Pure.
import type { Ruling } from '../domain/ruling.js';
import type { AdmissionRequest } from './decide-admission.js';

export function judgeApproval({ asker, release, policy, approval }: Pick<AdmissionRequest, 'asker' | 'release' | 'policy' | 'approval'>): Ruling {
  const rule = 'approval';
  if (asker === 'named') return { rule, verdict: 'pass', detail: 'a person named this version' };
  const said = approval === null ? '' : `by ${approval.by} at ${approval.at}${approval.reason === null ? '' : `: ${approval.reason}`}`;
  if (approval?.verdict === 'rejected') return { rule, verdict: 'refuse', detail: `rejected ${said}` };
  if (policy.types[release.type] !== 'approve') return { rule, verdict: 'pass', detail: 'nobody has to be asked' };
  if (asker === 'person') return { rule, verdict: 'pass', detail: 'a person asked for it' };
  if (approval !== null) return { rule, verdict: 'pass', detail: `approved ${said}` };
  const detail = `${release.tag} (${release.type}) waits for a person: holdline approve ${release.version}`;
  return { rule, verdict: 'wait', detail, waiting: { reason: 'approval', detail, until: null } };
}
