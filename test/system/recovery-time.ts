// How long a device waits for its app after a crash: an update of a tree of 8,000 files is killed at points all the way through, and each
// recovery is timed, its own start included. On the disk of the temp folder. A figure, not a test of time: only the verdicts can fail.
import { Bench } from './support/bench.js';
import { killAt, listCalls, recoverAndJudge } from './support/kill.js';
import { missing, readOptions, say, skipPart, Tally } from './support/options.js';
import { SCENARIOS } from './support/scenarios.js';
import { openWorkshop } from './support/workshop.js';

const FILES = 8000;
const POINTS = { some: 6, full: 60 };

const options = readOptions();
const lacking = missing({ cc: 'gcc', find: 'findutils', sha256sum: 'coreutils' });
if (lacking === undefined) await main();
else skipPart('recovery-time', lacking);

async function main(): Promise<void> {
  const workshop = await openWorkshop({ dist: options.dist, onDisk: true, more: FILES });
  const tally = new Tally();
  try {
    const bench = new Bench({ workshop, name: 'bench' });
    for (const scenario of [SCENARIOS.update, SCENARIOS.adoption]) {
      await bench.prepare(scenario);
      const calls = await listCalls(bench, bench.command(scenario));
      const switched = calls.findIndex((call) => /renam\w+ the app\/\.holdline\/\.current\.tmp/u.test(call));
      const count = options.full ? POINTS.full : POINTS.some;
      // All the way, and right after the switch, where everything is there to be taken away.
      const points = [...Array.from({ length: count - 2 }, (_, index) => Math.max(1, Math.round(((index + 0.5) / (count - 2)) * calls.length))), switched + 2, switched + 4];
      const times: number[] = [];
      for (const n of points) {
        const { fired } = await killAt(bench, bench.command(scenario), n);
        const { verdict, ms } = await recoverAndJudge(bench, 1);
        tally.check(fired && verdict.is !== 'BAD', `${scenario.name} of ${FILES} files killed before call ${n}: ${JSON.stringify(verdict)}`);
        times.push(ms);
      }
      times.sort((a, b) => a - b);
      say(`${scenario.name}, ${FILES} files, ${calls.length} calls: recovery p50 ${Math.round(times[times.length >> 1] ?? 0)} ms, max ${Math.round(times.at(-1) ?? 0)} ms of ${times.length} crashes`);
    }
    tally.end();
  } finally {
    workshop.close();
  }
}
