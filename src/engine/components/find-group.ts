// What is found for components that move together, and what keeps all of them: one that waits, versions that do not fit, one that was withdrawn.
import type { CheckResult } from '../../domain/results.js';
import type { Waiting } from '../../domain/state.js';
import { judgeTogether, type GroupWish } from '../../decide/judge-together.js';
import type { Asked } from '../admit-release.js';
import { changeDeviceState } from '../device-state.js';
import { findUpdate, type Found } from '../find-update.js';
import type { EngineParts } from '../parts.js';
import { readDevice } from '../read-device.js';
import { rememberFound } from '../remember-found.js';
import { whereLocked } from '../updater.js';
import type { Member } from './app-parts.js';

/** What was found for one member. */
export interface Prospect { readonly member: Member; readonly found: Found }

/** Says what the daemon would do with them now. */
export async function checkGroup(place: readonly Member[], signal: AbortSignal): Promise<readonly CheckResult[]> {
  const asked: Asked = { who: 'daemon', named: undefined, looks: true };
  const prospects: Prospect[] = [];
  for (const member of place) prospects.push({ member, found: await findUpdate(member.parts, member.parts.source, asked, signal) });
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
  const first = prospects.find(({ found }) => found.result.waiting !== null && found.candidate === null);
  const wait = first?.found.result.waiting ?? null;
  if (first !== undefined && wait !== null) {
    return prospects.map(({ member, found }): Waiting => found.result.waiting
      ?? { ...wait, reason: 'dependency', detail: `${member.name} moves together with ${first.member.name}, which waits: ${wait.detail}` });
  }
  const all = judgeTogether(prospects.map(wishOf)) ?? judgeWithdrawn(prospects);
  return all === null ? null : prospects.map(() => all);
}

/** What runs was withdrawn, and nothing newer is there: which of the others should go back with it is for a person to say. */
function judgeWithdrawn(prospects: readonly Prospect[]): Waiting | null {
  const left = prospects.find(({ found }) => found.withdrawn !== null);
  if (left === undefined || prospects.some(({ found }) => found.candidate !== null)) return null;
  return { reason: 'rollout', detail: `${left.found.withdrawn ?? ''}; it moves together with others: holdline rollback ${left.member.name}`, until: null };
}

function wishOf({ member: { parts, name, facts }, found: { candidate, result } }: Prospect): GroupWish {
  const ofRunning = (): Readonly<Record<string, string>> => readDevice(parts).current?.record.requires ?? {};
  return {
    component: name, version: candidate?.release.version ?? result.current_version, needs: facts.dependsOn,
    requires: candidate === null ? ofRunning() : candidate.manifest?.requires.components ?? {},
  };
}
