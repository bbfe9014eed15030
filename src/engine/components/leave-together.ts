// What one of a group runs was withdrawn by its publisher: all of them go back to what ran together before it, in one transaction, under
// the rules of a single one (leave-withdrawn). Where one of them has no way back, they stay, and say why.
import { HoldlineError } from '../../domain/errors.js';
import type { JournalMember } from '../../domain/journal.js';
import type { UpdateResult } from '../../domain/results.js';
import type { Waiting } from '../../domain/state.js';
import { chooseWayBack, type GroupPlace } from '../../decide/choose-way-back.js';
import { fitsRange } from '../../decide/judge-dependencies.js';
import { readHistory } from '../history.js';
import { admitGoingBack, MAX_TRIES, recallWithdrawal, rememberWithdrawal, safePlaces, stay, whyNot } from '../leave-withdrawn.js';
import { peekVersion, readDevice } from '../read-device.js';
import { findTarget } from '../rollback.js';
import { waitingResult } from '../update-result.js';
import type { AppParts, Member } from './app-parts.js';
import { rememberWait, type Prospect } from './find-group.js';
import { assertFit, goBack, type Way } from './rollback-group.js';

/** One whose version was withdrawn, and where nobody has put it knowing so. */
export interface Withdrawn extends Prospect { readonly version: string; readonly reason: string }

/** Nobody where all of them go on to something newer. @param kept what is newer must wait: then it is left for what ran before, as by a single one */
export function findWithdrawn(prospects: readonly Prospect[], kept: boolean): readonly Withdrawn[] {
  const all = prospects.flatMap((prospect): readonly Withdrawn[] => {
    const { member: { parts }, found: { withdrawn: reason } } = prospect;
    const version = peekVersion(parts);
    return reason === null || version === null || isThereByChoice(prospect) ? [] : [{ ...prospect, version, reason }];
  });
  return kept || all.some(({ found }) => found.candidate === null) ? all : [];
}

/** A person has installed it knowing that it was withdrawn. */
function isThereByChoice({ member: { parts }, found: { withdrawn } }: Prospect): boolean {
  const version = peekVersion(parts);
  return withdrawn !== null && version !== null && recallWithdrawal(parts, version, withdrawn).stays;
}

/** The caller holds the lock. Answers in the order of the prospects. */
export async function leaveTogether(app: AppParts, prospects: readonly Prospect[], left: readonly Withdrawn[], signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const place = prospects.map(({ member }) => member);
  const reason = left.map((one) => `${one.member.name}: ${one.reason}`).join('; ');
  const byHand = left[0]?.member.name ?? '';
  const stayFor = (detail: string): readonly UpdateResult[] => stayTogether(prospects, left, { reason: 'rollout', detail: `${reason}; ${detail}`, until: null });
  const way = chooseWayBack(prospects.map((prospect) => placeOf(prospect, left)));
  if (way.kind === 'none') return stayFor(`${nameAll(place)} move together, and ${way.component} has neither a kept version nor a backup that it may go back to: they run on until a newer release comes`);
  const tries = Math.max(...left.map((one) => recallWithdrawal(one.member.parts, one.version, one.reason).tries));
  if (tries >= MAX_TRIES) return stayFor(`going back failed ${tries} times: a person is needed (holdline rollback ${byHand})`);
  const ways = findWays(app, place, way.to, left);
  if (typeof ways === 'string') return stayFor(`they cannot go back together: ${ways}; a person is needed`);
  for (const { member } of ways) {
    const waiting = await mayNotGo(member, way.to[member.name] ?? '', { reason, byHand }, signal);
    if (waiting !== null) return stayTogether(prospects, left, waiting);
  }
  return goBackFrom(app, place, { ways, left, to: way.to }, signal);
}

