// The daemon while it waits: its resident memory after a first check, with a service of its own running.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdopted, stopDaemon, untilItRuns, writeApp } from '../bench-device.js';
import type { Section } from '../section.js';
import { figureRow } from '../table.js';

const SERVICE = { name: 'web', command: [process.execPath, '-e', 'setInterval(() => undefined, 1000)'] };
/** The first check starts within 2 s, V8 gives memory back some seconds after it, and the next check is far. */
const INTERVAL_S = 20;
const SETTLE_MS = 12_000;
const SAMPLES = 5;

export const idleDaemon: Section = {
  name: 'idle-daemon', title: 'the resident daemon',
  async run(world) {
    const installed = writeApp(join(world.root, 'idle-app'), '1.0.0');
    await world.publish('1.0.0', installed);
    const device = await createAdopted(world, 'idle', installed, { check_interval: INTERVAL_S, services: [SERVICE] });
    const daemon = device.startDaemon();
    const empty = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
    try {
      await untilItRuns(daemon);
      await pause(SETTLE_MS);
      const [samples, bare]: [number[], number[]] = [[], []];
      for (let count = 0; count < SAMPLES; count += 1) {
        samples.push(residentMiB(daemon.pid));
        bare.push(residentMiB(empty.pid));
        await pause(500);
      }
      return [figureRow('daemon, idle: RSS', samples, 'MiB', { text: '<= 50 MiB', most: 50 }), figureRow('(an empty Node that waits: RSS)', bare, 'MiB')];
    } finally {
      empty.kill('SIGKILL');
      await stopDaemon(daemon);
    }
  },
};

function residentMiB(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1]) / 1024;
}
