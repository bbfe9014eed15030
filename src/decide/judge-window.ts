// Is a window open, and for long enough that the update can finish inside? Pure.
import { describeSeconds } from '../domain/duration.js';
import type { Ruling } from '../domain/ruling.js';
import type { AdmissionRequest } from './decide-admission.js';
import { lookAtWindows } from './look-at-windows.js';

type Request = Pick<AdmissionRequest, 'asker' | 'release' | 'now' | 'policy' | 'windows' | 'timeZone' | 'estimate'>;

export function judgeWindow({ asker, release, now, policy, windows, timeZone, estimate }: Request): Ruling {
  const rule = 'window';
  const pass = (detail: string): Ruling => ({ rule, verdict: 'pass', detail });
  const word = policy.types[release.type];
  if (asker !== 'daemon') return pass('a person asked for it');
  if (windows.when.length === 0) return pass('there are no windows');
  if (word === 'auto') return pass(`policy.${release.type} is auto: at any time`);
  if (windows.pass.includes(release.type)) return pass(`${release.type} passes windows (windows.pass)`);
  const look = lookAtWindows(windows.when, timeZone, now, estimate);
  const takes = `an update takes about ${describeSeconds(estimate)}, the margin included`;
  if (look.enough) return pass(`a window is open, at least until ${look.openUntil?.toISOString() ?? ''}; ${takes}`);
  const closed = look.openUntil === null ? 'no window is open' : `a window is open, but only until ${look.openUntil.toISOString()}, and ${takes}`;
  const next = look.opensAt === null
    ? `; none is long enough: ${takes}, and the longest lasts ${describeSeconds(look.longest)} (lengthen windows.when or lower windows.margin)`
    : `; the next one opens ${look.opensAt.toISOString()} (${timeZone})`;
  const detail = `${closed}${next}`;
  return { rule, verdict: 'wait', detail, waiting: { reason: 'window', detail, until: look.opensAt?.toISOString() ?? null } };
}
