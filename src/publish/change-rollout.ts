// The next rollout statement from the one before: start, raise, pause, resume, withdraw. Pure. It must never take a device out that was in:
// a percentage only grows, and what was withdrawn stays withdrawn.
import semver from 'semver';
import { HoldlineError } from '../domain/errors.js';
import type { RolloutStatement } from '../domain/rollout.js';
import { percentAt } from '../domain/rollout-share.js';

export type RolloutChange =
  | { readonly kind: 'start'; readonly version: string; readonly start: string | null; readonly percent: number; readonly addPercent: number; readonly everyS: number; readonly salt: string; readonly groups: readonly string[]; readonly exclude: readonly string[]; readonly expires: string | null }
  | { readonly kind: 'raise'; readonly percent: number; readonly addPercent: number | null; readonly everyS: number | null }
  | { readonly kind: 'pause' | 'resume' }
  /** Null: the version the statement is about. */
  | { readonly kind: 'withdraw'; readonly version: string | null; readonly salt: string };

export interface RolloutScope { readonly repo: string; readonly channel: string; readonly component: string | null }

/** Throws `usage` for what makes no sense. */
export function changeRollout(before: RolloutStatement | null, change: RolloutChange, scope: RolloutScope, now: Date): RolloutStatement {
  if (before !== null) assertSame(before, scope);
  const serial = (before?.serial ?? 0) + 1;
  switch (change.kind) {
    case 'start': return { ...start(before, change, scope, now), serial };
    case 'withdraw': return { ...withdraw(before, change, scope, now), serial };
    case 'raise': return { ...raise(begun(before, 'raise'), change, now), serial };
    case 'pause': return { ...pause(begun(before, 'pause'), now), serial };
    case 'resume': return { ...resume(begun(before, 'resume'), now), serial };
  }
}

type Of<Kind extends RolloutChange['kind']> = Extract<RolloutChange, { readonly kind: Kind }>;

function start(before: RolloutStatement | null, change: Of<'start'>, scope: RolloutScope, now: Date): RolloutStatement {
  const version = plainVersion(change.version);
  if (before?.withdrawn.includes(version) === true) throw usage(`${version} was withdrawn`, 'A version that was withdrawn does not come back: raise the version and publish again.');
  const begin = change.start ?? now.toISOString();
  if (change.expires !== null && Date.parse(change.expires) <= Math.max(now.getTime(), Date.parse(begin))) throw usage('it would expire before it begins', 'Give a later --expires, or none.');
  return {
    format: 1, ...scope, serial: 0, version, start: begin, percent: change.percent, add_percent: change.addPercent, every_s: change.everyS, salt: change.salt,
    groups: change.groups, exclude: change.exclude, paused: false, withdrawn: before?.withdrawn ?? [], expires: change.expires,
  };
}

function raise(before: RolloutStatement, change: Of<'raise'>, now: Date): RolloutStatement {
  const reached = percentAt(before, now);
  if (change.percent < Math.max(reached, before.percent)) throw usage(`it is at ${Math.max(reached, before.percent)} % already`, 'Lowering takes nobody back: use pause to halt it, withdraw to take it back.');
  return { ...before, percent: change.percent, add_percent: change.addPercent ?? before.add_percent, every_s: change.everyS ?? before.every_s, start: fromNow(before, now) };
}

/** What was reached is kept: time that passes in the pause adds nobody. */
function pause(before: RolloutStatement, now: Date): RolloutStatement {
  if (before.paused) throw usage('it is paused already', 'See holdline rollout show.');
  return { ...before, percent: Math.max(before.percent, percentAt(before, now)), start: fromNow(before, now), paused: true };
}

function resume(before: RolloutStatement, now: Date): RolloutStatement {
  if (!before.paused) throw usage('it is not paused', 'See holdline rollout show.');
  if (before.withdrawn.includes(before.version)) throw usage(`${before.version} was withdrawn`, 'Publish a newer version and start its rollout.');
  return { ...before, start: fromNow(before, now), paused: false };
}

function withdraw(before: RolloutStatement | null, change: Of<'withdraw'>, scope: RolloutScope, now: Date): RolloutStatement {
  const version = change.version === null ? before?.version : plainVersion(change.version);
  if (version === undefined) throw usage('no version is named', 'Name it: holdline rollout withdraw 1.3.0.');
  if (before?.withdrawn.includes(version) === true) throw usage(`${version} is withdrawn already`, 'See holdline rollout show.');
  const base: RolloutStatement = before ?? { format: 1, ...scope, serial: 0, version, start: now.toISOString(), percent: 100, add_percent: 0, every_s: 0, salt: change.salt, groups: [], exclude: [], paused: false, withdrawn: [], expires: null };
  // One that has expired would withdraw nothing.
  const expires = base.expires !== null && Date.parse(base.expires) <= now.getTime() ? null : base.expires;
  return { ...base, withdrawn: [...base.withdrawn, version], expires };
}

/** A rollout that has not begun yet keeps its beginning. */
const fromNow = ({ start: begin }: RolloutStatement, now: Date): string => (Date.parse(begin) > now.getTime() ? begin : now.toISOString());

function begun(before: RolloutStatement | null, doing: string): RolloutStatement {
  if (before === null) throw usage(`there is nothing to ${doing}`, 'Begin with: holdline rollout start VERSION --percent 5.');
  return before;
}

function plainVersion(text: string): string {
  const version = semver.parse(text)?.raw.replace(/^v/u, '');
  if (version === undefined) throw usage(`${JSON.stringify(text)} is no version`, 'Give it as 1.3.0.');
  return version;
}

function assertSame(before: RolloutStatement, { repo, channel, component }: RolloutScope): void {
  if (before.repo.toLowerCase() === repo.toLowerCase() && before.channel === channel && before.component === component) return;
  throw usage(`the statement that is there is for ${before.repo}, channel ${before.channel}${before.component === null ? '' : `, component ${before.component}`}`, 'Check --repo, --channel and --component.');
}

function usage(why: string, hint: string): HoldlineError {
  return new HoldlineError('usage', `cannot change the rollout: ${why}`, { hint });
}
