// Is a release old enough? Others may find its mistakes first. Pure.
import type { Ruling } from '../domain/ruling.js';
import type { AdmissionRequest } from './decide-admission.js';

export function judgeAge({ asker, release, now, policy }: Pick<AdmissionRequest, 'asker' | 'release' | 'now' | 'policy'>): Ruling {
  const rule = 'age';
  if (policy.minimumAge === 0) return { rule, verdict: 'pass', detail: 'no minimum age is asked for' };
  if (asker !== 'daemon') return { rule, verdict: 'pass', detail: 'a person asked for it' };
  const published = Date.parse(release.publishedAt);
  if (Number.isNaN(published)) {
    const detail = `nobody says when ${release.tag} was published, and policy.minimum_age asks for ${policy.minimumAge} s`;
    return { rule, verdict: 'wait', detail, waiting: { reason: 'age', detail, until: null } };
  }
  const oldEnough = published + policy.minimumAge * 1000;
  if (now.getTime() >= oldEnough) return { rule, verdict: 'pass', detail: `published ${release.publishedAt}, older than policy.minimum_age ${policy.minimumAge} s` };
  const until = new Date(oldEnough).toISOString();
  const detail = `${release.tag} was published ${release.publishedAt}; policy.minimum_age lets it come when it is ${policy.minimumAge} s old`;
  return { rule, verdict: 'wait', detail, waiting: { reason: 'age', detail, until } };
}
