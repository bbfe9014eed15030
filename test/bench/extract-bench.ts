// Extraction against `tee >(sha256sum) | tar xz && sync -f`, interleaved in one run. Usage: node … extract-bench.ts [FOLDER-OF-A-TREE]
// Without a folder it makes one of 8,000 small files; a single 400 MB file follows.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildChild, type ExtractCost } from '../support/build-child.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const ROUNDS = 5;
const root = makeTempFolder('bench');
const child = buildChild('extract-child', root);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

function makeSmallFiles(tree: string): void {
  for (let index = 0; index < 8000; index += 1) {
    const folder = join(tree, 'src', `package-${index % 400}`);
    if (index < 400) mkdirSync(folder, { recursive: true });
    const size = 200 + ((index * 7919) % 30_000);
    writeFileSync(join(folder, `file-${index}.js`), randomBytes(size >> 1).toString('hex'));
  }
  writeFileSync(join(tree, 'VERSION'), '1.0.0\n');
}

function runPeer(payload: string, into: string): { totalMs: number; cpuMs: number } {
  mkdirSync(into);
  const script = 'TIMEFORMAT="%R %U %S"; time { cat "$1" | tee >(sha256sum >/dev/null) | tar xz -C "$2" && sync -f "$2"; }';
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', payload, into], { encoding: 'utf8' });
  const [real = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { totalMs: real * 1000, cpuMs: (user + system) * 1000 };
}

/** As a process that is already there would take: without Node's own start, as the updater runs in one. */
function runOurs(payload: string, into: string, current = ''): ExtractCost {
  return JSON.parse(execFileSync(process.execPath, [child, payload, into, current], { encoding: 'utf8' })) as ExtractCost;
}

function compare(name: string, payload: string): void {
  const ours: ExtractCost[] = [];
  const reused: ExtractCost[] = [];
  const peers: { totalMs: number; cpuMs: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = join(root, 'round');
    mkdirSync(folder);
    spawnSync('sync');
    ours.push(runOurs(payload, join(folder, 'ours')));
    spawnSync('sync');
    peers.push(runPeer(payload, join(folder, 'peer')));
    spawnSync('sync');
    reused.push(runOurs(payload, join(folder, 'again'), join(folder, 'ours')));
    rmSync(folder, { recursive: true });
  }
  const wall = median(ours.map(({ totalMs }) => totalMs));
  const peerWall = median(peers.map(({ totalMs }) => totalMs));
  const cpu = median(ours.map(({ cpuMs }) => cpuMs));
  const peerCpu = median(peers.map(({ cpuMs }) => cpuMs));
  console.log(`${name}: wall ${wall.toFixed(0)} ms, peer ${peerWall.toFixed(0)} ms, ratio ${(wall / peerWall).toFixed(2)} | cpu ${cpu.toFixed(0)} ms (with Node's start), peer ${peerCpu.toFixed(0)} ms, ratio ${(cpu / peerCpu).toFixed(2)} | peak ${median(ours.map(({ peakRssMiB }) => peakRssMiB)).toFixed(0)} MiB`);
  console.log(`${name}, nothing changed since: wall ${median(reused.map(({ totalMs }) => totalMs)).toFixed(0)} ms, bytes written ${reused[0]?.bytesWritten}, linked ${reused[0]?.filesLinked}`);
}

try {
  const given = process.argv[2];
  const trees = { small: join(root, 'small'), large: join(root, 'large') };
  if (given === undefined) makeSmallFiles(trees.small);
  else {
    mkdirSync(join(trees.small, 'src'), { recursive: true });
    cpSync(given, join(trees.small, 'src'), { recursive: true, verbatimSymlinks: true });
  }
  mkdirSync(join(trees.large, 'src'), { recursive: true });
  const piece = randomBytes(1024 * 1024);
  writeFileSync(join(trees.large, 'src/big'), Buffer.concat(Array.from({ length: 400 }, () => piece)));
  for (const [name, tree] of Object.entries(trees)) {
    const payload = join(root, `${name}.tar.gz`);
    execFileSync('tar', ['-czf', payload, '-C', tree, '.']);
    rmSync(tree, { recursive: true });
    compare(name === 'small' ? 'many small files' : 'one 400 MB file', payload);
  }
} finally {
  removeTempFolder(root);
}
