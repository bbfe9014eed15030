// Everything that is killed, restarted or upgraded again and again while bytes flow both ways, at the counts of the issue; and the
// negative controls: the same harness must catch a bridge that loses, doubles or acknowledges too early.
import { act } from '../../support/bridge/acts.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { judgeOutcome, percentile } from '../../support/bridge/judge.js';
import { runScenario } from '../../support/bridge/scenario.js';
import type { Fault, Outcome, Scenario, Victim } from '../../support/bridge/scenario.js';
import type { ProofRow } from './proof-table.js';

/** `full` and `small` counts at each rate; `alone`: its times are figures, so nothing else runs beside it. */
interface Plan { readonly part: string; readonly victim: Victim; readonly full: number; readonly small: number; readonly everyMs: number; readonly alone?: boolean; readonly flags?: readonly string[]; readonly what: string }

/** Counts are of all rates together, shared out evenly, except where `perRate`. */
const PLANS: readonly (Plan & { readonly perRate?: boolean })[] = [
  { part: 'app', victim: 'app', full: 100, small: 3, everyMs: 80, perRate: true, what: 'kill -9 of the app' },
  // What is promised without koffi, too.
  { part: 'plain', victim: 'app', full: 51, small: 3, everyMs: 80, flags: ['--plain', '--no-keeper'], what: 'kill -9 of the app, no koffi' },
  { part: 'bridge', victim: 'bridge', full: 300, small: 9, everyMs: 120, what: 'kill -9 of the bridge' },
  { part: 'both', victim: 'both', full: 51, small: 3, everyMs: 200, what: 'kill -9 of both' },
  { part: 'mid-upgrade', victim: 'mid-upgrade', full: 51, small: 3, everyMs: 120, what: 'kill -9 in an upgrade' },
  { part: 'warm', victim: 'warm', full: 51, small: 3, everyMs: 150, alone: true, what: 'warm upgrade' },
  { part: 'cold', victim: 'cold', full: 21, small: 3, everyMs: 150, alone: true, what: 'cold restart' },
];

export const KILL_PARTS: readonly string[] = PLANS.map(({ part }) => part);
export interface KillOptions { readonly rates: readonly number[]; readonly full: boolean }
export interface Run { readonly alone: boolean; go(bundle: Bundle): Promise<ProofRow> }

export function planKills(part: string, { rates, full }: KillOptions): Run[] {
  return PLANS.filter((plan) => plan.part === part).flatMap((plan) => rates.map((baud): Run => {
    const all = full ? plan.full : plan.small;
    const count = plan.perRate === true ? all : Math.ceil(all / rates.length);
    return { alone: plan.alone ?? false, go: (bundle) => runKills(plan, { bundle, baud, victim: plan.victim, count, everyMs: plan.everyMs, flags: plan.flags ?? [] }) };
  }));
}

async function runKills(plan: Plan, scenario: Scenario): Promise<ProofRow> {
  const head = { part: plan.part, what: `${plan.what} at ${scenario.baud}` };
  try {
    const outcome = await runScenario(scenario, act);
    const faults = judgeOutcome(outcome);
    const done = plan.victim === 'app' ? outcome.inFlight : outcome.kills;
    if (done < scenario.count) faults.push(`only ${done} of ${scenario.count} were done`);
    return { ...head, times: outcome.kills, ...countBytes(outcome), note: noteOf(plan, outcome), faults };
  } catch (error) {
    return { ...head, times: 0, bytes: '', lost: '', note: '', faults: [error instanceof Error ? error.stack ?? error.message : String(error)] };
  }
}

const countBytes = (outcome: Outcome): Pick<ProofRow, 'bytes' | 'lost'> => ({
  bytes: `${outcome.sent} / ${outcome.written}`,
  lost: `${Math.max(0, outcome.missingIn) + Math.max(0, outcome.missingOut)} / ${Math.max(0, -outcome.missingIn) + Math.max(0, -outcome.missingOut)}`,
});

function noteOf(plan: Plan, outcome: Outcome): string {
  const notes: string[] = [];
  if (plan.victim === 'app') notes.push(`${outcome.inFlight} with reads and writes in flight`);
  const gaps = outcome.readingGapsMs.toSorted((a, b) => a - b);
  if (gaps.length > 0) notes.push(`not reading for ${percentile(gaps, 0.5)} ms p50, ${gaps.at(-1) ?? Number.NaN} max`);
  notes.push(`counters right at ${outcome.looks} looks`);
  if (outcome.refused > 0) notes.push(`kernel put off ${outcome.refused}`);
  return notes.join(', ');
}

const CONTROLS: readonly { readonly fault: Fault; readonly what: string; readonly caught: (outcome: Outcome) => boolean }[] = [
  { fault: 'drop', what: 'a bridge that drops one byte', caught: (outcome) => outcome.missingIn === 1 && outcome.wrong.length > 0 },
  { fault: 'double', what: 'a bridge that doubles one byte', caught: (outcome) => outcome.missingIn === -1 && outcome.wrong.length > 0 },
  { fault: 'drop-out', what: 'a bridge that drops one byte on the way out', caught: (outcome) => outcome.missingOut === 1 && outcome.wrong.length > 0 },
  { fault: 'double-out', what: 'a bridge that doubles one byte on the way out', caught: (outcome) => outcome.missingOut === -1 && outcome.wrong.length > 0 },
  { fault: 'early-ack', what: 'a bridge that acknowledges first', caught: (outcome) => outcome.wrong.some((text) => text.startsWith('gaps')) },
];

/** Each is the real bridge with one fault; passing means caught. */
export function planControls(baud: number): Run[] {
  return CONTROLS.map(({ fault, what, caught }) => ({
    alone: false,
    go: async (bundle) => {
      const outcome = await runScenario({ bundle, baud, victim: 'app', count: 3, everyMs: 250, fault }, act);
      const isCaught = caught(outcome) && judgeOutcome(outcome).length > 0;
      return { part: 'controls', what, times: outcome.kills, ...countBytes(outcome), note: isCaught ? 'caught' : '', faults: isCaught ? [] : [`not caught: ${JSON.stringify({ ...outcome, report: null })}`] };
    },
  }));
}
