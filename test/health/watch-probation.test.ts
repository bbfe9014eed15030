import { describe, expect, it } from 'vitest';
import { longestWait } from '../../src/health/longest-wait.js';
import { watchProbation } from '../../src/health/watch-probation.js';
import type { ProbeResult } from '../../src/domain/ports.js';
import type { RunEvent } from '../../src/domain/results.js';
import { autoClock } from '../support/services/auto-clock.js';

const rules = { seconds: 60, interval: 5, failures: 3 };
const good: ProbeResult = { name: 'http', ok: true, output: '200' };
const bad: ProbeResult = { name: 'http', ok: false, output: '500: no' };

function watch(look: (atMs: number) => ProbeResult, options: { seconds?: number; costMs?: number; signal?: AbortSignal } = {}) {
  const clock = autoClock();
  const events: RunEvent[] = [];
  const rounds: number[] = [];
  const verdict = watchProbation({
    rules: { ...rules, seconds: options.seconds ?? rules.seconds }, patience: 60, clock, report: (event) => { events.push(event); }, signal: options.signal ?? new AbortController().signal,
    prober: { probe: async () => { rounds.push(clock.monotonicMs()); clock.advance(options.costMs ?? 0); return [look(clock.monotonicMs())]; } },
  });
  return { verdict, events, rounds };
}

describe('watchProbation', () => {
  it('looks every interval and once more at the end', async () => {
    const { verdict, rounds, events } = watch(() => good, { seconds: 12 });
    expect(await verdict).toEqual({ verdict: 'healthy', reason: null, rounds: 4 });
    expect(rounds).toEqual([0, 5000, 10_000, 12_000]);
    expect(events.at(-1)).toEqual({ type: 'progress', phase: 'probation', done: 12, total: 12, unit: 'seconds' });
  });

  it('fails at the threshold with the reason', async () => {
    const { verdict, rounds, events } = watch((at) => (at < 20_000 ? good : bad));
    expect(await verdict).toMatchObject({ verdict: 'failed', reason: 'probe "http" failed 3 times in a row: 500: no' });
    expect(rounds.at(-1)).toBe(30_000);
    expect(events.filter((event) => event.type === 'note')).toHaveLength(3);
  });

  it('judges once at seconds: 0', async () => {
    expect(await watch(() => good, { seconds: 0 }).verdict).toMatchObject({ verdict: 'healthy', rounds: 1 });
    expect(await watch(() => bad, { seconds: 0 }).verdict).toMatchObject({ verdict: 'failed', rounds: 1 });
  });

  it('does not take a round that began before the end for the last', async () => {
    const { verdict, rounds } = watch(() => good, { seconds: 10, costMs: 7_000 });
    await verdict;
    expect(rounds.at(-1)).toBeGreaterThanOrEqual(10_000);
  });

  it('ends as interrupted before, between and in rounds', async () => {
    const controller = new AbortController();
    const between = watch((at) => { if (at >= 10_000) controller.abort(new Error('SIGTERM')); return good; }, { signal: controller.signal });
    expect(await between.verdict).toMatchObject({ verdict: 'interrupted', reason: null });
    expect(await watch(() => good, { signal: controller.signal }).verdict).toMatchObject({ verdict: 'interrupted', rounds: 0 });
  });
});

describe('longestWait', () => {
  it('covers active_for and the rounds a failing probe still has', () => {
    expect(longestWait([{ kind: 'service', name: 's', service: 's', activeFor: 10, timeout: 5 }], rules)).toBe(40);
    expect(longestWait([], { ...rules, failures: 0 })).toBe(5);
  });
});
