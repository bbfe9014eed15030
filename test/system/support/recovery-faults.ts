// Recovery on a failing disk: it ends with a code it has a meaning for, leaves nothing that a later recovery on a good disk could not put right.
import { readFileSync } from 'node:fs';
import type { Bench } from './bench.js';
import { crashAfterSwitch, killAt, listCalls, recoverAndJudge } from './kill.js';
import { say, spread, type Tally } from './options.js';
import { SCENARIOS } from './scenarios.js';
import { strideOf } from './stride.js';

export interface CallFault { readonly name: string; readonly how: readonly string[] }

const POINTS = 8;
/** 0 done, 21 a person is needed, 75 it could not take its lock. */
const KNOWN_EXITS: readonly number[] = [0, 21, 75];

export async function recoveryFaults(benches: readonly Bench[], tally: Tally, faults: readonly CallFault[], { full, seed }: { readonly full: boolean; readonly seed: number }): Promise<void> {
  const [first] = benches;
  if (first === undefined) return;
  for (const scenario of [SCENARIOS.update, SCENARIOS.adoption]) {
    await Promise.all(benches.map((bench) => bench.prepare(scenario)));
    const crash = crashAfterSwitch(await listCalls(first, first.command(scenario)));
    for (const { name, how } of faults) {
      await killAt(first, first.command(scenario), crash);
      await first.cut(first.recovery(), [...how.slice(0, how.indexOf('-e')), '-l', first.list]);
      const calls = readFileSync(first.list, 'utf8').trimEnd().split('\n').length - 1;
      const ends: Record<string, number> = {};
      await spread(strideOf(calls, full ? 1 : Math.max(1, Math.floor(calls / POINTS)), seed), benches, async (n, bench) => {
        const what = `${scenario.name}: its recovery with ${name}, call ${n} of ${calls}`;
        const { fired } = await killAt(bench, bench.command(scenario), crash);
        tally.check(fired, `${what}: the crash never fired`);
        const ran = await bench.cut(bench.recovery(), [...how, '-n', String(n)]);
        ends[ran.code] = (ends[ran.code] ?? 0) + 1;
        tally.check(KNOWN_EXITS.includes(ran.code), `${what}: exit ${ran.code}: ${ran.stdout}${ran.stderr}`);
        const { verdict } = await recoverAndJudge(bench, 1, ran.code === 21);
        tally.check(verdict.is !== 'BAD', `${what}: ${verdict.is === 'BAD' ? verdict.why : ''} (exit ${ran.code}: ${ran.stdout}${ran.stderr})`);
        const again = await bench.run(bench.command(scenario));
        tally.check((await bench.judge()).is === 'NEW', `${what}: it does not work again: exit ${again.code} ${again.stdout}${again.stderr}`);
      });
      say(`${scenario.name}: its recovery with ${name}: of ${calls} calls; exits ${JSON.stringify(ends)}`);
    }
  }
}
