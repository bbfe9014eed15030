// Watches a new version for the time of its probation, round by round, and returns the verdict. Changes nothing.
import type { Clock, Prober } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import type { UsageComparison } from './compare-usage.js';
import { judgeProbation, NO_ROUNDS, type ProbationRules } from './judge-probation.js';

export interface Watch {
  readonly rules: ProbationRules;
  readonly prober: Prober;
  /** Seconds past the end a pending probe may still need: the longest active_for, see longestWait. */
  readonly patience: number;
  /** Absent: what the services use is not compared. */
  readonly usage?: UsageComparison | undefined;
  readonly clock: Clock;
  readonly report: Report;
  /** Aborted: the updater is asked to stop; the next start resumes. */
  readonly signal: AbortSignal;
}

export interface Verdict {
  readonly verdict: 'healthy' | 'failed' | 'interrupted';
  /** Names the probe and its last output; null unless failed. */
  readonly reason: string | null;
  readonly rounds: number;
}

/** However small the interval: a round never follows at once. */
const MIN_INTERVAL_MS = 100;

export async function watchProbation({ rules, prober, patience, usage, clock, report, signal }: Watch): Promise<Verdict> {
  const begin = clock.monotonicMs();
  const elapsed = (): number => (clock.monotonicMs() - begin) / 1000;
  const intervalMs = Math.max(MIN_INTERVAL_MS, rules.interval * 1000);
  let memory = NO_ROUNDS;
  for (let rounds = 1; ; rounds += 1) {
    if (signal.aborted) return { verdict: 'interrupted', reason: null, rounds: rounds - 1 };
    const roundStart = elapsed();
    const results = await prober.probe(signal);
    await usage?.look();
    if (signal.aborted) return { verdict: 'interrupted', reason: null, rounds };
    // A round counts at its start: one begun before the end is not the last one, however long it took.
    const judgement = judgeProbation(rules, memory, results, roundStart, patience);
    memory = judgement.memory;
    report({ type: 'progress', phase: 'probation', done: Math.min(elapsed(), rules.seconds), total: rules.seconds, unit: 'seconds' });
    for (const result of results) if (!result.ok && result.pending !== true) report({ type: 'note', level: 'warn', message: `probe "${result.name}" failed: ${result.output}` });
    if (judgement.verdict === 'failed') return { verdict: 'failed', reason: judgement.reason, rounds };
    if (judgement.verdict === 'healthy') return { ...judgeUsage(usage, report), rounds };
    const untilNext = Math.max(MIN_INTERVAL_MS, intervalMs - (elapsed() - roundStart) * 1000);
    const untilEnd = (rules.seconds - elapsed()) * 1000;
    await clock.sleep(untilEnd > 0 ? Math.min(untilNext, Math.ceil(untilEnd)) : untilNext, signal).catch(() => undefined);
  }
}

/** The last word on a version whose probes are content: does it cost clearly more than the one before? */
function judgeUsage(usage: UsageComparison | undefined, report: Report): Pick<Verdict, 'verdict' | 'reason'> {
  const verdicts = usage?.judge() ?? [];
  const details = (verdict: 'failed' | 'unknown'): string => verdicts.filter((one) => one.verdict === verdict).map(({ detail }) => detail).join('; ');
  if (details('unknown') !== '') report({ type: 'note', level: 'info', message: `not compared with the hour before: ${details('unknown')}` });
  return details('failed') === '' ? { verdict: 'healthy', reason: null } : { verdict: 'failed', reason: details('failed') };
}
