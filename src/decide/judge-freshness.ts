// Does this device hear of new releases? An attacker who cannot forge a release can still keep news away; then it must say so. Pure.
import isAbove from 'semver/functions/gt.js';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import type { FreshnessReport } from '../domain/results.js';
import type { DeviceState } from '../domain/state.js';

/** @param alarmAfter seconds; 0: never */
export function judgeFreshness(state: Pick<DeviceState, 'last_answer' | 'seen'>, current: string | null, alarmAfter: number, now: Date): FreshnessReport {
  const expires = promiseOf(state.seen, current);
  const report = { last_answer: state.last_answer, expires };
  if (alarmAfter === 0 || now.getTime() < PLAUSIBLE_SINCE) return { alarm: null, ...report };
  const silentMs = state.last_answer === null ? 0 : now.getTime() - Date.parse(state.last_answer);
  if (silentMs > alarmAfter * 1000) {
    return { alarm: `nothing usable has come from the source of releases since ${state.last_answer ?? ''}: news, also security fixes, do not reach this device`, ...report };
  }
  if (expires !== null && Date.parse(expires) <= now.getTime()) {
    return { alarm: `the running release ${current ?? ''} expired at ${expires} and nothing newer has come: someone may be keeping news away, or the publisher has stopped`, ...report };
  }
  return { alarm: null, ...report };
}

/** The running release's word that something newer comes by then; a newer release for other components alone has kept it, and gives its own. */
function promiseOf(seen: DeviceState['seen'], current: string | null): string | null {
  const known = Object.values(seen);
  const own = known.find(({ version, carries }) => version === current && carries === undefined)?.expires ?? null;
  if (own === null || current === null) return own;
  const newer = known.filter(({ version, carries }) => carries !== undefined && isAbove(version, current)).map(({ expires }) => expires);
  return newer.reduce((last, one) => (last === null || one === null ? null : Date.parse(one) > Date.parse(last) ? one : last), own);
}
