// The device is pulled out again and again: idle, in the middle of its stream, and while flow control holds it back. The app hears of it at
// once, the tail is delivered first, waiting costs no CPU, and each return is a new epoch.
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBridge } from '../../../src/bridge/client/index.js';
import type { BridgeClient } from '../../../src/bridge/client/index.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { JsonChild } from '../../support/bridge/child.js';
import { percentile } from '../../support/bridge/judge.js';
import { firstWrong, LANE_IN } from '../../support/bridge/pattern.js';
import { bytesPerMs, Rig } from '../../support/bridge/scenario.js';
import type { Run } from './kills.js';
import type { ProofRow } from './proof-table.js';

const BAUD = 921_600;
/** The limit. */
const NOTICED_MS = 100;
const AWAY_MS = 300;
const SPOOL_BYTES = 64 * 1024;
const MAX_CPU_PERCENT = 10;

interface Case { readonly what: string; readonly flags: readonly string[]; readonly sends: boolean; readonly reads: boolean }
const CASES: readonly Case[] = [
  { what: 'unplugged while idle', flags: [], sends: false, reads: true },
  { what: 'unplugged in its stream', flags: [], sends: true, reads: true },
  { what: 'unplugged while held back', flags: ['--rtscts', '--spool-size', String(SPOOL_BYTES)], sends: true, reads: false },
];

export function planUnplugs(full: boolean): Run[] {
  return CASES.map((test) => ({ alone: false, go: (bundle) => runCase(test, bundle, full ? 20 : 3) }));
}

interface Seen { readonly noticedMs: number[]; readonly cpuPercent: number[]; readonly faults: string[]; bytes: number }

async function runCase(test: Case, bundle: Bundle, count: number): Promise<ProofRow> {
  const rig = new Rig(bundle, 'bridge', 0);
  const link = join(rig.directory, 'dev');
  const seen: Seen = { noticedMs: [], cpuPercent: [], faults: [], bytes: 0 };
  let device = rig.device;
  try {
    symlinkSync(String((await device.first)['path']), link);
    await rig.startBridge(BAUD, ['--no-keeper', ...test.flags], link);
    for (let turn = 0; turn < count; turn += 1) {
      await pullOut(test, rig, device, link, seen);
      if (device !== rig.device) await device.kill();
      device = new JsonChild(process.execPath, [bundle.path('device')]);
      symlinkSync(String((await device.first)['path']), link);
    }
    if (device !== rig.device) await device.kill();
    const noticed = seen.noticedMs.toSorted((a, b) => a - b);
    const half = percentile(noticed, 0.5);
    if (!(half < NOTICED_MS)) seen.faults.push(`noticed after ${half} ms: the limit is ${NOTICED_MS}`);
    const cpu = percentile(seen.cpuPercent.toSorted((a, b) => a - b), 0.5);
    if (!(cpu < MAX_CPU_PERCENT)) seen.faults.push(`${cpu} % CPU while it was away`);
    const note = `noticed after ${half.toFixed(1)} ms p50, ${(noticed.at(-1) ?? Number.NaN).toFixed(1)} max; ${cpu.toFixed(1)} % CPU while away`;
    return { part: 'unplug', what: test.what, times: count, bytes: `${seen.bytes} / 0`, lost: '0 / 0', note, faults: seen.faults };
  } finally {
    await rig.close();
  }
}

/** One plug: connects as the app, lets the device send, pulls it out, and counts. */
async function pullOut({ sends, reads }: Case, rig: Rig, device: JsonChild, link: string, seen: Seen): Promise<void> {
  const client = await connectBridge({ path: rig.socket, role: reads ? 'consumer' : 'observer' });
  while (client.down) await new Promise((resolve) => { client.once('epoch', resolve); });
  const epoch = client.epoch;
  const down = new Promise<{ head: number; atMs: number }>((resolve) => {
    client.on('down', ({ head, epoch: ended }) => { if (ended === epoch) resolve({ head, atMs: performance.now() }); });
  });
  const reading = reads ? follow(client, epoch, seen) : undefined;
  if (sends) await device.ask({ do: 'run', bytesPerMs: bytesPerMs(BAUD) });
  if (sends && !reads) await untilHeldBack(rig);
  await sleep(50 + 100 * Math.random());
  rmSync(link);
  const pid = await rig.pid();
  const fromMs = performance.now();
  await device.ask({ do: 'hangup' });
  const { head, atMs } = await down;
  seen.noticedMs.push(atMs - fromMs);
  const usedMs = cpuMs(pid);
  await sleep(AWAY_MS);
  seen.cpuPercent.push(((cpuMs(pid) - usedMs) / AWAY_MS) * 100);
  client.close();
  const got = await reading;
  if (got !== undefined && got !== head) seen.faults.push(`${got} of ${head} bytes before the end of the epoch`);
  seen.bytes += head;
}

/** How far it came in this epoch; the client's end ends it. */
async function follow(client: BridgeClient, epoch: string, seen: Seen): Promise<number> {
  let end = 0;
  for await (const chunk of client) {
    if (chunk.epoch !== epoch) continue;
    if (chunk.offset !== end || firstWrong(chunk.data, chunk.offset, LANE_IN) !== -1) seen.faults.push(`a wrong chunk at ${chunk.offset}`);
    end = chunk.offset + chunk.data.length;
    client.ack(end, epoch);
  }
  return end;
}

async function untilHeldBack(rig: Rig): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if ((await rig.report())?.reading === false) return;
    await sleep(10);
  }
  throw new Error('flow control never held the device back');
}

const cpuMs = (pid: number): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
