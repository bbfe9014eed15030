// An update by the command line against `curl | tee | tar` that keeps nothing, checks nothing and cannot go back.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { npmTree } from '../../support/npm-trees.js';
import { createAdopted, randomMegabytes, writeApp, writeAppAround, type BenchDevice, type BenchWorld } from '../bench-device.js';
import { runTimed, runWatched, type Cost } from '../run-timed.js';
import { inTurns } from '../samples.js';
import type { Section } from '../section.js';
import { ratioRow, spread, type Row } from '../table.js';

const ROUNDS = 3;
const MB = 1024 * 1024;
const CPU_AIM = { text: '<= 1.5x', most: 1.5 };
const WALL_AIM = { text: '<= 1.0x', most: 1 };

/** sha256sum behind a FIFO and not in `>( )`: bash would neither wait for it nor count its time. */
const PEER = 'set -e -o pipefail; mkfifo "$2/sum"; mkdir "$2/tree"; sha256sum <"$2/sum" >/dev/null & curl -sSfL -H "accept: application/octet-stream" "$1" | tee "$2/sum" | tar xz -C "$2/tree" && sync -f "$2/tree"; wait';

async function compare(world: BenchWorld, what: string, asset: string, template: (name: string) => Promise<BenchDevice>, say: (line: string) => void): Promise<Row[]> {
  let count = 0;
  const samples = await inTurns<'ours' | 'peer', Cost>(ROUNDS, {
    async ours() {
      const device = await template(`ours-${count += 1}`);
      await runTimed(['sync']);
      const cost = await runTimed(device.command('update', '--json'));
      if ((JSON.parse(cost.stdout) as { outcome: string }).outcome !== 'updated') throw new Error(cost.stdout);
      device.remove();
      say(`holdline: ${cost.wallMs.toFixed(0)} ms, CPU ${cost.cpuMs.toFixed(0)} ms`);
      return cost;
    },
    async peer() {
      const folder = join(world.root, `peer-${count += 1}`);
      mkdirSync(folder);
      await runTimed(['sync']);
      const cost = await runTimed(['bash', '-c', PEER, 'bash', asset, folder]);
      rmSync(folder, { recursive: true });
      say(`peer: ${cost.wallMs.toFixed(0)} ms, CPU ${cost.cpuMs.toFixed(0)} ms`);
      return cost;
    },
  });
  const pick = (key: 'cpuMs' | 'wallMs'): [number[], number[]] => [samples.ours.map((cost) => cost[key]), samples.peer.map((cost) => cost[key])];
  return [ratioRow(`${what}: CPU`, ...pick('cpuMs'), 'ms', CPU_AIM), ratioRow(`${what}: wall`, ...pick('wallMs'), 'ms', WALL_AIM)];
}

export const manyFiles: Section = {
  name: 'many-files', title: 'node-red 4.1.14 -> 4.1.15, installed with all it needs',
  async run(world, say) {
    const old = writeAppAround(join(world.root, 'node-red-old'), '4.1.14', npmTree('node-red@4.1.14'));
    const fresh = writeAppAround(join(world.root, 'node-red-new'), '4.1.15', npmTree('node-red@4.1.15'));
    const release = await world.publish('4.1.15', fresh);
    const size = Number((await runTimed(['du', '-sb', fresh])).stdout.split('\t')[0]);
    const files = Number((await runTimed(['bash', '-c', 'find "$1" -type f | wc -l', 'bash', fresh])).stdout);
    say(`${files} files, ${(size / MB).toFixed(0)} MB, payload ${(release.bytes / MB).toFixed(0)} MB`);
    const rows = await compare(world, `update of ${files} files`, release.asset, (name) => createAdopted(world, name, old), say);
    return [...rows, ...await countWrites(world, old, size, release.bytes)];
  },
};

/** What the update says it wrote, what really is new on the disk, and what the kernel had to write for it, directories included. */
async function countWrites(world: BenchWorld, old: string, treeBytes: number, payloadBytes: number): Promise<Row[]> {
  const device = await createAdopted(world, 'writes', old);
  const before = listFiles(device.home);
  const { stdout, processes } = await runWatched(device.command('update', '--json'));
  const said = (JSON.parse(stdout) as { bytes_written: number }).bytes_written;
  const found = [...listFiles(device.home)].reduce((sum, [inode, bytes]) => sum + (before.has(inode) ? 0 : bytes), 0) - payloadBytes;
  const kernel = processes.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  device.remove();
  const row = (what: string, bytes: number, hasAim: boolean): Row => ({
    what: `patch update, written: ${what}`, ours: spread([bytes / MB], 'MB'), peer: `${(treeBytes / MB).toFixed(0)} MB tree`, ratio: `${(100 * bytes / treeBytes).toFixed(1)} %`,
    ...(hasAim ? { aim: '<= 10 %', met: bytes <= 0.1 * treeBytes } : { aim: '' }),
  });
  return [
    row('bytes_written, as it reports', said, true), row('new files found on the disk, without the payload', found, true),
    row('pages the kernel counts, directories and inodes too, without the payload', kernel - payloadBytes, false), row('the same with the payload', kernel, false),
  ];
}

/** Size of each file by its inode; a second link is no second file. */
function listFiles(root: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { ino, size } = statSync(join(entry.parentPath, entry.name));
    found.set(ino, size);
  }
  return found;
}

export const oneFile: Section = {
  name: 'one-file', title: 'one file of 100 MB',
  async run(world, say) {
    const old = writeApp(join(world.root, 'small'), '1.0.0');
    const release = await world.publish('1.1.0', writeApp(join(world.root, 'large'), '1.1.0', { 'src/big.bin': randomMegabytes(100) }));
    return compare(world, 'update of one 100 MB file', release.asset, (name) => createAdopted(world, name, old), say);
  },
};
