// Part 1: kill everything before the n-th system call that changes the device, for every n; recover; an independent judge says OLD, NEW
// or BAD. Then the same inside recovery. `--full`: every n; otherwise every third, beginning where the seed says.
import { Bench, type Scenario } from './support/bench.js';
import { missing, readOptions, say, seeded, skipPart, spread, Tally } from './support/options.js';
import { countCalls, killAt, listCalls, recoverAndJudge, type Point } from './support/kill.js';
import { EVERY_SCENARIO } from './support/scenarios.js';
import { strideOf } from './support/stride.js';
import { killWithStrace } from './support/strace.js';
import { openWorkshop } from './support/workshop.js';

const NEEDS = { cc: 'gcc', strace: 'strace', flock: 'util-linux', find: 'findutils', sha256sum: 'coreutils' };
const STRIDE = 3;
/** First kills whose recovery is itself killed at every call. */
const RECOVERIES = { some: 4, full: Number.MAX_SAFE_INTEGER };
/** Every so many points the device must also be able to go on: the command runs again to its end. */
const GO_ON_EVERY = 8;

const options = readOptions();
const lacking = missing(NEEDS);
if (lacking === undefined) await main();
else skipPart('kill-grid', lacking);

async function main(): Promise<void> {
  const workshop = await openWorkshop({ dist: options.dist });
  const tally = new Tally();
  try {
    const benches = Array.from({ length: options.jobs }, (_, index) => new Bench({ workshop, name: `bench-${index}` }));
    for (const scenario of EVERY_SCENARIO.filter(({ name }) => options.only.length === 0 || options.only.includes(name))) {
      await Promise.all(benches.map((bench) => bench.prepare(scenario)));
      await killEverywhere(benches, scenario, tally);
      await killRecovery(benches, scenario, tally);
      await crossCheck(benches, scenario, tally);
    }
    tally.end();
  } finally {
    workshop.close();
  }
}

async function killEverywhere(benches: readonly Bench[], scenario: Scenario, tally: Tally): Promise<void> {
  const [first] = benches;
  if (first === undefined) return;
  const calls = await listCalls(first, first.command(scenario));
  // Beyond the last one, too: the run that is never hit ends as it should, and that is asserted.
  const points = strideOf(calls.length + 2, options.full ? 1 : STRIDE, options.seed);
  const seen = { OLD: 0, NEW: 0, BAD: 0 };
  const recoveryMs: number[] = [];
  await spread(points, benches, async (n, bench) => {
    const point = await killAt(bench, bench.command(scenario), n);
    if (!point.fired) {
      tally.check(n > calls.length - 20 && point.code === scenario.exit, `${scenario.name}: call ${n} of ${calls.length} was never reached (exit ${point.code}): ${point.said}`);
      return;
    }
    const { verdict, ms } = await recoverAndJudge(bench, 1);
    recoveryMs.push(ms);
    seen[verdict.is === 'SAME' ? 'OLD' : verdict.is] += 1;
    tally.check(verdict.is !== 'BAD', `${scenario.name}: killed before call ${n} (${calls[n - 1] ?? '?'}): ${verdict.is === 'BAD' ? verdict.why : ''}`);
    if (n % GO_ON_EVERY === 0) await goOn(bench, scenario, point, tally);
  });
  recoveryMs.sort((a, b) => a - b);
  say(`${scenario.name}: ${calls.length} calls, ${points.length} kills: ${seen.OLD} OLD, ${seen.NEW} NEW, ${seen.BAD} BAD; recovery p50 ${Math.round(recoveryMs[recoveryMs.length >> 1] ?? 0)} ms, max ${Math.round(recoveryMs.at(-1) ?? 0)} ms`);
}

/** After recovery the same command does its work as if nothing had happened. A rollback that is there already has no earlier version to go to. */
async function goOn(bench: Bench, scenario: Scenario, point: Point, tally: Tally): Promise<void> {
  const before = await bench.judge();
  if (scenario.name === 'rollback' && before.is === 'NEW') return;
  const ran = await bench.run(bench.command(scenario));
  const after = await bench.judge();
  const expected = before.is === 'NEW' && scenario.name === 'revert' ? ['OLD', 'NEW'] : [scenario.ends];
  tally.check(expected.includes(after.is), `${scenario.name}: after a kill before call ${point.n} it does not go on: ${after.is} ${after.is === 'BAD' ? after.why : ''} exit ${ran.code} ${ran.stdout}${ran.stderr}`);
}

async function killRecovery(benches: readonly Bench[], scenario: Scenario, tally: Tally): Promise<void> {
  const [first] = benches;
  if (first === undefined) return;
  const total = await countCalls(first, first.command(scenario));
  const random = seeded(options.seed);
  const count = Math.min(options.full ? RECOVERIES.full : RECOVERIES.some, total);
  const firsts = options.full ? strideOf(total, 1, 1) : Array.from({ length: count }, (_, index) => 1 + Math.floor(((index + random()) / count) * total));
  let [fired, bad] = [0, 0];
  await spread(firsts, benches, async (n, bench) => {
    for (let inner = 1; ; inner += 1) {
      const outer = await killAt(bench, bench.command(scenario), n);
      if (!outer.fired) return;
      const again = await killAt(bench, bench.recovery(), inner, false);
      if (!again.fired) return;
      fired += 1;
      const { verdict } = await recoverAndJudge(bench, 1);
      if (verdict.is === 'BAD') bad += 1;
      tally.check(verdict.is !== 'BAD', `${scenario.name}: killed before call ${n}, its recovery before call ${inner}: ${verdict.is === 'BAD' ? verdict.why : ''}`);
    }
  });
  say(`${scenario.name}: ${fired} kills inside the recovery of ${firsts.length} crashes: ${bad} BAD`);
}

/** The same by strace's own injection, so that the grid does not rest on one tool: some points of each kind of call. */
async function crossCheck(benches: readonly Bench[], scenario: Scenario, tally: Tally): Promise<void> {
  const [first] = benches;
  if (first === undefined) return;
  const calls = await listCalls(first, first.command(scenario));
  const { fired, bad } = await killWithStrace(benches, scenario, calls, options, tally);
  say(`${scenario.name}: ${fired} kills by strace's injection: ${bad} BAD`);
}
