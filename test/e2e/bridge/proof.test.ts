// The proof at small counts (the full ones: test/system/bridge). Every byte is counted in both directions, the tail included.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { act } from '../../support/bridge/acts.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { judgeOutcome } from '../../support/bridge/judge.js';
import { runScenario } from '../../support/bridge/scenario.js';
import type { Outcome, Victim } from '../../support/bridge/scenario.js';

let built: Bundle;
beforeAll(async () => {
  built = await bundle({ device: 'test/support/bridge/device.ts', app: 'test/support/bridge/app.ts', bridge: 'src/main/bridge.ts', faulty: 'test/support/bridge/faulty-bridge.ts' });
});
afterAll(() => { built.remove(); });

interface Row { readonly victim: Victim; readonly baud: number; readonly count: number; readonly everyMs: number; readonly flags?: readonly string[] }
const ROWS: readonly Row[] = [
  ...[115_200, 921_600, 4_000_000].map((baud): Row => ({ victim: 'app', baud, count: 3, everyMs: 80 })),
  ...[115_200, 921_600, 4_000_000].map((baud): Row => ({ victim: 'bridge', baud, count: 4, everyMs: 150 })),
  { victim: 'app', baud: 115_200, count: 3, everyMs: 80, flags: ['--plain', '--no-keeper'] },
  { victim: 'warm', baud: 921_600, count: 3, everyMs: 150 },
  { victim: 'cold', baud: 115_200, count: 2, everyMs: 150 },
  { victim: 'mid-upgrade', baud: 115_200, count: 3, everyMs: 150 },
  { victim: 'both', baud: 115_200, count: 3, everyMs: 200 },
];

describe('nothing is lost or doubled', () => {
  it.each(ROWS)('$victim at $baud baud, $count times', async (row) => {
    const outcome = await runScenario({ bundle: built, ...row }, act);
    expect(judgeOutcome(outcome)).toEqual([]);
    expect(row.victim === 'app' ? outcome.inFlight : outcome.kills).toBe(row.count);
  });
});

describe('the harness catches a bridge that', () => {
  it.each([
    ['drops one byte', 'drop', (outcome: Outcome) => outcome.missingIn === 1 && outcome.wrong.length > 0],
    ['doubles one byte', 'double', (outcome: Outcome) => outcome.missingIn === -1 && outcome.wrong.length > 0],
    ['drops one byte on the way out', 'drop-out', (outcome: Outcome) => outcome.missingOut === 1 && outcome.wrong.length > 0],
    ['doubles one byte on the way out', 'double-out', (outcome: Outcome) => outcome.missingOut === -1 && outcome.wrong.length > 0],
    ['acknowledges before delivery', 'early-ack', (outcome: Outcome) => outcome.wrong.some((text) => text.startsWith('gaps'))],
  ] as const)('%s', async (_what, fault, caught) => {
    const outcome = await runScenario({ bundle: built, victim: 'app', baud: 115_200, count: 3, everyMs: 250, fault }, act);
    expect(caught(outcome), JSON.stringify({ ...outcome, report: null })).toBe(true);
    expect(judgeOutcome(outcome)).not.toEqual([]);
  });
});
