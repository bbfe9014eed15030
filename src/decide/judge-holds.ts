// Which holds stand? One that expired or whose owner died holds nobody. Pure.
import type { Hold, HoldMoment, StandingHold } from '../domain/holds.js';

export type HoldEnd = 'released' | 'expired' | 'its process has ended';

/** How it has ended; null while it stands. */
export function endOfHold(hold: Hold, moment: HoldMoment): HoldEnd | null {
  if (hold.ended !== null) return 'released';
  if (hold.process !== null && (hold.boot_id !== moment.bootId || !moment.isAlive(hold.process))) return 'its process has ended';
  return secondsLeft(hold, moment) > 0 ? null : 'expired';
}

/** Within a boot by the clock that never jumps: a device whose wall clock is set right meanwhile must neither lose nor prolong a hold. */
function secondsLeft({ boot_id: bootId, until, until_uptime_s: untilUptime, process }: Hold, moment: HoldMoment): number {
  if (bootId === moment.bootId && untilUptime !== null) return untilUptime - moment.uptime;
  if (until !== null) return (Date.parse(until) - moment.now.getTime()) / 1000;
  return process === null ? 0 : Infinity;
}

const LAST_DATE_MS = 8.64e15;

export function toStanding(hold: Hold, moment: HoldMoment): StandingHold {
  const left = secondsLeft(hold, moment);
  const until = Number.isFinite(left) ? new Date(Math.min(moment.now.getTime() + left * 1000, LAST_DATE_MS)).toISOString() : null;
  return { kind: 'hold', id: hold.id, owner: hold.owner, reason: hold.reason, since: hold.taken_at, until };
}

/** What a lock file's first line says: `PID`, `PID START_TIME`, each with a reason behind it; undefined for anything else. */
export function parseLockFile(text: string): { readonly pid: number; readonly startTime: string | null; readonly reason: string | null } | undefined {
  const match = /^\s*(?<pid>[1-9]\d{0,9})(?:\s+(?<start>\d+))?(?:\s+(?<reason>\S.*?))?\s*$/u.exec(text.split('\n', 1)[0] ?? '')?.groups;
  return match === undefined ? undefined : { pid: Number(match['pid']), startTime: match['start'] ?? null, reason: match['reason'] ?? null };
}

/** Have holds kept an update away for too long? One sentence, or null. */
export function judgeHeld(since: string | null, limit: number, now: Date, standing: readonly StandingHold[]): string | null {
  if (since === null || now.getTime() - Date.parse(since) < limit * 1000) return null;
  const owners = standing.map(({ owner }) => owner).join(', ');
  return `holds have kept an update away since ${since}, longer than holds.limit ${limit} s${owners === '' ? '' : ` (now: ${owners})`}; it still waits: holdline holds`;
}
