// One turn over the components in their order: one that fails is undone by itself, what depends on it is left for another time, the others go on.
import { toHoldlineError, type HoldlineError } from '../../domain/errors.js';
import type { ComponentUpdate, UpdateResult } from '../../domain/results.js';
import { findFailedDependency, isTrouble, type TurnEnd } from '../../decide/judge-dependencies.js';
import type { Waiting } from '../../domain/state.js';
import { changeDeviceState } from '../device-state.js';
import { peekVersion } from '../read-device.js';
import { currentResult, failedResult, waitingResult } from '../update-result.js';
import { noting } from '../updater.js';
import type { ComponentPlace } from './app-parts.js';
import type { ReadyMember } from './ready-members.js';

/** What is done with one place; the answers in the order of its members. */
export type Act = (place: readonly ReadyMember[]) => Promise<readonly UpdateResult[]>;

export async function runTurn(places: readonly ComponentPlace[], ready: readonly ReadyMember[], act: Act, signal: AbortSignal): Promise<readonly ComponentUpdate[]> {
  const done: ComponentUpdate[] = [];
  const troubled = new Map<string, TurnEnd>();
  for (const place of places) {
    const members = place.flatMap(({ name }) => ready.filter((member) => member.name === name));
    if (members.length === 0) continue;
    const names = members.map(({ name }) => name);
    const needed = members.flatMap(({ facts }) => Object.keys(facts.dependsOn)).filter((name) => !names.includes(name));
    const failed = findFailedDependency(names.join(' and '), needed, troubled);
    const results = failed === null ? await runPlace(members, act, signal) : leaveAside(members, failed);
    for (const result of results) if (failed !== null || isTrouble(result)) troubled.set(result.component, result);
    done.push(...results);
    // Asked to stop in a probation: the next start goes on with it before anything else is begun.
    if (signal.aborted) break;
  }
  return done;
}

const forAll = (members: readonly ReadyMember[], result: UpdateResult): ComponentUpdate[] => members.map(({ name, parts }) => ({ component: name, ...result, from: peekVersion(parts) }));

function leaveAside(members: readonly ReadyMember[], why: Waiting): readonly ComponentUpdate[] {
  for (const { parts } of members) {
    parts.report({ type: 'note', level: 'warn', message: why.detail });
    changeDeviceState(parts.fs, parts.layout, (state) => ({ ...state, waiting: why }));
  }
  return forAll(members, waitingResult(null, null, why, 0));
}

async function runPlace(members: readonly ReadyMember[], act: Act, signal: AbortSignal): Promise<readonly ComponentUpdate[]> {
  const all = (result: UpdateResult): ComponentUpdate[] => forAll(members, result);
  const broken = members.find((member) => member.broken !== null)?.broken ?? null;
  if (broken !== null) return all(failedResult(broken, 0));
  // A person who asked for an update gets the verdict of the one that was still on probation when it ended badly.
  const resumed = members.find(({ resumed: ended }) => ended !== undefined && ended.outcome !== 'updated')?.resumed;
  if (resumed !== undefined) return all(resumed);
  const begunMs = members[0]?.parts.clock.monotonicMs() ?? 0;
  try {
    const results = await act(members);
    return members.map(({ name, parts }, index) => ({ component: name, ...(results[index] ?? currentResult(peekVersion(parts), 0)) }));
  } catch (thrown) {
    // Asked to stop: nothing more is begun.
    if (signal.aborted) throw thrown;
    const error = toHoldlineError(thrown);
    for (const { parts, name } of members) await remember(parts, name, error);
    return all(failedResult(error, (members[0]?.parts.clock.monotonicMs() ?? 0) - begunMs));
  }
}

async function remember(parts: ReadyMember['parts'], name: string, error: HoldlineError): Promise<void> {
  parts.log.error(`${name}: ${error.message}`, { code: error.code });
  await noting(parts, () => Promise.reject(error)).catch(() => undefined);
}
