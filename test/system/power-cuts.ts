// Part 2: power cuts. Each scenario runs on an ext4 whose every write is recorded; the disks that a cut at any moment could have left are
// mounted, recovered, and judged from outside. `--states N`: how many; `--full`: every prefix; `--seed S`: which; `--only update`: of which scenario.
import { Bench, type Scenario } from './support/bench.js';
import { Disk, type Recording } from './support/disk.js';
import { crashAfterSwitch, killAt, listCalls } from './support/kill.js';
import { missing, readOptions, say, skipPart, spread, Tally } from './support/options.js';
import { cutPower } from './support/power.js';
import { EVERY_SCENARIO } from './support/scenarios.js';
import { openWorkshop } from './support/workshop.js';
import { BLOCK_NEEDS, whyNoLoop } from './support/needs.js';

const STATES = 2100;
/** Enough for every prefix of every recording, and half as many torn ones. */
const FULL_STATES = 9000;
const MOUNTS: readonly (readonly [string, string])[] = [['default', 'noatime'], ['commit=1,noauto_da_alloc', 'noatime,commit=1,noauto_da_alloc']];

interface Task { readonly scenario: Scenario; readonly mount: readonly [string, string]; readonly what: 'run' | 'recovery' }

const options = readOptions();
const lacking = missing(BLOCK_NEEDS, [whyNoLoop()]);
if (lacking === undefined) await main();
else skipPart('power-cuts', lacking);

async function main(): Promise<void> {
  const workshop = await openWorkshop({ dist: options.dist });
  const tally = new Tally();
  const totals = { states: 0, BAD: 0, unmountable: 0 };
  const recoveryMs: number[] = [];
  try {
    const benches = Array.from({ length: options.jobs }, (_, index) => new Bench({ workshop, name: `bench-${index}` })).map((bench) => ({ bench, disk: new Disk(workshop, bench) }));
    const tasks: Task[] = EVERY_SCENARIO.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
      .flatMap((scenario) => MOUNTS.flatMap((mount) => [{ scenario, mount, what: 'run' as const }, { scenario, mount, what: 'recovery' as const }]));
    // A recovery writes little: most states come from the runs.
    const weight = (task: Task): number => (task.what === 'run' ? 3 : 1);
    const unit = (options.states ?? (options.full ? FULL_STATES : STATES)) / tasks.reduce((sum, task) => sum + weight(task), 0);
    await spread(tasks, benches, async (task, { bench, disk }) => {
      const recording = await record(task, bench, disk, tally);
      const name = `${task.scenario.name}, ${task.what}, ${task.mount[0]}`;
      const ends = task.what === 'run' ? task.scenario.ends : null;
      const counts = await cutPower({
        bench, disk, recording, ends, seed: options.seed, states: Math.ceil(unit * weight(task)),
        onBad: (state, why) => tally.fail(`${name}: ${state.name}: ${why} (${recording.ran.stdout.trim().slice(0, 300)})`),
      });
      tally.pass(counts.states - counts.BAD - counts.unmountable);
      if (counts.unmountable > 0) tally.fail(`${name}: ${counts.unmountable} disks could not be mounted`);
      for (const key of ['states', 'BAD', 'unmountable'] as const) totals[key] += counts[key];
      recoveryMs.push(...counts.recoveryMs);
      say(`${name}: ${recording.entries.length} entries; ${counts.prefixes} prefixes, ${counts.torn} torn: ${counts.OLD} OLD, ${counts.NEW} NEW, ${counts.BAD} BAD, ${counts.unmountable} unmountable; ${counts.afterReport} after the report`);
    });
    recoveryMs.sort((a, b) => a - b);
    say(`${totals.states} disks, ${totals.BAD} BAD, ${totals.unmountable} unmountable; recovery p50 ${Math.round(recoveryMs[recoveryMs.length >> 1] ?? 0)} ms, max ${Math.round(recoveryMs.at(-1) ?? 0)} ms (seed ${options.seed})`);
    tally.end();
  } finally {
    workshop.close();
  }
}

async function record({ scenario, mount, what }: Task, bench: Bench, disk: Disk, tally: Tally): Promise<Recording> {
  await bench.prepare(scenario);
  if (what === 'run') {
    await disk.make();
    const recording = await disk.record(mount[1], (on) => on.run(on.command(scenario)));
    tally.check(recording.ran.code === scenario.exit, `${scenario.name}: ended with ${recording.ran.code}: ${recording.ran.stdout}${recording.ran.stderr}`);
    return recording;
  }
  const { fired } = await killAt(bench, bench.command(scenario), crashAfterSwitch(await listCalls(bench, bench.command(scenario))));
  tally.check(fired, `${scenario.name}: the kill before its recovery did not fire`);
  await disk.make();
  const recording = await disk.record(mount[1], (on) => on.run(on.recovery()));
  tally.check(recording.ran.code === 0, `${scenario.name}: recovery ended with ${recording.ran.code}: ${recording.ran.stdout}${recording.ran.stderr}`);
  return recording;
}
