// What is found for components that move together, and what keeps all of them: one that waits, versions that do not fit.
import type { CheckResult } from '../../domain/results.js';
import type { Waiting } from '../../domain/state.js';
import { judgeTogether, type GroupWish } from '../../decide/judge-together.js';
import { liftBlocks } from '../../decide/lift-blocks.js';
import type { Asked } from '../admit-release.js';
import { changeDeviceState, readDeviceState } from '../device-state.js';
import { findUpdate, type Found } from '../find-update.js';
import { recallWithdrawal } from '../leave-withdrawn.js';
import type { EngineParts } from '../parts.js';
import { readDevice } from '../read-device.js';
import { rememberFound } from '../remember-found.js';
import { whereLocked } from '../updater.js';
import type { Member } from './app-parts.js';

/** What was found for one member. */
export interface Prospect { readonly member: Member; readonly found: Found }

/** A version that only went back with another one's is no longer kept away where something newer of that comes: then it is looked for again. */
export async function findTogether(place: readonly Member[], find: (member: Member, lifted: readonly string[]) => Promise<Found>): Promise<readonly Prospect[]> {
  const prospects: Prospect[] = [];
  for (const member of place) prospects.push({ member, found: await find(member, []) });
  const coming = new Map(prospects.flatMap(({ member, found: { candidate } }) => (candidate === null ? [] : [[member.name, candidate.release.version] as const])));
  const all: Prospect[] = [];
  for (const prospect of prospects) {
    const { member } = prospect;
    const lifted = liftBlocks(readDeviceState(member.parts.fs, member.parts.layout).blocked, coming);
    all.push(lifted.length === 0 ? prospect : { member, found: await find(member, lifted) });
  }
  return all;
}

/** The same for who only looks at one of them. */
export async function findLifted({ parts }: Member, members: readonly Member[], signal: AbortSignal): Promise<readonly string[]> {
  const { blocked } = readDeviceState(parts.fs, parts.layout);
  const causes = members.filter(({ name }) => blocked.some(({ went_with: cause }) => cause?.component === name));
  const coming = new Map<string, string>();
  for (const { name, parts: { source }, parts: other } of causes) {
    const { candidate } = await findUpdate(other, source, { who: 'daemon', named: undefined, looks: true }, signal);
    if (candidate !== null) coming.set(name, candidate.release.version);
  }
  return liftBlocks(blocked, coming);
}

/** Says what the daemon would do with them now. */
export async function checkGroup(place: readonly Member[], signal: AbortSignal): Promise<readonly CheckResult[]> {
  const asked: Asked = { who: 'daemon', named: undefined, looks: true };
  const prospects = await findTogether(place, ({ parts }, lifted) => findUpdate(parts, parts.source, { ...asked, lifted }, signal));
  const waits = whyNotNow(prospects);
  for (const [index, { member: { parts }, found }] of prospects.entries()) {
    whereLocked(parts, () => {
      rememberFound(parts, found, true);
      rememberWait(parts, waits?.[index]);
    });
  }
  return prospects.map(({ found: { result } }, index) => withWait(result, waits?.[index]));
}

function withWait(result: CheckResult, waiting: Waiting | undefined): CheckResult {
  return waiting === undefined || result.waiting !== null ? result : { ...result, outcome: 'waiting', waiting };
}

/** For the status. The caller holds the lock. */
export function rememberWait({ fs, layout }: Pick<EngineParts, 'fs' | 'layout'>, waiting: Waiting | undefined): void {
  if (waiting !== undefined) changeDeviceState(fs, layout, (state) => ({ ...state, waiting }));
}

/** One for each, in their order; null: they may go. */
export function whyNotNow(prospects: readonly Prospect[]): readonly Waiting[] | null {
  const first = prospects.find((prospect) => waitOf(prospect) !== null && prospect.found.candidate === null);
  const wait = first === undefined ? null : waitOf(first);
  if (first !== undefined && wait !== null) {
    return prospects.map((prospect): Waiting => waitOf(prospect)
      ?? { ...wait, reason: 'dependency', detail: `${prospect.member.name} moves together with ${first.member.name}, which waits: ${wait.detail}` });
  }
  const all = judgeTogether(prospects.map(wishOf));
  return all === null ? null : prospects.map(() => all);
}

/** What a person has put here knowing that it is withdrawn is told of, and keeps nobody waiting. */
function waitOf({ member: { parts }, found: { result, withdrawn } }: Prospect): Waiting | null {
  const isTold = withdrawn !== null && result.waiting?.detail === withdrawn && result.current_version !== null;
  return isTold && recallWithdrawal(parts, result.current_version, withdrawn).stays ? null : result.waiting;
}

function wishOf({ member: { parts, name, facts }, found: { candidate, result } }: Prospect): GroupWish {
  const ofRunning = (): Readonly<Record<string, string>> => readDevice(parts).current?.record.requires ?? {};
  return {
    component: name, version: candidate?.release.version ?? result.current_version, needs: facts.dependsOn,
    requires: candidate === null ? ofRunning() : candidate.manifest?.requires.components ?? {},
  };
}
