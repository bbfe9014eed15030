// A rollback of one component of a group: without a version, all of them go back to what ran before, in one transaction.
import { HoldlineError } from '../../domain/errors.js';
import type { JournalMember } from '../../domain/journal.js';
import type { UpdateResult } from '../../domain/results.js';
import { judgeTogether } from '../../decide/judge-together.js';
import type { RollbackTarget } from '../../decide/make-plan.js';
import { readDevice } from '../read-device.js';
import { findTarget, prepareRollback } from '../rollback.js';
import { transactionId } from '../run-transaction.js';
import { currentResult, plannedResult } from '../update-result.js';
import type { AppParts, Member } from './app-parts.js';
import { assertMayGoBack } from './may-go-back.js';
import { readNeighbours } from './neighbours.js';
import { runGroup, type Move } from './run-group.js';

export interface GroupRollback { readonly component: string; readonly target: string | undefined; readonly dryRun: boolean }

export interface Way { readonly member: Member; readonly target: RollbackTarget; readonly wentWith?: JournalMember['went_with'] }

/** Answers in the order of the place. */
export async function rollBackGroup(app: AppParts, place: readonly Member[], request: GroupRollback, signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const ways = place.flatMap((member) => wayOf(member, request));
  assertFit(app, place, ways);
  return goBack(app, place, ways, request, signal);
}

/** All of these ways in one transaction. Answers in the order of the place. */
export async function goBack(app: AppParts, place: readonly Member[], ways: readonly Way[], { dryRun }: Pick<GroupRollback, 'dryRun'>, signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const begunMs = app.app.clock.monotonicMs();
  const id = transactionId(app.app);
  const moves: Move[] = [];
  for (const { member, target, wentWith } of ways) moves.push({ member, wentWith, ...await prepareRollback(member.parts, target, { dryRun, makeId: () => id }, signal) });
  const tookMs = app.app.clock.monotonicMs() - begunMs;
  const results = dryRun ? moves.map(({ plan }) => plannedResult(plan, tookMs, 0)) : await runGroup(app, { id, moves, begunMs }, signal);
  return place.map((member) => results[moves.findIndex((move) => move.member === member)] ?? currentResult(readDevice(member.parts).version, 0));
}

/** The one that was named must have a way; with a version named, it goes there alone if the others can bear it. */
function wayOf(member: Member, { component, target }: GroupRollback): Way[] {
  const device = readDevice(member.parts);
  if (member.name === component) return [{ member, target: findTarget(member.parts, device, target) }];
  return target === undefined && device.previous !== null ? [{ member, target: { kind: 'version', version: device.previous } }] : [];
}

const recordOf = (target: RollbackTarget): { readonly version: string; readonly requires?: Readonly<Record<string, string>> | undefined } =>
  (target.kind === 'version' ? target.version.record : target.backup.manifest.record);

/** @throws HoldlineError `dependency` before anything is changed */
export function assertFit(app: AppParts, place: readonly Member[], ways: readonly Way[]): void {
  const names = place.map(({ name }) => name);
  for (const { member, target } of ways) {
    assertMayGoBack({ name: member.name, neighbours: readNeighbours(member, app.members, names.filter((name) => name !== member.name)) }, recordOf(target));
  }
  const unfit = judgeTogether(place.map(({ name, facts, parts }) => {
    const way = ways.find(({ member }) => member.name === name);
    const { version, current } = readDevice(parts);
    const becomes = way === undefined ? { version, requires: current?.record.requires } : recordOf(way.target);
    return { component: name, version: becomes.version, needs: facts.dependsOn, requires: becomes.requires ?? {} };
  }));
  if (unfit === null) return;
  throw new HoldlineError('dependency', `cannot go back: ${unfit.detail}; nothing was changed`, { hint: 'Without a version all of the group go back to what ran before: holdline rollback NAME.' });
}
