// Whether an update fits into what may still be downloaded today.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesToday, judgeBudget, type BudgetRequest } from '../../src/decide/judge-budget.js';

const NOW = new Date('2026-11-26T22:30:00Z');
const usual: BudgetRequest = { network: { dailyBytes: 1000, pass: [] }, spent: { day: '2026-11-26', bytes: 400 }, needed: 600, tag: 'v2.0.0', type: 'minor', now: NOW };
const TOMORROW = '2026-11-27T00:00:00.000Z';

it.each<[string, Partial<BudgetRequest>, string | null | 'pass']>([
  ['what is left is enough, to the byte', {}, 'pass'],
  ['one byte too many', { needed: 601 }, TOMORROW],
  ['spent yesterday', { spent: { day: '2026-11-25', bytes: 1000 }, needed: 1000 }, 'pass'],
  ['spent on a day that has not come: the clock was wrong', { spent: { day: '2027-01-01', bytes: 1000 }, needed: 1 }, TOMORROW],
  ['never fits', { needed: 1001 }, null],
  ['never fits, whatever is left', { needed: 1001, spent: { day: '', bytes: 0 } }, null],
  ['of unknown size, something is left', { needed: null }, 'pass'],
  ['of unknown size, nothing is left', { needed: null, spent: { day: '2026-11-26', bytes: 1000 } }, TOMORROW],
  ['here already', { needed: 0, spent: { day: '2026-11-26', bytes: 5000 } }, 'pass'],
  ['no budget', { network: { dailyBytes: 0, pass: [] }, needed: 10 ** 12 }, 'pass'],
  ['a security update waits too', { type: 'security', needed: 601 }, TOMORROW],
  ['a security update that may pass', { type: 'security', needed: 601, network: { dailyBytes: 1000, pass: ['security'] } }, 'pass'],
  ['a local evening is not the end of the day', { now: new Date('2026-11-26T23:59:59.999+05:00'), needed: 601 }, TOMORROW],
])('%s', (_name, change, until) => {
  const ruling = judgeBudget({ ...usual, ...change });
  if (until === 'pass') expect(ruling).toMatchObject({ rule: 'budget', verdict: 'pass' });
  else expect(ruling).toMatchObject({ rule: 'budget', verdict: 'wait', waiting: { reason: 'budget', until } });
});

it('never lets a day carry more than the budget, and more spent never lets more through', () => {
  fc.assert(fc.property(fc.nat(2000), fc.nat(2000), fc.nat(500), (spent, needed, more) => {
    const at = (bytes: number): boolean => judgeBudget({ ...usual, spent: { day: '2026-11-26', bytes }, needed }).verdict === 'pass';
    if (at(spent)) expect(spent + needed <= 1000 || needed === 0).toBe(true);
    if (!at(spent)) expect(at(spent + more)).toBe(false);
  }));
});

it('counts a day from midnight to midnight in UTC', () => {
  expect(bytesToday({ day: '2026-11-26', bytes: 7 }, new Date('2026-11-26T23:59:59.999Z'))).toBe(7);
  expect(bytesToday({ day: '2026-11-26', bytes: 7 }, new Date('2026-11-27T00:00:00Z'))).toBe(0);
});
