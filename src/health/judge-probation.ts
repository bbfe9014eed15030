// Whether an update stays: the verdict from the rounds of probes so far. Pure; it waits for nothing.
import type { ProbeResult } from '../domain/ports.js';
import type { ProbationSettings } from '../domain/settings.js';

export interface ProbationMemory {
  /** Failures in a row, by probe. */
  readonly failures: ReadonlyMap<string, number>;
}

export const NO_ROUNDS: ProbationMemory = { failures: new Map() };

export interface Judgement {
  readonly verdict: 'continue' | 'healthy' | 'failed';
  /** Names the probe and its last output; null unless failed. */
  readonly reason: string | null;
  readonly memory: ProbationMemory;
}

export type ProbationRules = Pick<ProbationSettings, 'seconds' | 'interval' | 'failures'>;

/**
 * Failed: one probe failed `failures` times in a row. Healthy: the time is over and every probe passed its last round.
 * A round after the end that is neither goes on until it is one of both, so that one hiccup in the last second does not cost
 * a good version; `seconds: 0` judges its one round at once. Pending counts for neither side; `patience` (seconds past
 * the end) bounds the wait for it.
 */
export function judgeProbation(rules: ProbationRules, memory: ProbationMemory, results: readonly ProbeResult[], elapsedSeconds: number, patience = 0): Judgement {
  const failures = new Map<string, number>();
  for (const result of results) {
    const before = memory.failures.get(result.name) ?? 0;
    failures.set(result.name, result.ok ? 0 : isFailure(result) ? before + 1 : before);
  }
  const next = { failures };
  const failing = results.filter(isFailure);
  const fatal = failing.find((result) => (failures.get(result.name) ?? 0) >= Math.max(1, rules.failures));
  if (fatal !== undefined) return { verdict: 'failed', reason: describe(fatal, failures.get(fatal.name) ?? 0), memory: next };
  if (elapsedSeconds < rules.seconds) return { verdict: 'continue', reason: null, memory: next };
  const [unready] = [...failing, ...results.filter((result) => result.pending === true && !result.ok)];
  if (unready === undefined) return { verdict: 'healthy', reason: null, memory: next };
  const once = rules.seconds <= 0 && isFailure(unready);
  if (once || elapsedSeconds > rules.seconds + patience) return { verdict: 'failed', reason: describe(unready, failures.get(unready.name) ?? 0), memory: next };
  return { verdict: 'continue', reason: null, memory: next };
}

const isFailure = (result: ProbeResult): boolean => !result.ok && result.pending !== true;

function describe(result: ProbeResult, failures: number): string {
  const how = result.pending === true ? 'was not ready at the end of probation' : failures <= 1 ? 'failed' : `failed ${failures} times in a row`;
  return `probe "${result.name}" ${how}: ${result.output}`;
}
