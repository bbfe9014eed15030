// An update of components that move together: all that have a new version are found, fetched and judged as a set, then they move in one
// transaction; or go back in one, where what one of them runs was withdrawn.
import type { UpdateResult } from '../../domain/results.js';
import type { Waiting } from '../../domain/state.js';
import { admitSwitch, type Asked } from '../admit-release.js';
import { findUpdate, type Candidate, type Found } from '../find-update.js';
import { noteChoice } from '../leave-withdrawn.js';
import { rememberFound } from '../remember-found.js';
import { transactionId } from '../run-transaction.js';
import { prepareUpdate } from '../update.js';
import { watched } from '../updater.js';
import { currentResult, plannedResult, waitingResult } from '../update-result.js';
import type { AppParts, Member } from './app-parts.js';
import { findTogether, rememberWait, whyNotNow, type Prospect } from './find-group.js';
import { findWithdrawn, leaveTogether } from './leave-together.js';
import { runGroup, type Move } from './run-group.js';

export interface GroupRequest {
  asked(member: Member): Asked;
  readonly from: string | undefined;
  readonly dryRun: boolean;
  /** What the publisher has withdrawn is left, where nothing newer comes in its place: in the daemon's own turn. */
  readonly leaves: boolean;
}

interface Moving extends Prospect { readonly candidate: Candidate }

/** Answers in the order of the place. */
export async function updateGroup(app: AppParts, place: readonly Member[], request: GroupRequest, signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const begunMs = app.app.clock.monotonicMs();
  const prospects = await findTogether(place, (member, lifted) => find(member, request, lifted, signal));
  const waits = whyNotNow(prospects);
  const left = request.leaves ? findWithdrawn(prospects, waits !== null) : [];
  if (left.length > 0) return leaveTogether(app, prospects, left, signal);
  if (waits !== null) return prospects.map((prospect, index) => waitFor(prospect, waits[index]));
  if (prospects.every(({ found }) => found.candidate === null)) return prospects.map((prospect) => waitFor(prospect, prospect.found.result.waiting ?? undefined));
  const moving = prospects.flatMap(({ member, found }): readonly Moving[] => (found.candidate === null ? [] : [{ member, found, candidate: found.candidate }]));
  const id = transactionId(app.app);
  const moves: Move[] = [];
  for (const { member, candidate } of moving) {
    if (request.asked(member).who === 'person' && !request.dryRun) noteChoice(member.parts, candidate.release.version);
  }
  for (const { member, found, candidate } of moving) moves.push({ member, ...await prepareUpdate(member.parts, found, candidate, { dryRun: request.dryRun, makeId: () => id }, signal) });
  const took = (): number => app.app.clock.monotonicMs() - begunMs;
  const results = request.dryRun ? moves.map(({ plan, bytesDownloaded }) => plannedResult(plan, took(), bytesDownloaded)) : await runGroup(app, { id, moves, begunMs, admitSwitch: () => admitAll(moving, request, signal) }, signal);
  return prospects.map(({ member, found }) => results[moves.findIndex((move) => move.member === member)] ?? currentResult(found.result.current_version, 0));
}

/** The second look, for each: one that must wait now keeps all of them. */
async function admitAll(moving: readonly Moving[], { asked }: GroupRequest, signal: AbortSignal): Promise<Waiting | null> {
  for (const { member, candidate } of moving) {
    const waiting = await admitSwitch(member.parts, candidate, asked(member), signal);
    if (waiting !== null) return { ...waiting, detail: `${member.name}: ${waiting.detail}` };
  }
  return null;
}

async function find(member: Member, { asked, from }: GroupRequest, lifted: readonly string[], signal: AbortSignal): Promise<Found> {
  const { parts } = member;
  return watched(parts, async () => {
    const found = await findUpdate(parts, from === undefined ? parts.source : parts.sourceFrom(from), { ...asked(member), lifted }, signal);
    rememberFound(parts, found, from === undefined);
    return found;
  });
}

function waitFor({ member: { parts }, found: { result } }: Prospect, waiting: Waiting | undefined): UpdateResult {
  if (waiting === undefined) return currentResult(result.current_version, 0);
  rememberWait(parts, waiting);
  return waitingResult(result.current_version, result.latest_version, waiting, 0);
}
