// Part 1: kill everything before the n-th system call that changes the device, for every n; recover; an independent judge says OLD, NEW
// or BAD. Then the same inside recovery. `--full`: the recovery of every crash, at every call; `--stride N`: only every N-th first kill.
import { Bench, type Scenario } from './support/bench.js';
import { missing, readOptions, say, skipPart, spread, Tally } from './support/options.js';
import { killAt, listCalls, recoverAndJudge, recoverAndList, type Point } from './support/kill.js';
import { RecoveryPoints } from './support/recovery-points.js';
import { EVERY_SCENARIO } from './support/scenarios.js';
import { strideOf } from './support/stride.js';
import { killWithStrace } from './support/strace.js';
import { openWorkshop } from './support/workshop.js';

const NEEDS = { cc: 'gcc', strace: 'strace', flock: 'util-linux', find: 'findutils', sha256sum: 'coreutils' };
/** Beyond the last call: the run that is never hit ends as it should, and that is asserted. */
const BEYOND = 2;
/** A run may make a call more or less than the one that was listed: a point that was not reached is tried again. */
const TRIES = 4;
/** Every so many points the device must also be able to go on: the command runs again to its end, after recovery and, at others, instead of it. */
const GO_ON_EVERY = 8;

const options = readOptions();
const lacking = missing(NEEDS);
if (lacking === undefined) await main();
else skipPart('kill-grid', lacking);

async function main(): Promise<void> {
  const workshop = await openWorkshop({ dist: options.dist });
  const tally = new Tally();
  const totals = { commands: 0, recoveries: 0, byStrace: 0, BAD: 0 };
  try {
    const benches = Array.from({ length: options.jobs }, (_, index) => new Bench({ workshop, name: `bench-${index}` }));
    const [first] = benches;
    if (first === undefined) return;
    for (const scenario of EVERY_SCENARIO.filter(({ name }) => options.only.length === 0 || options.only.includes(name))) {
      await Promise.all(benches.map((bench) => bench.prepare(scenario)));
      const calls = await listCalls(first, first.command(scenario));
      const grid = await killEverywhere(benches, scenario, calls, tally);
      // The same by strace's own injection, so that the grid does not rest on one tool: some points of each kind of call.
      const strace = await killWithStrace(benches, scenario, calls, options, tally);
      say(`${scenario.name}: ${strace.fired} kills by strace's injection: ${strace.bad} BAD`);
      totals.commands += grid.commands;
      totals.recoveries += grid.recoveries;
      totals.byStrace += strace.fired;
      totals.BAD += grid.BAD + strace.bad;
    }
    say(`${totals.commands} kills of commands, ${totals.recoveries} of recoveries, ${totals.byStrace} by strace: ${totals.BAD} BAD`);
    tally.end();
  } finally {
    workshop.close();
  }
}

interface Grid { readonly commands: number; readonly recoveries: number; readonly BAD: number }

async function killEverywhere(benches: readonly Bench[], scenario: Scenario, calls: readonly string[], tally: Tally): Promise<Grid> {
  const points = strideOf(calls.length + BEYOND, options.stride, options.seed);
  const seen = { OLD: 0, NEW: 0, BAD: 0 };
  const inside = { fired: 0, BAD: 0 };
  const reached = new Set<number>();
  const recovery = new RecoveryPoints(options.full);
  await spread(points, benches, async (n, bench) => {
    const point = await tryToKill(bench, scenario, n);
    const what = `${scenario.name}: killed before call ${n} (${calls[n - 1] ?? '?'})`;
    if (!point.fired) {
      tally.check(point.code === scenario.exit, `${scenario.name}: call ${n} of ${calls.length} was never reached (exit ${point.code}): ${point.said}`);
      return;
    }
    reached.add(n);
    await bench.save();
    const found = await recoverAndList(bench);
    seen[found.verdict.is === 'SAME' ? 'OLD' : found.verdict.is] += 1;
    tally.check(found.verdict.is !== 'BAD', `${what}: ${found.verdict.is === 'BAD' ? found.verdict.why : ''}`);
    if (/"outcome":"(?:updated|rolled_back)"/u.test(point.said)) tally.check(found.verdict.is === scenario.ends, `${what}: it had reported its end, and is ${found.verdict.is}`);
    if (n % GO_ON_EVERY === 0) await goOn(bench, scenario, point, tally);
    for (const call of recovery.add(found.calls)) {
      const BAD = await killRecovery(bench, call, `${what}, its recovery before ${found.calls[call - 1] ?? '?'}`, tally);
      inside.fired += 1;
      if (BAD) inside.BAD += 1;
    }
    if (n % GO_ON_EVERY !== GO_ON_EVERY / 2) return;
    await bench.restore();
    await goOn(bench, scenario, point, tally);
  });
  const last = Math.max(...reached);
  const holes = points.filter((n) => n < last && !reached.has(n));
  tally.check(holes.length === 0, `${scenario.name}: these points never fired: ${holes.join(', ')}`);
  say(`${scenario.name}: ${calls.length} calls; ${reached.size} of ${reached.size + holes.length} points fired: ${seen.OLD} OLD, ${seen.NEW} NEW, ${seen.BAD} BAD; ${inside.fired} kills inside recovery: ${inside.BAD} BAD`);
  return { commands: reached.size, recoveries: inside.fired, BAD: seen.BAD + inside.BAD };
}

async function tryToKill(bench: Bench, scenario: Scenario, n: number): Promise<Point> {
  for (let tries = 1; ; tries += 1) {
    const point = await killAt(bench, bench.command(scenario), n);
    if (point.fired || tries === TRIES) return point;
  }
}

/** The same command does its work as if nothing had happened. A rollback that is there already has no earlier version to go to. */
async function goOn(bench: Bench, scenario: Scenario, point: Point, tally: Tally): Promise<void> {
  const before = await bench.judge();
  if (scenario.name === 'rollback' && before.is === 'NEW') return;
  const ran = await bench.run(bench.command(scenario));
  const after = await bench.judge();
  const expected = before.is === 'NEW' && scenario.name === 'revert' ? ['OLD', 'NEW'] : [scenario.ends];
  tally.check(expected.includes(after.is), `${scenario.name}: after a kill before call ${point.n} it does not go on: ${after.is} ${after.is === 'BAD' ? after.why : ''} exit ${ran.code} ${ran.stdout}${ran.stderr}`);
}

/** The same crash again, and its recovery is killed, too; the next one must do. */
async function killRecovery(bench: Bench, call: number, what: string, tally: Tally): Promise<boolean> {
  await bench.restore();
  const { fired, code } = await killAt(bench, bench.recovery(), call, false);
  tally.check(fired, `${what}: it never fired (exit ${code})`);
  const { verdict } = await recoverAndJudge(bench, 1);
  tally.check(verdict.is !== 'BAD', `${what}: ${verdict.is === 'BAD' ? verdict.why : ''}`);
  return verdict.is === 'BAD';
}
