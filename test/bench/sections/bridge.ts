// The bridge against a direct open, socat and ser2net, in turns, at the same device program: round trip, throughput, CPU, memory, and the
// bytes lost when the client is killed.
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { BRIDGE_LINK, BRIDGE_SOCKET, DIRECT, findPeers } from '../bridge/contestants.js';
import type { Contestant } from '../bridge/contestants.js';
import { countLosses, countOurLosses } from '../bridge/losses.js';
import { measureLoad, measureRoundTrips, measureThroughput } from '../bridge/measure.js';
import type { Load } from '../bridge/measure.js';
import { median } from '../samples.js';
import type { Section } from '../section.js';
import { figureRow, ratioRow, spread } from '../table.js';
import type { Row } from '../table.js';

const ROUNDS = 5;
const PINGS = 1000;
const BLAST_BYTES = 16 * 1024 * 1024;
const LOAD_MS = 3000;
const RATES = [115_200, 921_600, 4_000_000];
const KILLS = 8;

export const bridge: Section = { name: 'bridge', title: 'the bridge and its peers', run: (_world, say) => benchBridge(say) };

/** Needs dist/ only; says which peers are not installed. */
export async function benchBridge(say: (line: string) => void): Promise<Row[]> {
  const built = await bundle({
    'device': 'test/support/bridge/device.ts', 'app': 'test/support/bridge/app.ts', 'bridge': 'src/main/bridge.ts', 'bench-device': 'test/bench/bridge/device.ts', 'bench-reader': 'test/bench/bridge/reader.ts',
  });
  const peers = findPeers();
  if (peers.length < 3) say('socat or ser2net is not installed: compared with fewer');
  try {
    return [...await compareRoundTrips(built, peers, say), ...await compareThroughput(built, peers, say), ...await compareLoad(built, peers, say), ...await compareLosses(built, peers, say)];
  } finally {
    built.remove();
  }
}

async function inTurns<Sample>(contestants: readonly Contestant[], rounds: number, measure: (contestant: Contestant) => Promise<Sample>): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) for (const contestant of contestants) samples.get(contestant.name)?.push(await measure(contestant));
  return samples;
}

const quantile = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
const inMicroseconds = (values: readonly number[]): number[] => values.map((value) => value * 1000);

async function compareRoundTrips(built: Bundle, peers: readonly Contestant[], say: (line: string) => void): Promise<Row[]> {
  say('round trips');
  const samples = await inTurns([DIRECT, BRIDGE_SOCKET, BRIDGE_LINK, ...peers], ROUNDS, (contestant) => measureRoundTrips(built, contestant, PINGS));
  const of = (name: string, share: number): number[] => inMicroseconds((samples.get(name) ?? []).map((times) => quantile(times, share)));
  const direct = of(DIRECT.name, 0.5);
  return [BRIDGE_SOCKET, BRIDGE_LINK, ...peers].flatMap(({ name }) => {
    const ours = name.startsWith('bridge');
    const added = of(name, 0.5).map((value, round) => value - (direct[round] ?? Number.NaN));
    return [
      { ...ratioRow(`round trip p50: ${name}`, of(name, 0.5), direct, 'us'), ...ours ? { aim: 'adds <= 100 us', met: median(added) <= 100 } : {} },
      ratioRow(`round trip p99: ${name}`, of(name, 0.99), of(DIRECT.name, 0.99), 'us'),
    ];
  });
}

async function compareThroughput(built: Bundle, peers: readonly Contestant[], say: (line: string) => void): Promise<Row[]> {
  say('throughput');
  const samples = await inTurns([DIRECT, BRIDGE_SOCKET, BRIDGE_LINK, ...peers.filter(({ name }) => name !== 'ser2net')], ROUNDS, (contestant) => measureThroughput(built, contestant, BLAST_BYTES));
  const of = (name: string): number[] => samples.get(name) ?? [];
  return [BRIDGE_SOCKET.name, BRIDGE_LINK.name].flatMap((name) => [...samples.keys()].filter((peer) => !peer.startsWith('bridge')).map((peer): Row => {
    const row = ratioRow(`throughput, ${name}; with ${peer}`, of(name), of(peer), 'MB/s');
    return peer === 'socat' ? { ...row, aim: '>= 1.0x', met: median(of(name)) >= median(of(peer)) } : row;
  }));
}

async function compareLoad(built: Bundle, peers: readonly Contestant[], say: (line: string) => void): Promise<Row[]> {
  say('CPU and memory');
  const rows: Row[] = [];
  const memory = new Map<string, number[]>();
  for (const baud of RATES) {
    const samples = await inTurns([BRIDGE_SOCKET, ...peers.filter(({ name }) => !name.endsWith('off'))], 3, (contestant) => measureLoad(built, contestant, baud, LOAD_MS));
    for (const [name, loads] of samples) memory.set(name, [...memory.get(name) ?? [], ...loads.map(({ rssMiB }) => rssMiB)]);
    const cpu = (name: string): number[] => (samples.get(name) ?? []).map((load: Load) => load.cpuPercent);
    const others = peers.filter(({ name }) => samples.has(name)).map(({ name }) => `${name} ${spread(cpu(name), '%')}`).join(', ');
    rows.push({ ...figureRow(`CPU of one core at ${baud}`, cpu(BRIDGE_SOCKET.name), '%', baud === 921_600 ? { text: '<= 10 %', most: 10 } : undefined), peer: others });
  }
  const others = peers.filter(({ name }) => memory.has(name)).map(({ name }) => `${name} ${spread(memory.get(name) ?? [], 'MiB')}`).join(', ');
  rows.push({ ...figureRow('RSS under load', memory.get(BRIDGE_SOCKET.name) ?? [], 'MiB', { text: '<= 55 MiB', most: 55 }), peer: others });
  return rows;
}

async function compareLosses(built: Bundle, peers: readonly Contestant[], say: (line: string) => void): Promise<Row[]> {
  say('kills of the client');
  const ours = await countOurLosses(built, KILLS);
  const rows: Row[] = [];
  for (const peer of peers.filter(({ name }) => !name.endsWith('off'))) {
    const theirs = await countLosses(built, peer, KILLS);
    rows.push({ what: `bytes lost over ${KILLS} kills of the client at 115200`, ours: `${ours.lost} of ${ours.sent}`, peer: `${peer.name} ${theirs.lost} of ${theirs.sent}`, ratio: '', aim: '0', met: ours.lost === 0 });
  }
  return rows;
}
