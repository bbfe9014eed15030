// The worker is ended by the kernel for its memory, in a cgroup of its own with ever more of it. Version 1 or 2 of cgroups, where it can be written.
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { recoverAndJudge } from './kill.js';
import { say, skip, type Tally } from './options.js';
import { SCENARIOS } from './scenarios.js';

const LIMITS_MIB = [10, 12, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30, 40];
const PLACES: readonly (readonly [folder: string, limit: string, swap: string])[] = [
  ['/sys/fs/cgroup', 'memory.max', 'memory.swap.max'], ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes', 'memory.memsw.limit_in_bytes'],
];

export async function memoryFaults(bench: Bench, tally: Tally): Promise<void> {
  const group = openGroup();
  if (group === undefined) return skip('the OOM kills', 'no memory cgroup can be written here');
  const scenario = SCENARIOS.update;
  await bench.prepare(scenario);
  let killed = 0;
  try {
    for (const mib of LIMITS_MIB) {
      await bench.reset();
      writeFileSync(group.limit, String(mib * 2 ** 20));
      const ran = await bench.run(['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group.folder, ...bench.command(scenario)]);
      if (ran.code === 137) killed += 1;
      const { verdict } = await recoverAndJudge(bench, 1);
      tally.check(verdict.is === 'OLD' || verdict.is === 'NEW', `${mib} MiB of memory: ${JSON.stringify(verdict)} exit ${ran.code}`);
      const again = await bench.run(bench.command(scenario));
      tally.check((await bench.judge()).is === 'NEW', `after an OOM kill at ${mib} MiB it does not go on: ${again.stdout}${again.stderr}`);
    }
  } finally {
    rmdirSync(group.folder);
  }
  tally.check(killed > 0, 'nothing was killed for its memory');
  say(`memory from ${LIMITS_MIB[0]} to ${LIMITS_MIB.at(-1)} MiB: ${killed} of ${LIMITS_MIB.length} killed by the kernel`);
}

function openGroup(): { readonly folder: string; readonly limit: string } | undefined {
  for (const [parent, limit, swap] of PLACES) {
    const folder = join(parent, `holdline-test-${process.pid}`);
    try {
      mkdirSync(folder);
      if (existsSync(join(folder, limit))) {
        try { writeFileSync(join(folder, swap), '0'); } catch { /* no swap accounting: there is no swap to flee to on the devices meant */ }
        return { folder, limit: join(folder, limit) };
      }
      rmdirSync(folder);
    } catch { /* not here */ }
  }
  return undefined;
}
