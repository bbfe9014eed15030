import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { judgeProbation, NO_ROUNDS } from '../../src/health/judge-probation.js';
import type { ProbeResult } from '../../src/domain/ports.js';

type Mark = '+' | '-' | '~';
const result = (mark: Mark, name = 'http'): ProbeResult => ({ name, ok: mark === '+', output: `output ${mark}`, ...(mark === '~' ? { pending: true } : {}) });

/** One probe, one round per mark, `interval` seconds apart. */
function judgeRounds(marks: string, rules: { seconds: number; interval: number; failures: number }, patience = 0): string {
  let memory = NO_ROUNDS;
  let verdicts = '';
  for (const [index, mark] of [...marks].entries()) {
    const judgement = judgeProbation(rules, memory, [result(mark === '+' ? '+' : mark === '-' ? '-' : '~')], index * rules.interval, patience);
    memory = judgement.memory;
    verdicts += judgement.verdict[0];
    if (judgement.verdict !== 'continue') break;
  }
  return verdicts;
}
const usual = { seconds: 20, interval: 5, failures: 3 };

describe('judgeProbation', () => {
  it.each([
    ['healthy throughout', '+++++', usual, 0, 'cccch'],
    ['slow to start, within the tolerance', '--+++', usual, 0, 'cccch'],
    ['too slow', '---', usual, 0, 'ccf'],
    ['dies later', '+++---', usual, 50, 'cccccf'],
    ['flickers', '-+-+-+', usual, 50, 'ccccch'],
    ['one hiccup in the last round', '++++-+', usual, 50, 'ccccch'],
    ['a hiccup with no patience left', '++++-', { ...usual, seconds: 19 }, 0, 'ccccf'],
    ['judged once, good', '+', { ...usual, seconds: 0 }, 50, 'h'],
    ['judged once, bad', '-', { ...usual, seconds: 0 }, 50, 'f'],
    ['judged once, but young', '~~+', { ...usual, seconds: 0 }, 50, 'cch'],
    ['young for ever', '~~~', { ...usual, seconds: 0 }, 7, 'ccf'],
    ['young is not failed', '-~-~+', usual, 0, 'cccch'],
    ['young does not forgive', '-~-~-', usual, 0, 'ccccf'],
    ['no tolerance', '+-', { ...usual, failures: 1 }, 50, 'cf'],
  ])('%s', (_case, marks, rules, patience, verdicts) => expect(judgeRounds(marks, rules, patience)).toBe(verdicts));

  it('is healthy at the end without probes', () => {
    expect(judgeProbation(usual, NO_ROUNDS, [], 19).verdict).toBe('continue');
    expect(judgeProbation(usual, NO_ROUNDS, [], 20).verdict).toBe('healthy');
  });

  it('names the probe and its last output', () => {
    let memory = NO_ROUNDS;
    for (const seconds of [0, 5]) memory = judgeProbation(usual, memory, [result('+', 'tcp'), result('-')], seconds).memory;
    expect(judgeProbation(usual, memory, [result('+', 'tcp'), result('-')], 10).reason).toBe('probe "http" failed 3 times in a row: output -');
    expect(judgeProbation({ ...usual, seconds: 0 }, NO_ROUNDS, [result('-')], 0).reason).toBe('probe "http" failed: output -');
    expect(judgeProbation(usual, NO_ROUNDS, [result('~')], 99).reason).toBe('probe "http" was not ready at the end of probation: output ~');
  });

  it('never keeps a version whose last round was not all good, and reverts only with a reason', () => {
    const round = fc.array(fc.constantFrom<Mark>('+', '-', '~'), { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(fc.array(round, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 5 }), (rounds, seconds, failures) => {
      let memory = NO_ROUNDS;
      for (const [index, marks] of rounds.entries()) {
        const results = marks.map((mark, at) => result(mark, `p${at}`));
        const judgement = judgeProbation({ seconds, interval: 5, failures }, memory, results, index * 5, 30);
        if (judgement.verdict === 'healthy') expect([index * 5 >= seconds, results.every(({ ok }) => ok)]).toEqual([true, true]);
        expect(judgement.reason !== null).toBe(judgement.verdict === 'failed');
        if (judgement.verdict !== 'continue') return;
        memory = judgement.memory;
      }
    }));
  });
});
