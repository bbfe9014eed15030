// The proof at small counts; HOLDLINE_FULL=1 runs the full ones. Every byte is counted in both directions, the tail included.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { act } from '../../support/bridge/acts.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { runScenario } from '../../support/bridge/scenario.js';
import type { Outcome, Victim } from '../../support/bridge/scenario.js';

const full = process.env['HOLDLINE_FULL'] === '1';
const count = (small: number, all: number): number => (full ? all : small);
let built: Bundle;

beforeAll(async () => {
  built = await bundle({ device: 'test/support/bridge/device.ts', app: 'test/support/bridge/app.ts', bridge: 'src/main/bridge.ts', faulty: 'test/support/bridge/faulty-bridge.ts' });
});
afterAll(() => { built.remove(); });

function expectNothingLost(outcome: Outcome): void {
  expect(outcome).toMatchObject({ missingIn: 0, missingOut: 0, wrong: [] });
  expect(outcome.received).toBeGreaterThan(0);
  expect(outcome.arrived).toBeGreaterThan(0);
  for (const stream of outcome.report?.streams ?? []) {
    expect(stream.acknowledged + stream.dropped + stream.held).toBe(stream.received);
    expect(stream.confirmed + stream.unsent).toBe(stream.written);
    expect(stream.delivered).toBeGreaterThanOrEqual(stream.acknowledged);
  }
}

interface Row { readonly victim: Victim; readonly baud: number; readonly count: number; readonly everyMs: number }
const ROWS: readonly Row[] = [
  ...[115_200, 921_600, 4_000_000].map((baud): Row => ({ victim: 'app', baud, count: count(3, 100), everyMs: 300 })),
  ...[115_200, 921_600, 4_000_000].map((baud): Row => ({ victim: 'bridge', baud, count: count(4, 100), everyMs: 200 })),
  { victim: 'warm', baud: 921_600, count: count(3, 50), everyMs: 150 },
  { victim: 'cold', baud: 115_200, count: count(2, 20), everyMs: 200 },
  { victim: 'mid-upgrade', baud: 115_200, count: count(3, 50), everyMs: 200 },
  { victim: 'both', baud: 115_200, count: count(3, 50), everyMs: 300 },
];

describe('nothing is lost or doubled', () => {
  it.each(ROWS)('$victim at $baud baud, $count times', { timeout: 600_000 }, async (row) => {
    const outcome = await runScenario({ bundle: built, ...row }, act);
    const gaps = outcome.readingGapsMs.toSorted((a, b) => a - b);
    if (full) process.stdout.write(`${JSON.stringify({ ...row, sent: outcome.sent, written: outcome.written, refused: outcome.refused, p50: gaps[gaps.length >> 1], max: gaps.at(-1) })}\n`);
    expectNothingLost(outcome);
    expect(outcome.kills).toBe(row.count);
  });
});

describe('the harness catches a bridge that', () => {
  it.each([
    ['drops one byte', 'drop', (outcome: Outcome) => outcome.missingIn === 1 && outcome.wrong.length > 0],
    ['doubles one byte', 'double', (outcome: Outcome) => outcome.missingIn === -1 && outcome.wrong.length > 0],
    ['acknowledges before delivery', 'early-ack', (outcome: Outcome) => outcome.wrong.some((text) => text.startsWith('gaps'))],
  ] as const)('%s', async (_what, fault, caught) => {
    const outcome = await runScenario({ bundle: built, victim: 'app', baud: 115_200, count: 3, everyMs: 250, fault }, act);
    expect(caught(outcome), JSON.stringify({ ...outcome, report: null })).toBe(true);
  });
});
