// Part 4: a disk, a machine and a clock in trouble. Whatever fails, the device is exactly OLD or NEW, the command ends with a code that
// says so, and it works again when the trouble is over. `--full`: every call; otherwise a stride.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, type Scenario } from './support/bench.js';
import { clockFaults } from './support/clock-faults.js';
import { memoryFaults } from './support/memory-faults.js';
import { proxyFaults } from './support/proxy-faults.js';
import { recoveryFaults } from './support/recovery-faults.js';
import { killAt, listCalls, recoverAndJudge } from './support/kill.js';
import { missing, readOptions, say, skipPart, spread, Tally } from './support/options.js';
import { mustRun, runProcess, type Ran } from './support/run-process.js';
import { EVERY_SCENARIO, SCENARIOS } from './support/scenarios.js';
import { strideOf } from './support/stride.js';
import { openWorkshop, type Workshop } from './support/workshop.js';
import { whyNoLoop } from './support/needs.js';

const NEEDS = { 'cc': 'gcc', 'mkfs.ext4': 'e2fsprogs', 'losetup': 'mount', 'fallocate': 'util-linux', 'find': 'findutils', 'sha256sum': 'coreutils' };
const ERRNO = { EIO: 5, EMFILE: 24, ENOSPC: 28, EROFS: 30 } as const;
/** Reading calls too; from this call on, all of them fail; the calls that can fail so. */
interface Fault { readonly name: string; readonly errno: keyof typeof ERRNO; readonly reads?: true; readonly lasting?: true; readonly only?: string }
const GROWING = 'write,pwrite64,openat,open,mkdir,mkdirat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,copy_file_range,fallocate,ftruncate';
const FAULTS: readonly Fault[] = [
  { name: 'EIO once, reading or writing', errno: 'EIO', reads: true },
  { name: 'EIO from then on', errno: 'EIO', lasting: true },
  { name: 'ENOSPC once', errno: 'ENOSPC', only: GROWING },
  { name: 'ENOSPC from then on', errno: 'ENOSPC', lasting: true, only: GROWING },
  { name: 'EROFS from then on', errno: 'EROFS', lasting: true },
  { name: 'EMFILE once', errno: 'EMFILE', reads: true, only: 'openat,open' },
];
const POINTS_PER_FAULT = 8;
/** 0 done, 1 failed with nothing changed, 20 rolled back, 21 broken: a person is needed and told so, 75 not now. */
const KNOWN_EXITS: readonly number[] = [0, 1, 20, 21, 75];

const options = readOptions();
const lacking = missing(NEEDS, [whyNoLoop()]);
if (lacking === undefined) await main();
else skipPart('faults', lacking);

async function main(): Promise<void> {
  const workshop = await openWorkshop({ dist: options.dist });
  const tally = new Tally();
  try {
    const benches = Array.from({ length: options.jobs }, (_, index) => new Bench({ workshop, name: `bench-${index}` }));
    const [bench] = benches;
    if (bench === undefined) return;
    const parts: Readonly<Record<string, () => Promise<void>>> = {
      calls: () => failingCalls(benches, tally),
      recovery: () => recoveryFaults(benches, tally, FAULTS.map((fault) => ({ name: fault.name, how: howOf(fault) })), options),
      full: () => fullDisk(workshop, bench, tally),
      slow: () => slowDisk(bench, tally),
      memory: () => memoryFaults(bench, tally),
      clock: () => clockFaults(bench, tally, workshop),
      proxy: () => proxyFaults(bench, tally, workshop),
    };
    for (const [name, run] of Object.entries(parts)) if (options.only.length === 0 || options.only.includes(name)) await run();
    tally.end();
  } finally {
    workshop.close();
  }
}

function kindOf({ reads, only }: Fault): string[] { return [...(reads === true ? ['-R'] : []), ...(only === undefined ? [] : ['-o', only])]; }
function howOf(fault: Fault): string[] { return [...kindOf(fault), '-e', String(ERRNO[fault.errno]), '-t', fault.lasting === true ? '0' : '1']; }

async function failingCalls(benches: readonly Bench[], tally: Tally): Promise<void> {
  for (const scenario of EVERY_SCENARIO) {
    await Promise.all(benches.map((bench) => bench.prepare(scenario)));
    for (const fault of FAULTS) await failEverywhere(benches, scenario, fault, tally);
  }
}

