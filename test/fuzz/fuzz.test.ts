// A few hundred changed inputs for each parser at every test run; .ci/run feeds a hundred thousand (run.ts).
import { describe, expect, it } from 'vitest';
import { mixSeeds, mutate, rollDice } from './mutate.js';
import { createTargets, type Answer, type Target } from './targets.js';

const COUNT = 300;
const targets = createTargets(process.cwd());

function feedAll(target: Target, seed: number): Map<Answer, number> {
  const answers = new Map<Answer, number>();
  for (let at = 0; at < COUNT; at += 1) {
    const answer = target.feed(rollDice(mixSeeds(seed, at)));
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
  return answers;
}

describe.each(targets)('$name', (target) => {
  it('keeps its promise, and both believes and refuses', () => {
    const answers = feedAll(target, 7);
    expect(answers.get('refused')).toBeGreaterThan(0);
    if (target.name !== 'files-list') expect(answers.get('accepted')).toBeGreaterThan(0);
  });
});

it('the same seed changes the same bytes in the same way', () => {
  const bytes = Buffer.from('{"a": 1, "b": "two"}\nline\n');
  const run = (seed: number): string[] => Array.from({ length: 20 }, (_, at) => mutate(bytes, rollDice(mixSeeds(seed, at)), bytes).toString('hex'));
  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
});
