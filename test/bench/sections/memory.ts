// How much memory an update takes at its worst moment, in the daemon's worker and by hand; and the daemon that only waits.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createAdopted, randomMegabytes, stopDaemon, untilItRuns, updateThroughDaemon, writeApp, type BenchDevice } from '../bench-device.js';
import { createWatch, runWatched, watchFetchers } from '../run-timed.js';
import type { Section } from '../section.js';
import { figureRow, ratioRow } from '../table.js';

export const memory: Section = {
  name: 'memory', title: 'peak memory of an update',
  async run(world) {
    const old = writeApp(join(world.root, 'tiny'), '1.0.0');
    const peaks: Record<string, number[]> = {};
    for (const [version, megabytes] of [['1.1.0', 100], ['1.2.0', 400]] as const) {
      const folder = writeApp(join(world.root, `memory-${megabytes}`), version, { 'src/big.bin': randomMegabytes(megabytes) });
      await world.publish(version, folder);
      rmSync(folder, { recursive: true });
    }
    for (let round = 0; round < 2; round += 1) {
      for (const [version, megabytes] of [['1.1.0', 100], ['1.2.0', 400]] as const) {
        const device = await createAdopted(world, `memory-device-${round}-${megabytes}`, old);
        const fetchers = watchFetchers();
        (peaks[`worker ${megabytes}`] ??= []).push(await peakOfWorker(device, version));
        fetchers.stop();
        (peaks[`fetcher ${megabytes}`] ??= []).push(fetchers.peak());
        device.remove();
        const byHand = await createAdopted(world, `memory-hand-${round}-${megabytes}`, old);
        const { processes } = await runWatched(byHand.command('update', version, '--json'));
        (peaks[`command ${megabytes}`] ??= []).push(Math.max(...processes.map(({ peakMiB }) => peakMiB)));
        byHand.remove();
      }
    }
    const aim = { text: '<= 110 MiB', most: 110 };
    const of = (name: string): number[] => peaks[name] ?? [];
    return [
      figureRow('peak RSS of the worker, 100 MB', of('worker 100'), 'MiB', aim), figureRow('peak RSS of the worker, 400 MB', of('worker 400'), 'MiB', aim),
      ratioRow('peak RSS of the worker, 400 MB against 100 MB', of('worker 400'), of('worker 100'), 'MiB', { text: '<= 1.15x', most: 1.15 }),
      figureRow('peak RSS of its fetcher, 100 MB', of('fetcher 100'), 'MiB', aim), figureRow('peak RSS of its fetcher, 400 MB', of('fetcher 400'), 'MiB', aim),
      figureRow('peak RSS of `--update` without a daemon, 100 MB', of('command 100'), 'MiB', aim), figureRow('peak RSS of `--update` without a daemon, 400 MB', of('command 400'), 'MiB', aim),
    ];
  },
};

async function peakOfWorker(device: BenchDevice, version: string): Promise<number> {
  const watch = createWatch();
  const daemon = device.startDaemon(watch.environment);
  try {
    await untilItRuns(daemon);
    await updateThroughDaemon(device, version);
    return Math.max(...watch.reports().filter(({ argv }) => argv[1]?.endsWith('worker.js')).map(({ peakMiB }) => peakMiB));
  } finally {
    await stopDaemon(daemon);
    watch.close();
  }
}