async function failEverywhere(benches: readonly Bench[], scenario: Scenario, fault: Fault, tally: Tally): Promise<void> {
  const [first] = benches;
  if (first === undefined) return;
  const calls = (await listCalls(first, first.command(scenario), kindOf(fault))).length;
  const points = strideOf(calls, options.full ? 1 : Math.max(1, Math.floor(calls / POINTS_PER_FAULT)), options.seed);
  const ends: Record<string, number> = {};
  await spread(points, benches, async (n, bench) => {
    await bench.reset();
    const ran = await bench.cut(bench.command(scenario), [...howOf(fault), '-n', String(n)]);
    await judgeAfter(bench, scenario, ran, `${scenario.name}: ${fault.name}, call ${n}`, tally);
    ends[ran.code] = (ends[ran.code] ?? 0) + 1;
  });
  say(`${scenario.name}: ${fault.name}: ${points.length} of ${calls} calls; exits ${JSON.stringify(ends)}`);
}

/** OLD or NEW as it stands, as its answer says, and after recovery; then the command does its work. */
async function judgeAfter(bench: Bench, scenario: Scenario, ran: Ran, what: string, tally: Tally): Promise<void> {
  const said = `${ran.stdout.trim()} ${ran.stderr.trim()}`.slice(0, 400);
  tally.check(KNOWN_EXITS.includes(ran.code), `${what}: exit ${ran.code}: ${said}`);
  const { verdict } = await recoverAndJudge(bench, 1, ran.code === 21);
  tally.check(verdict.is !== 'BAD', `${what}: ${verdict.is === 'BAD' ? verdict.why : ''} (exit ${ran.code}: ${said})`);
  if (ran.code === 0) tally.check(verdict.is === scenario.ends, `${what}: it said it was done and the device is ${verdict.is}: ${said}`);
  if (ran.code === 1 || ran.code === 20) tally.check(verdict.is === 'OLD', `${what}: it said nothing had changed and the device is ${verdict.is}: ${said}`);
  if (ran.code === 20) tally.check(ran.stdout.includes('"outcome":"rolled_back"'), `${what}: it says rolled back where nothing was: ${said}`);
  if (scenario.name === 'rollback' && verdict.is === 'NEW') return;
  const again = await bench.run(bench.command(scenario));
  const after = await bench.judge();
  tally.check(after.is === scenario.ends, `${what}: it does not work again: ${JSON.stringify(after)} exit ${again.code} ${again.stdout}${again.stderr} (before: exit ${ran.code}: ${said})`);
}

/** A real ext4 with ever more room, so that it ends in each state in turn; then the same with inodes. */
async function fullDisk(workshop: Workshop, bench: Bench, tally: Tally): Promise<void> {
  workshop.onClose(['umount', '-l', bench.device]);
  for (const scenario of [SCENARIOS.update, SCENARIOS.rollback]) {
    await bench.prepare(scenario);
    // With the payload there already: the download refuses to begin on a disk with less than 32 MiB.
    const begin = join(bench.root, 'downloaded');
    rmSync(begin, { recursive: true, force: true });
    const calls = await listCalls(bench, bench.command(scenario));
    await killAt(bench, bench.command(scenario), 2 + calls.findIndex((call) => call.includes('/.holdline/staging')));
    await bench.run(bench.recovery());
    await mustRun('cp', ['-a', `${bench.device}/.`, begin]);
    await bench.reset();
    await mustRun('find', [bench.device, '-mindepth', '1', '-delete']);
    const rooms = strideOf(400, options.full ? 5 : 25, options.seed);
    await sweep(bench, scenario, { begin, mkfs: [], values: rooms, what: 'KiB of room', fill: (kib) => fillUp(bench, kib) }, tally);
    const left = strideOf(options.full ? 130 : 100, options.full ? 1 : 6, options.seed);
    await sweep(bench, scenario, { begin, mkfs: ['-N', '1024'], values: left, what: 'inodes left', fill: (free) => takeInodes(bench, free) }, tally);
  }
}

interface Sweep {
  readonly begin: string;
  readonly mkfs: readonly string[];
  readonly values: readonly number[];
  readonly what: string;
  fill(value: number): Promise<void>;
}

async function sweep(bench: Bench, scenario: Scenario, request: Sweep, tally: Tally): Promise<void> {
  const ends = new Map<number, string>();
  const at = async (value: number): Promise<string> => {
    const known = ends.get(value);
    if (known !== undefined) return known;
    const end = await endWith(bench, scenario, request, value, tally);
    ends.set(value, end);
    return end;
  };
  // Where two neighbours end differently, what lies between them is looked at, too: a state may end within one block.
  const between = async (low: number, high: number): Promise<void> => {
    const middle = Math.floor((low + high) / 2);
    if (middle === low || await at(low) === await at(high)) return;
    await at(middle);
    await between(low, middle);
    await between(middle, high);
  };
  for (const [index, value] of request.values.entries()) {
    await at(value);
    const before = request.values[index - 1];
    if (before !== undefined) await between(before, value);
  }
  const counts: Record<string, number> = {};
  for (const [, end] of [...ends].sort(([a], [b]) => a - b)) counts[end] = (counts[end] ?? 0) + 1;
  say(`${scenario.name}: ${request.values[0]} to ${request.values.at(-1)} ${request.what}, ${ends.size} disks: exits ${JSON.stringify(counts)}`);
}

