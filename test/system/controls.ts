// Part 3: mistakes that the other parts must catch. A control that comes out clean fails the run. Each mistake is a switch of `cut`
// or of a patched test build, never of the product.
import { Bench, type Scenario } from './support/bench.js';
import { flushedState } from './support/block-log.js';
import { Disk } from './support/disk.js';
import { killAt, listCalls, recoverAndJudge } from './support/kill.js';
import { missing, readOptions, say, skipPart, spread, Tally } from './support/options.js';
import { buildPatched, type Patch } from './support/patched-build.js';
import { PLANTED } from './support/planted-mistakes.js';
import { cutPower } from './support/power.js';
import { SCENARIOS } from './support/scenarios.js';
import { strideOf } from './support/stride.js';
import { openWorkshop, type Workshop } from './support/workshop.js';
import { BLOCK_NEEDS, whyNoLoop } from './support/needs.js';

const HARD_MOUNT = 'noatime,commit=1,noauto_da_alloc';
const STATES = 90;

interface Place { readonly bench: Bench; readonly disk: Disk; readonly workshop: Workshop }
/** @returns how many states or points it spoiled, with the first as an example */
interface Control { readonly name: string; readonly hurts: boolean; run(place: Place): Promise<{ readonly tried: number; readonly caught: number; readonly first: string }> }

const CONTROLS: readonly Control[] = [
  { name: 'nothing wrong (power cuts)', hurts: false, run: (place) => powerCuts(place, SCENARIOS.update, []) },
  { name: 'fsync of files does nothing', hurts: true, run: (place) => powerCuts(place, SCENARIOS.update, ['-s', 'files']) },
  { name: 'the tree is not flushed before the switch', hurts: true, run: (place) => powerCuts(place, SCENARIOS.update, ['-s', 'syncfs']) },
  { name: 'nothing wrong (without the journal of ext4)', hurts: false, run: (place) => unjournalled(place, []) },
  { name: 'fsync of folders does nothing (without the journal of ext4)', hurts: true, run: (place) => unjournalled(place, ['-s', 'folders']) },
  { name: 'nothing wrong (kills)', hurts: false, run: (place) => kills(place, [], 1) },
  { name: 'recovery is skipped', hurts: true, run: (place) => kills(place, [], 0) },
  { name: 'the intent is journalled after the deed', hurts: true, run: (place) => kills(place, PLANTED.intentAfterDeed, 1) },
  { name: 'done is journalled before the deed, and the commit with it', hurts: true, run: (place) => kills(place, PLANTED.doneAndCommitBeforeDeed, 1) },
  // Every step that has an intent is undone, done or not: this order alone breaks nothing, and the run shows it.
  { name: 'done is journalled before the deed', hurts: false, run: (place) => kills(place, PLANTED.doneBeforeDeed, 1) },
];

const options = readOptions();
const lacking = missing(BLOCK_NEEDS, [whyNoLoop()]);
if (lacking === undefined) await main();
else skipPart('controls', lacking);

async function main(): Promise<void> {
  const workshop = await openWorkshop({ dist: options.dist });
  const tally = new Tally();
  try {
    const places = Array.from({ length: options.jobs }, (_, index) => {
      const bench = new Bench({ workshop, name: `bench-${index}` });
      return { bench, disk: new Disk(workshop, bench), workshop };
    });
    await spread(CONTROLS.filter(({ name }) => options.only.length === 0 || options.only.some((word) => name.includes(word))), places, async (control, place) => {
      const { tried, caught, first } = await control.run(place);
      const ok = tried > 0 && (caught > 0) === control.hurts;
      say(`${control.name}: ${caught} of ${tried} caught${caught > 0 ? `, as: ${first.slice(0, 200)}` : ''}`);
      tally.check(ok, `${control.name}: ${control.hurts ? 'came out clean' : 'is caught though nothing is wrong'}: ${first}`);
    });
    tally.end();
  } finally {
    workshop.close();
  }
}

async function powerCuts({ bench, disk }: Place, scenario: Scenario, how: readonly string[]): ReturnType<Control['run']> {
  await bench.prepare(scenario);
  await disk.make();
  const recording = await disk.record(HARD_MOUNT, (on) => on.cut(on.command(scenario), how));
  let first = '';
  const { states, BAD, unmountable } = await cutPower({ bench, disk, recording, ends: scenario.ends, states: STATES, seed: options.seed, onBad: (state, why) => { first ||= `${state.name}: ${why}`; } });
  return { tried: states, caught: BAD + unmountable, first };
}

/**
 * The journal of ext4 brings every earlier change of a folder to the disk with any fsync, so there a forgotten fsync of a folder
 * cannot be seen. Without it, it can: what is lost when only flushed writes survive the moment after the report?
 */
async function unjournalled({ bench, disk }: Place, how: readonly string[]): ReturnType<Control['run']> {
  const scenario = SCENARIOS.update;
  await bench.prepare(scenario);
  await disk.make(['-O', '^has_journal']);
  const { entries, reported, ran } = await disk.record('noatime', (on) => on.cut(on.command(scenario), how));
  if (ran.code !== 0) throw new Error(`the update ended with ${ran.code}: ${ran.stdout}`);
  const state = flushedState(entries, reported);
  const found = await disk.inState(state, () => recoverAndJudge(bench, 1), true);
  const isNew = found?.verdict.is === 'NEW';
  return { tried: 1, caught: isNew ? 0 : 1, first: isNew ? '' : `${state.name}: ${JSON.stringify(found?.verdict)}` };
}

async function kills({ bench, workshop }: Place, patches: readonly Patch[], recoveries: number): ReturnType<Control['run']> {
  const scenario = SCENARIOS.adoption;
  await bench.prepare(scenario);
  const dist = patches.length === 0 ? workshop.dist : await buildPatched(workshop.dist, bench.root, 'control', patches);
  const command = bench.command(scenario, dist);
  const calls = await listCalls(bench, command);
  // From the placing of the version on: before it, nothing of the user's is touched.
  const from = calls.findIndex((call) => call.includes('/versions/'));
  let [tried, caught, first] = [0, 0, ''];
  for (const n of strideOf(calls.length, 2, options.seed).filter((point) => point > from)) {
    const { fired } = await killAt(bench, command, n);
    if (!fired) break;
    tried += 1;
    const { verdict } = await recoverAndJudge(bench, recoveries);
    if (verdict.is !== 'BAD') continue;
    caught += 1;
    first ||= `killed before call ${calls[n - 1] ?? n}: ${verdict.why}`;
  }
  return { tried, caught, first };
}
