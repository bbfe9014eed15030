// Kills by strace --inject, which counts each kind of call per thread: with one pool thread, and only where the kill fired (137) does it count.
import type { Bench, Scenario } from './bench.js';
import { recoverAndJudge } from './kill.js';
import { spread, type PartOptions, type Tally } from './options.js';

const PER_KIND = 3;
const SKIPPED: ReadonlySet<string> = new Set(['ioctl', 'write']);

interface Shot { readonly call: string; readonly when: number }

export async function killWithStrace(benches: readonly Bench[], scenario: Scenario, calls: readonly string[], options: PartOptions, tally: Tally): Promise<{ fired: number; bad: number }> {
  let [fired, bad] = [0, 0];
  await spread(shotsOf(calls, options.full), benches, async ({ call, when }, bench) => {
    await bench.reset();
    const { code } = await bench.run(['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, `--inject=${call}:signal=KILL:when=${when}`, ...bench.command(scenario)]);
    if (code === 137) fired += 1;
    const { verdict } = await recoverAndJudge(bench, 1);
    if (verdict.is === 'BAD') bad += 1;
    tally.check(verdict.is !== 'BAD', `${scenario.name}: strace killed before ${call} ${when}: ${verdict.is === 'BAD' ? verdict.why : ''}`);
  });
  tally.check(fired > 0, `${scenario.name}: no kill of strace fired`);
  return { fired, bad };
}

/** First, last and some in between of each kind. Calls that also happen outside the device (write, openat) come later than their number here says. */
function shotsOf(calls: readonly string[], full: boolean): Shot[] {
  const counts = new Map<string, number>();
  for (const line of calls) {
    const name = line.split(' ')[1] ?? '';
    if (!SKIPPED.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].flatMap(([call, count]) => {
    const wanted = full ? count : Math.min(PER_KIND, count);
    const whens = new Set(Array.from({ length: wanted }, (_, index) => (wanted === 1 ? 1 : 1 + Math.round((index * (count - 1)) / (wanted - 1)))));
    return [...whens].map((when) => ({ call, when }));
  });
}
