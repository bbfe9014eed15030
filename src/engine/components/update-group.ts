// An update of components that move together: all that have a new version are found, fetched and judged as a set, then they move in one transaction.
import type { UpdateResult } from '../../domain/results.js';
import type { Waiting } from '../../domain/state.js';
import { judgeTogether, type GroupWish } from '../../decide/judge-together.js';
import { admitSwitch, type Asked } from '../admit-release.js';
import { findUpdate, type Candidate, type Found } from '../find-update.js';
import type { EngineParts } from '../parts.js';
import { noteChoice } from '../leave-withdrawn.js';
import { readDevice } from '../read-device.js';
import { rememberFound } from '../remember-found.js';
import { transactionId } from '../run-transaction.js';
import { prepareUpdate } from '../update.js';
import { watched } from '../updater.js';
import { currentResult, plannedResult, waitingResult } from '../update-result.js';
import type { AppParts, Member } from './app-parts.js';
import { readNeighbours } from './neighbours.js';
import { runGroup, type Move } from './run-group.js';

export interface GroupRequest {
  asked(member: Member): Asked;
  readonly from: string | undefined;
  readonly dryRun: boolean;
}

/** What was found for one member, and what it runs now. */
interface Prospect { readonly member: Member; readonly found: Found }

interface Moving extends Prospect { readonly candidate: Candidate }

/** Answers in the order of the place. */
export async function updateGroup(app: AppParts, place: readonly Member[], request: GroupRequest, signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const begunMs = app.app.clock.monotonicMs();
  const fellows = withFellows(place, app.members);
  const prospects: Prospect[] = [];
  for (const member of fellows) prospects.push({ member, found: await find(member, request, signal) });
  const waits = whyNotNow(prospects) ?? whyWithdrawn(prospects);
  if (waits !== null) return waits;
  if (prospects.every(({ found }) => found.candidate === null)) return prospects.map(({ found }) => currentResult(found.result.current_version, 0));
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

/** What they need of each other is judged below, when all of them have been chosen. */
function withFellows(place: readonly Member[], all: readonly Member[]): readonly Member[] {
  return place.map((member) => {
    const fellows = place.map(({ name }) => name).filter((name) => name !== member.name);
    return { ...member, parts: { ...member.parts, neighbours: () => readNeighbours(member, all, fellows) } };
  });
}

async function find(member: Member, { asked, from }: GroupRequest, signal: AbortSignal): Promise<Found> {
  const { parts } = member;
  return watched(parts, async () => {
    const found = await findUpdate(parts, from === undefined ? parts.source : parts.sourceFrom(from), asked(member), signal);
    rememberFound(parts, found, from === undefined);
    return found;
  });
}

/** One that has to wait keeps all of them; so does a set that does not fit. */
function whyNotNow(prospects: readonly Prospect[]): readonly UpdateResult[] | null {
  const waiting = prospects.find(({ found }) => found.result.waiting !== null && found.candidate === null);
  const wait = waiting?.found.result.waiting ?? null;
  if (waiting !== undefined && wait !== null) {
    return prospects.map(({ member, found }) => {
      const own = found.result.waiting ?? { ...wait, reason: 'dependency', detail: `${member.name} moves together with ${waiting.member.name}, which waits: ${wait.detail}` } satisfies Waiting;
      return waitingResult(found.result.current_version, found.result.latest_version, own, 0);
    });
  }
  const unfit = judgeTogether(prospects.map(wishOf));
  return unfit === null ? null : prospects.map(({ found }) => waitingResult(found.result.current_version, found.result.latest_version, unfit, 0));
}

/** What runs was withdrawn, and nothing newer is there: which of the others should go back with it is for a person to say. */
function whyWithdrawn(prospects: readonly Prospect[]): readonly UpdateResult[] | null {
  const left = prospects.find(({ found }) => found.withdrawn !== null);
  if (left === undefined || prospects.some(({ found }) => found.candidate !== null)) return null;
  const detail = `${left.found.withdrawn ?? ''}; it moves together with others: holdline rollback ${left.member.name}`;
  const { parts } = left.member;
  parts.report({ type: 'note', level: 'warn', message: detail });
  return prospects.map(({ found }) => waitingResult(found.result.current_version, found.result.latest_version, { reason: 'rollout', detail, until: null }, 0));
}

function wishOf({ member, found: { candidate, result } }: Prospect): GroupWish {
  const { parts, name, facts } = member;
  return {
    component: name, version: candidate?.release.version ?? result.current_version, needs: facts.dependsOn,
    requires: candidate === null ? readNeedsOf(parts) : candidate.manifest?.requires.components ?? {},
  };
}

/** Of what runs. */
function readNeedsOf(parts: EngineParts): Readonly<Record<string, string>> {
  return readDevice(parts).current?.record.requires ?? {};
}
