// A clock at 1970, stale by months, far ahead, and jumping while an update runs: libfaketime tells Node and its children another time.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { recoverAndJudge } from './kill.js';
import { say, skip, type Tally } from './options.js';
import { SCENARIOS } from './scenarios.js';
import type { Workshop } from './workshop.js';

const JUMPS = ['@1970-01-01 00:00:10', '-200d', '+0', '+3650d', '-1y'];

export async function clockFaults(bench: Bench, tally: Tally, workshop: Workshop): Promise<void> {
  const library = findLibrary();
  if (library === undefined) return skip('the clock', 'libfaketime is not installed (Debian: faketime)');
  const fake = (time: string): NodeJS.ProcessEnv => ({ LD_PRELOAD: library, FAKETIME: time, FAKETIME_DONT_FAKE_MONOTONIC: '1' });
  const scenario = SCENARIOS.update;
  await bench.prepare(scenario);
  for (const time of ['@1970-01-01 00:00:10', '-200d', '+3650d']) {
    await bench.reset();
    const ran = await bench.run(bench.command(scenario), fake(time));
    const { verdict } = await recoverAndJudge(bench, 1);
    // A clock that cannot judge is waited for (75); one that can be lived with is.
    tally.check((ran.code === 0 && verdict.is === 'NEW') || (ran.code === 75 && verdict.is === 'OLD'), `clock ${time}: exit ${ran.code}, ${JSON.stringify(verdict)}: ${ran.stdout}${ran.stderr}`);
    const back = await bench.run(bench.command(scenario));
    tally.check((await bench.judge()).is === 'NEW', `after the clock was ${time} it does not go on: ${back.stdout}${back.stderr}`);
    // Back and forth with clocks of their own: the order of journals and backups is not the clock's.
    const rolled = await bench.run([...bench.command(SCENARIOS.rollback)], fake('-400d'));
    const version = readFileSync(join(bench.app, 'VERSION'), 'utf8');
    tally.check(rolled.code === 0 && version === '1.0.0\n', `rollback with another clock after ${time}: exit ${rolled.code} ${rolled.stdout}${rolled.stderr}`);
    say(`clock ${time}: exit ${ran.code}, ${verdict.is}; goes on with the right time, and back with another wrong one`);
  }
  await jumpingClock(bench, tally, workshop, library);
}

/** The clock jumps every 100 ms while the new version is on probation for two seconds; the probation takes two seconds. */
async function jumpingClock(bench: Bench, tally: Tally, workshop: Workshop, library: string): Promise<void> {
  const scenario = SCENARIOS.update;
  const file = join(workshop.root, 'time');
  writeFileSync(file, '+0');
  await bench.reset();
  bench.configure({ probation: { seconds: 2, interval: 0.2, failures: 3 } });
  let jumps = 0;
  const timer = setInterval(() => {
    if (!isOnProbation(bench)) return;
    writeFileSync(file, JUMPS[jumps % JUMPS.length] ?? '+0');
    jumps += 1;
  }, 100);
  const ran = await bench.run(bench.command(scenario), { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' });
  clearInterval(timer);
  bench.configure({});
  const { verdict } = await recoverAndJudge(bench, 1);
  tally.check(ran.code === 0 && verdict.is === 'NEW', `jumping clock: exit ${ran.code}, ${JSON.stringify(verdict)}: ${ran.stdout}${ran.stderr}`);
  const took = (JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '{}') as { duration_ms?: number }).duration_ms ?? 0;
  tally.check(jumps > 0 && took >= 2000 && took < 60_000, `jumping clock: a probation of 2 s made an update of ${took} ms`);
  const journals = readdirSync(join(bench.state, 'journal')).filter((name) => name.endsWith('.journal'));
  tally.check(journals.every((name) => readFileSync(join(bench.state, 'journal', name), 'utf8').includes('"type":"end"')), 'jumping clock: a journal is still open');
  say(`clock jumping ${jumps} times during the probation: exit ${ran.code}, ${verdict.is}, ${took} ms`);
}

function isOnProbation({ state }: Bench): boolean {
  const folder = join(state, 'journal');
  return readdirSync(folder).some((name) => name.endsWith('.journal') && readFileSync(join(folder, name), 'utf8').includes('"state":"probing"'));
}

function findLibrary(): string | undefined {
  const folders = ['/usr/lib/x86_64-linux-gnu/faketime', '/usr/lib/aarch64-linux-gnu/faketime', '/usr/lib/faketime'];
  return folders.map((folder) => join(folder, 'libfaketimeMT.so.1')).find((path) => existsSync(path));
}
