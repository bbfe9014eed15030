// The measurements of one contestant at one device; who is measured when is the section's business.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bundle } from '../../support/bridge/bundle.js';
import { JsonChild } from '../../support/bridge/child.js';
import type { Contestant } from './contestants.js';

const PING = Buffer.from('0123456789abcdef');
const WARM_UP = 200;
const TIMEOUT_MS = 20_000;
const NANOSECONDS_PER_MS = 1e6;

async function atDevice<Result>(bundle: Bundle, argv: readonly string[], contestant: Contestant, baud: number, work: (held: Awaited<ReturnType<Contestant['hold']>>, device: JsonChild) => Promise<Result>): Promise<Result> {
  const device = new JsonChild(process.execPath, [bundle.path(argv[0] ?? ''), ...argv.slice(1)]);
  const holder = await contestant.hold(String((await device.first)['path']), baud);
  try {
    return await work(holder, device);
  } finally {
    holder.stop();
    await device.kill();
  }
}

const within = <Result>(what: Promise<Result>, doing: string): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_done, reject) => { timer = setTimeout(() => { reject(new Error(`${doing}: nothing came for ${TIMEOUT_MS / 1000} s`)); }, TIMEOUT_MS); });
  return Promise.race([what, late]).finally(() => { clearTimeout(timer); });
};

/** Milliseconds for 16 bytes there and back, one after the other. */
export function measureRoundTrips(bundle: Bundle, contestant: Contestant, count: number): Promise<number[]> {
  return atDevice(bundle, ['bench-device', 'echo'], contestant, 921_600, async (holder) => {
    let missing = 0;
    let came: () => void = () => undefined;
    const connection = await holder.connect((bytes) => { missing -= bytes.length; if (missing <= 0) came(); });
    const times: number[] = [];
    for (let turn = 0; turn < WARM_UP + count; turn += 1) {
      const back = new Promise<void>((done) => { came = done; });
      missing = PING.length;
      const from = process.hrtime.bigint();
      connection.write(PING);
      await within(back, `${contestant.name}, round trip`);
      if (turn >= WARM_UP) times.push(Number(process.hrtime.bigint() - from) / NANOSECONDS_PER_MS);
    }
    connection.close();
    return times;
  });
}

/** Megabytes per second from a device that knows no pace. */
export function measureThroughput(bundle: Bundle, contestant: Contestant, bytes: number): Promise<number> {
  return atDevice(bundle, ['bench-device', 'blast', String(bytes)], contestant, 4_000_000, async (holder) => {
    let got = 0;
    let all: () => void = () => undefined;
    const done = new Promise<void>((resolve) => { all = resolve; });
    const connection = await holder.connect((chunk) => { got += chunk.length; if (got >= bytes) all(); });
    await pause(200);
    const from = performance.now();
    connection.write(Buffer.from('g'));
    await within(done, `${contestant.name}, throughput`);
    const seconds = (performance.now() - from) / 1000;
    connection.close();
    return bytes / seconds / 1e6;
  });
}

export interface Load { readonly cpuPercent: number; readonly rssMiB: number }

/** CPU of one core and memory while the paced device sends at the line's speed. */
export function measureLoad(bundle: Bundle, contestant: Contestant, baud: number, ms: number): Promise<Load> {
  return atDevice(bundle, ['device'], contestant, baud, async (holder, device) => {
    const connection = await holder.connect(() => undefined);
    await device.ask({ do: 'run', bytesPerMs: baud / 10_000 });
    await pause(1000);
    const pids = withChildren(holder.pids());
    const [usedBefore, from] = [cpuMs(pids), performance.now()];
    await pause(ms);
    const load = { cpuPercent: ((cpuMs(pids) - usedBefore) / (performance.now() - from)) * 100, rssMiB: rssMiB(pids) };
    connection.close();
    return load;
  });
}

/** socat serves each client by a process of its own. */
function withChildren(pids: readonly number[]): number[] {
  return pids.flatMap((pid) => [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter((text) => text !== '').map(Number)]);
}

const cpuMs = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/task`).reduce(
  (ofTasks, task) => ofTasks + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / NANOSECONDS_PER_MS, 0), 0);

const rssMiB = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024, 0);