function placeOf(prospect: Prospect, left: readonly Withdrawn[]): GroupPlace {
  const { member: { name, facts: { pin }, parts } } = prospect;
  const isWithdrawn = left.some(({ member }) => member.name === name);
  const { isBad, ...here } = safePlaces(parts);
  const moves = readHistory(parts.fs, parts.layout, Number.MAX_SAFE_INTEGER).filter(({ outcome, kind }) => outcome === 'committed' && kind !== 'adopt');
  const stays = isThereByChoice(prospect);
  return {
    ...here, component: name, current: peekVersion(parts), isWithdrawn, moves,
    // Whom nobody withdraws stays where a person has put it, and inside the range that it is kept to.
    isBad: (version) => isBad(version) || stays || (!isWithdrawn && pin !== null && !fitsRange(version, pin)),
  };
}

/** @returns what speaks against it: a release's own needs, a damaged backup */
function findWays(app: AppParts, place: readonly Member[], to: Readonly<Record<string, string>>, left: readonly Withdrawn[]): readonly Way[] | string {
  try {
    const ways = place.flatMap((member): Way[] => {
      const target = to[member.name];
      return target === undefined ? [] : [{ member, target: findTarget(member.parts, readDevice(member.parts), target), wentWith: causeFor(member, left) }];
    });
    assertFit(app, place, ways);
    return ways;
  } catch (thrown) {
    if (thrown instanceof HoldlineError && (thrown.code === 'dependency' || thrown.code === 'backup-damaged')) return thrown.message;
    throw thrown;
  }
}

/** Undefined for one that was withdrawn itself. */
function causeFor(member: Member, left: readonly Withdrawn[]): JournalMember['went_with'] {
  const [first] = left;
  if (first === undefined || left.some((one) => one.member.name === member.name)) return undefined;
  const { member: { name: component }, version, reason } = first;
  return { component, version, reason: `went back together with ${component} ${version}: ${reason}; it comes again with a newer ${component}` };
}

async function mayNotGo({ name, parts }: Member, to: string, { reason, byHand }: { readonly reason: string; readonly byHand: string }, signal: AbortSignal): Promise<Waiting | null> {
  const admission = await admitGoingBack(parts, peekVersion(parts) ?? to, to, signal);
  if (admission.go) return null;
  return whyNot(admission, `${reason}; ${name} would go back to ${to}`, byHand);
}

interface GoingBack { readonly ways: readonly Way[]; readonly left: readonly Withdrawn[]; readonly to: Readonly<Record<string, string>> }

async function goBackFrom(app: AppParts, place: readonly Member[], { ways, left, to }: GoingBack, signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const all = ways.map(({ member }) => `${member.name} to ${to[member.name] ?? ''}`).join(' and ');
  const before = left.map(({ member: { parts }, version, reason }) => ({ parts, withdrawal: recallWithdrawal(parts, version, reason) }));
  for (const { member: { parts, name }, version, reason } of left) {
    parts.report({ type: 'note', level: 'warn', message: `${name}: ${reason}: going back with ${all}` });
    parts.audit.note({ event: 'withdrawn', reason, facts: { component: name, version, to: to[name] ?? null } });
    const withdrawal = recallWithdrawal(parts, version, reason);
    rememberWithdrawal(parts, { ...withdrawal, reason, tries: withdrawal.tries + 1 });
  }
  const results = await goBack(app, place, ways, { dryRun: false }, signal);
  // Not now is no failed try.
  if (results.some(({ outcome }) => outcome === 'waiting')) for (const { parts, withdrawal } of before) rememberWithdrawal(parts, withdrawal);
  return results;
}

function stayTogether(prospects: readonly Prospect[], left: readonly Withdrawn[], waiting: Waiting): readonly UpdateResult[] {
  return prospects.map(({ member: { name, parts }, found }) => {
    const { current_version: current, latest_version: latest } = found.result;
    const own = left.find((one) => one.member.name === name);
    const cause = left[0]?.member.name ?? '';
    const wait: Waiting = own === undefined ? { ...waiting, reason: 'dependency', detail: `${name} moves together with ${cause}, which waits: ${waiting.detail}` } : waiting;
    if (own === undefined) rememberWait(parts, wait);
    else stay(parts, found, recallWithdrawal(parts, own.version, own.reason), wait);
    return waitingResult(current, latest, wait, 0);
  });
}

const nameAll = (place: readonly Member[]): string => place.map(({ name }) => name).join(' and ');