async function endWith(bench: Bench, scenario: Scenario, { begin, mkfs, what, fill }: Sweep, value: number, tally: Tally): Promise<string> {
  const image = join(bench.root, 'full.img');
  rmSync(image, { force: true });
  await mustRun('truncate', ['-s', '64M', image]);
  await mustRun('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'nodiscard', ...mkfs, image]);
  await mustRun('mount', ['-o', 'loop,noatime', image, bench.device]);
  try {
    await mustRun('cp', ['-a', `${begin}/.`, bench.device]);
    const journals = readdirSync(join(bench.state, 'journal')).length;
    await fill(value);
    const ran = await bench.run(bench.command(scenario));
    // Refused before a transaction began, done, or how far it came.
    const begun = readdirSync(join(bench.state, 'journal')).length > journals;
    const state = ran.code === 0 ? 'done' : begun ? /"state":"(?<state>[a-z]+)"/u.exec(await lastJournal(bench))?.groups?.['state'] ?? 'staging' : 'refused';
    await judgeFull(bench, scenario, ran, `${scenario.name}, ${value} ${what}`, tally);
    return `${ran.code} ${state}`;
  } finally {
    await mustRun('umount', [bench.device]);
  }
}

/** What was last written into the newest journal: where it ended. */
async function lastJournal(bench: Bench): Promise<string> {
  return (await runProcess('sh', ['-c', `cat "$(ls '${bench.state}'/journal/*.journal | tail -1)" | grep '"type":"state"' | grep -v '"discarded"\\|"reverted"' | tail -1`])).stdout;
}

async function judgeFull(bench: Bench, scenario: Scenario, ran: Ran, what: string, tally: Tally): Promise<void> {
  const { verdict } = await recoverAndJudge(bench, 1);
  tally.check(verdict.is !== 'BAD', `${what}: ${verdict.is === 'BAD' ? verdict.why : ''} exit ${ran.code} ${ran.stdout}`);
  tally.check(ran.code === 0 ? verdict.is === 'NEW' : verdict.is === 'OLD', `${what}: exit ${ran.code} and ${verdict.is}: ${ran.stdout}${ran.stderr}`);
  await runProcess('sh', ['-c', `rm -rf '${bench.device}'/filler*`]);
  if (scenario.name === 'rollback' && verdict.is === 'NEW') return;
  const again = await bench.run(bench.command(scenario));
  tally.check((await bench.judge()).is === 'NEW', `${what}: it does not work again with room: ${again.stdout}${again.stderr}`);
}

/** Leaves this much room on the disk. */
async function fillUp(bench: Bench, kib: number): Promise<void> {
  const free = Number((await mustRun('sh', ['-c', `df --output=avail -k '${bench.device}' | tail -1`])).stdout);
  await runProcess('fallocate', ['-l', `${Math.max(1, free - kib)}K`, join(bench.device, 'filler')]);
}

async function takeInodes(bench: Bench, left: number): Promise<void> {
  const free = Number((await mustRun('sh', ['-c', `df --output=iavail '${bench.device}' | tail -1`])).stdout);
  mkdirSync(join(bench.device, 'filler'));
  await runProcess('sh', ['-c', `cd '${bench.device}/filler' && seq ${Math.max(0, free - left - 1)} | xargs -r touch`]);
}

/** Every fsync takes its time: slower, and nothing else. */
async function slowDisk(bench: Bench, tally: Tally): Promise<void> {
  const scenario = SCENARIOS.update;
  await bench.prepare(scenario);
  await bench.reset();
  const ran = await bench.cut(bench.command(scenario), ['-n', '1', '-t', '0', '-o', 'fsync,fdatasync,syncfs', '-d', '50000']);
  const verdict = await bench.judge();
  tally.check(ran.code === 0 && verdict.is === 'NEW', `slow fsync: exit ${ran.code} and ${verdict.is}: ${ran.stdout}${ran.stderr}`);
  say(`every fsync takes 50 ms longer: ${verdict.is} after ${Math.round(ran.ms)} ms`);
}
