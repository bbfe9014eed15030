// `--status` from the first instruction to its answer, against a Node that runs an empty file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAdopted, stopDaemon, untilItRuns, writeApp } from '../bench-device.js';
import { runTimed, type Cost } from '../run-timed.js';
import { inTurns } from '../samples.js';
import type { Section } from '../section.js';
import { ratioRow } from '../table.js';

const ROUNDS = 21;

export const statusStart: Section = {
  name: 'status', title: 'start-up of --status',
  async run(world) {
    const installed = writeApp(join(world.root, 'status-app'), '1.0.0');
    const device = await createAdopted(world, 'status', installed);
    const running = await createAdopted(world, 'status-running', installed, { check_interval: 3600 });
    const empty = join(world.root, 'empty.mjs');
    writeFileSync(empty, '');
    const daemon = running.startDaemon();
    try {
      await untilItRuns(daemon);
      const samples = await inTurns<'status' | 'empty' | 'asking', Cost>(ROUNDS, {
        status: () => runTimed(device.command('--status', '--json')),
        empty: () => runTimed([process.execPath, empty]),
        asking: () => runTimed(running.command('--status', '--json')),
      });
      const row = (what: string, ours: readonly Cost[], key: 'cpuMs' | 'wallMs'): ReturnType<typeof ratioRow> =>
        ratioRow(what, ours.map((cost) => cost[key]), samples.empty.map((cost) => cost[key]), 'ms', { text: '<= 1.5x', most: 1.5 });
      return [
        row('--status: CPU, against an empty Node', samples.status, 'cpuMs'), row('--status: wall, against an empty Node', samples.status, 'wallMs'),
        row('--status that asks the daemon: CPU', samples.asking, 'cpuMs'), row('--status that asks the daemon: wall', samples.asking, 'wallMs'),
      ];
    } finally { await stopDaemon(daemon); }
  },
};
