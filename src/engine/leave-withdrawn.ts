// What runs was withdrawn by its publisher: back to the last safe version, by an ordinary rollback. It must never loop: a version is left a few
// times at the most, is blocked afterwards, and stays where a person has put it there knowing of its withdrawal.
import type { CheckResult, UpdateResult } from '../domain/results.js';
import type { Waiting, Withdrawal } from '../domain/state.js';
import type { Admission } from '../decide/decide-admission.js';
import { chooseSafeVersion, type SafeVersionRequest } from '../decide/choose-safe-version.js';
import { findBrokenBound } from '../decide/judge-dependencies.js';
import { isWithdrawn } from '../decide/judge-rollout.js';
import { admitRelease } from './admit-release.js';
import { listBackups } from './backups.js';
import { changeDeviceState, readDeviceState } from './device-state.js';
import type { Found } from './find-update.js';
import { lookAtHolds } from './look-at-holds.js';
import type { EngineParts } from './parts.js';
import { readDevice } from './read-device.js';
import { rollBack } from './rollback.js';

/** Each one stops the services for a moment: what failed so often needs a person. */
export const MAX_TRIES = 3;
/** What ran here before has proven itself: its age is no reason to wait. */
const LONG_AGO = '1970-01-01T00:00:00.000Z';

/** The caller holds the lock. @param reason why it should not run */
export async function leaveWithdrawn(parts: EngineParts, found: Found, reason: string, signal: AbortSignal): Promise<CheckResult | UpdateResult> {
  const device = readDevice(parts);
  if (device.version === null) return found.result;
  const before = recallWithdrawal(parts, device.version, reason);
  if (before.stays) return found.result;
  const target = chooseSafeVersion({ current: device.version, ...safePlaces(parts) });
  if (target === null) return stay(parts, found, before, { reason: 'rollout', detail: `${reason}; neither a kept version nor a backup is here to go back to: it runs on until a newer release comes`, until: null });
  if (before.tries >= MAX_TRIES) return stay(parts, found, before, { reason: 'rollout', detail: `${reason}; going back failed ${before.tries} times: a person is needed (holdline rollback ${target})`, until: null });
  const admission = await admitGoingBack(parts, device.version, target, signal);
  if (!admission.go) return stay(parts, found, before, whyNot(admission, reason, target));
  parts.report({ type: 'note', level: 'warn', message: `${reason}: going back to ${target}` });
  parts.audit.note({ event: 'withdrawn', reason, facts: { version: device.version, to: target } });
  rememberWithdrawal(parts, { ...before, reason, tries: before.tries + 1 });
  const result = await rollBack(parts, { target, dryRun: false }, signal);
  // Not now is no failed try.
  if (result.outcome === 'waiting') rememberWithdrawal(parts, before);
  return result;
}

/** A person installs a version that is known to be withdrawn: it stays. The caller holds the lock. */
export function noteChoice(parts: EngineParts, version: string): void {
  const { rollouts, clock, fs, layout } = parts;
  const { statement } = rollouts?.inForce(rollouts.recall()) ?? { statement: null };
  if (statement === null || !isWithdrawn(statement, version, clock.now())) return;
  const reason = `the publisher has withdrawn ${version} (rollout ${statement.serial})`;
  parts.report({ type: 'note', level: 'warn', message: `${reason}; it is installed all the same, and stays, because a person asks for it` });
  changeDeviceState(fs, layout, (state) => ({ ...state, withdrawal: { version, reason, tries: 0, told: null, stays: true } }));
}

/** What is remembered of going back from this version. */
export function recallWithdrawal({ fs, layout }: Pick<EngineParts, 'fs' | 'layout'>, version: string, reason: string): Withdrawal {
  const { withdrawal } = readDeviceState(fs, layout);
  return withdrawal?.version === version ? withdrawal : { version, reason, tries: 0, told: null, stays: false };
}

/** What is here to go back to. */
export function safePlaces(parts: EngineParts): Omit<SafeVersionRequest, 'current'> {
  const device = readDevice(parts);
  const { blocked } = readDeviceState(parts.fs, parts.layout);
  const { statement } = parts.rollouts?.inForce(parts.rollouts.recall()) ?? { statement: null };
  return {
    previous: device.previous?.version ?? null, kept: device.versions.map(({ version }) => version), backups: listBackups(parts.fs, parts.layout).map(({ manifest }) => manifest.version),
    // Nor one that another component cannot bear.
    isBad: (version) => findBrokenBound(version, parts.neighbours?.().bounds ?? []) !== undefined || isWithdrawn(statement, version, parts.clock.now()) || blocked.some((one) => one.version === version),
  };
}

/** Going back is as urgent as a hotfix: its policy and its windows count, and every hold. */
export async function admitGoingBack(parts: EngineParts, from: string, to: string, signal: AbortSignal): Promise<Admission> {
  const holds = await lookAtHolds(parts, { from, to, type: 'hotfix' }, signal);
  return admitRelease(parts, { tag: to, version: to, type: 'hotfix', publishedAt: LONG_AGO }, { asker: 'daemon', holds, left: 'switch' });
}

/** @param target as a person would name it */
export function whyNot({ waiting, rulings }: Extract<Admission, { readonly go: false }>, reason: string, target: string): Waiting {
  const why = waiting?.detail ?? rulings.find(({ verdict }) => verdict === 'refuse')?.detail ?? 'it is not allowed';
  return { reason: 'rollout', detail: `${reason}; going back waits: ${why}; by hand: holdline rollback ${target}`, until: waiting?.until ?? null };
}

/** Said once, shown until it changes. */
export function stay(parts: EngineParts, { result }: Found, withdrawal: Withdrawal, waiting: Waiting): CheckResult {
  const { detail } = waiting;
  if (withdrawal.told !== detail) {
    parts.report({ type: 'note', level: 'warn', message: detail });
    parts.audit.note({ event: 'withdrawn', reason: detail, facts: { version: withdrawal.version, to: null } });
  }
  changeDeviceState(parts.fs, parts.layout, (state) => ({ ...state, waiting, withdrawal: { ...withdrawal, told: detail } }));
  return { ...result, outcome: 'waiting', waiting };
}

export function rememberWithdrawal({ fs, layout }: EngineParts, withdrawal: Withdrawal): void {
  changeDeviceState(fs, layout, (state) => ({ ...state, withdrawal }));
}
