// One recording, cut at every write and at random: the disks it could have left are mounted, recovered and judged.
import type { Bench, Scenario, Verdict } from './bench.js';
import { fingerprintOf, prefixStates, tornState, type DiskState } from './block-log.js';
import type { Disk, Recording } from './disk.js';
import { recoverAndJudge } from './kill.js';
import { seeded } from './options.js';

export interface PowerRequest {
  readonly bench: Bench;
  readonly disk: Disk;
  readonly recording: Recording;
  /** What every state after the report must be; null: only never BAD. */
  readonly ends: Scenario['ends'] | null;
  /** States altogether; the prefixes come first. */
  readonly states: number;
  readonly seed: number;
  readonly recoveries?: number;
  onBad(state: DiskState, why: string): void;
}

export interface PowerCounts { states: number; prefixes: number; torn: number; OLD: number; NEW: number; SAME: number; BAD: number; unmountable: number; afterReport: number; readonly recoveryMs: number[] }

export async function cutPower(request: PowerRequest): Promise<PowerCounts> {
  const { recording, states } = request;
  const counts: PowerCounts = { states: 0, prefixes: 0, torn: 0, OLD: 0, NEW: 0, SAME: 0, BAD: 0, unmountable: 0, afterReport: 0, recoveryMs: [] };
  const known = new Set<string>();
  const tryOnce = async (state: DiskState, kind: 'prefixes' | 'torn'): Promise<void> => {
    const print = fingerprintOf(state);
    if (known.has(print)) return;
    known.add(print);
    counts.states += 1;
    counts[kind] += 1;
    await judgeState(request, state, counts);
  };
  for (const state of choosePrefixes(recording, (states * 2) / 3, request.seed)) if (counts.states < states) await tryOnce(state, 'prefixes');
  const random = seeded(request.seed);
  for (let number = 1; counts.states < states && number < states * 4; number += 1) await tryOnce(tornState(recording.entries, random, number), 'torn');
  return counts;
}

/** Every flush, and what is between them evenly; too many for the budget, which leaves a third for the torn ones: fewer of those between. */
function choosePrefixes({ entries }: Recording, budget: number, seed: number): DiskState[] {
  const prefixes = [...prefixStates(entries)];
  const atFlush = ({ at }: DiskState): boolean => at === entries.length || entries[at]?.kind === 'flush' || entries[at - 1]?.kind === 'flush';
  const flushes = prefixes.filter(atFlush);
  const between = prefixes.filter((state) => !atFlush(state));
  const step = Math.max(1, Math.ceil(between.length / Math.max(1, budget - flushes.length)));
  return [...flushes, ...between.filter((_, index) => index % step === Math.abs(seed) % step)];
}

async function judgeState({ bench, disk, recording, ends, recoveries, onBad }: PowerRequest, state: DiskState, counts: PowerCounts): Promise<void> {
  const found = await disk.inState(state, () => recoverAndJudge(bench, recoveries ?? 1));
  if (found === undefined) {
    counts.unmountable += 1;
    return;
  }
  counts.recoveryMs.push(found.ms);
  const reported = state.at >= recording.reported;
  if (reported) counts.afterReport += 1;
  const verdict: Verdict = reported && ends !== null && found.verdict.is !== ends && found.verdict.is !== 'BAD'
    ? { is: 'BAD', why: `it is ${found.verdict.is} after ${ends} was reported; recovery said: ${found.said.trim()}` } : found.verdict;
  counts[verdict.is] += 1;
  if (verdict.is === 'BAD') onBad(state, verdict.why);
}
