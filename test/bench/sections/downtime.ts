// How long the app does not answer during an update, asked from outside: small and large releases in turns, and the app's own start.
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { watchApp } from '../../../src/main/demo/watch-app.js';
import { createAdopted, stopDaemon, untilItRuns, updateThroughDaemon, writeApp } from '../bench-device.js';
import { inTurns } from '../samples.js';
import type { Section } from '../section.js';
import { figureRow, ratioRow } from '../table.js';

const ROUNDS = 4;
const SERVER = `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
const version = readFileSync(new URL('../VERSION', import.meta.url), 'utf8').trim();
createServer((request, response) => { response.setHeader('connection', 'close'); response.end(JSON.stringify({ version })); }).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

/** Large on the disk, small in the air: the size of the tree is what downtime could depend on. */
function compressible(megabytes: number, seed: number): Buffer {
  const block = Buffer.from(Array.from({ length: 16_384 }, (_value, index) => (index * (seed + 7) * 2_654_435_761) >>> 24));
  return Buffer.alloc(megabytes * 1024 * 1024, block);
}

export const downtime: Section = {
  name: 'downtime', title: 'the app during an update',
  async run(world, say) {
    const app = { 'src/server.js': SERVER, 'src/package.json': '{"type": "module"}\n' };
    const installed = writeApp(join(world.root, 'served'), '1.0.0', app);
    const port = await freePort();
    const service = { name: 'web', command: [process.execPath, 'src/server.js'], env: { PORT: String(port) } };
    const device = await createAdopted(world, 'served-device', installed, { services: [service], check_interval: 86_400, auto_update: false, limits: { ratio: 2000 } });
    const daemon = device.startDaemon();
    const url = `http://127.0.0.1:${port}/`;
    await untilItRuns(daemon);
    const watch = watchApp(url);
    let minor = 0;
    const update = async (megabytes: number): Promise<number> => {
      const before = `1.${minor}.0`;
      const version = `1.${minor += 1}.0`;
      await world.publish(version, writeApp(join(world.root, `served-${megabytes}`), version, { ...app, 'src/big.bin': compressible(megabytes, minor) }));
      await untilAnswered(() => watch.last?.version === before);
      await updateThroughDaemon(device, version);
      await untilAnswered(() => watch.last?.version === version);
      const gap = watch.gaps.get(`${before} -> ${version}`) ?? Number.NaN;
      say(`${megabytes} MB: ${gap.toFixed(0)} ms`);
      return gap;
    };
    try {
      const samples = await inTurns<'small' | 'large' | 'start', number>(ROUNDS, { small: () => update(1), large: () => update(400), start: () => startAlone(device.appDir) });
      return [
        ratioRow('downtime, 400 MB against 1 MB', samples.large, samples.small, 'ms', { text: 'the same (<= 1.2x)', most: 1.2 }),
        figureRow("(the app's own start to its first answer)", samples.start, 'ms'),
      ];
    } finally {
      watch.stop();
      await stopDaemon(daemon);
    }
  },
};

async function startAlone(appDir: string): Promise<number> {
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawn(process.execPath, [join(appDir, 'src/server.js')], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' });
  try {
    for (;;) {
      try { await (await fetch(`http://127.0.0.1:${port}/`)).text(); return performance.now() - startedMs; } catch { await new Promise((resolve) => { setTimeout(resolve, 2); }); }
    }
  } finally { child.kill('SIGKILL'); }
}

async function untilAnswered(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error('the app does not answer as it should');
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
