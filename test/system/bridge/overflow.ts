// More bytes than the bridge may keep: nobody is there for longer than the buffer lasts, or the app stands still. Every missing byte must lie
// inside a GAP that the app was told, also when the bridge is killed meanwhile; with flow control nothing may be missing at all.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle } from '../../support/bridge/bundle.js';
import { bytesPerMs, Rig } from '../../support/bridge/scenario.js';
import type { ProofRow } from './proof-table.js';
import type { Run } from './kills.js';

const BAUD = 4_000_000;
const SPOOL_BYTES = 256 * 1024;
const SEND_BYTES = 5 * SPOOL_BYTES;
const SETTLE_TRIES = 400;

type Device = Record<string, unknown>;
interface Case { readonly what: string; readonly flags: readonly string[]; readonly gaps: boolean; run(rig: Rig): Promise<void> }

const lookAtDevice = (rig: Rig): Promise<Device> => rig.device.ask({ do: 'look' });

/** Lets the device send; resolves when it has sent everything, or when a full line takes no more. */
async function sendAll(rig: Rig, meanwhile?: () => Promise<void>): Promise<void> {
  await rig.device.ask({ do: 'run', bytesPerMs: bytesPerMs(BAUD), limit: SEND_BYTES });
  await meanwhile?.();
  let [last, still] = [0, 0];
  for (let tries = 0; tries < SETTLE_TRIES && still < 20; tries += 1) {
    const sent = Number((await lookAtDevice(rig))['sent']);
    if (sent === SEND_BYTES) return;
    still = sent === last ? still + 1 : 0;
    last = sent;
    await sleep(50);
  }
}

async function killBridge(rig: Rig): Promise<void> {
  await sleep(1000);
  const pid = await rig.pid();
  process.kill(pid, 'SIGKILL');
  await rig.pid(pid);
}

async function startApp(rig: Rig): Promise<void> {
  rig.startApp();
  await rig.app!.first;
}

async function stallApp(rig: Rig): Promise<void> {
  await startApp(rig);
  rig.app!.process.kill('SIGSTOP');
  await sendAll(rig);
  rig.app!.process.kill('SIGCONT');
}

const CASES: readonly Case[] = [
  { what: 'nobody there', flags: [], gaps: true, run: async (rig) => { await sendAll(rig); await startApp(rig); } },
  { what: 'the app stands still', flags: [], gaps: true, run: stallApp },
  { what: 'nobody there, bridge killed', flags: [], gaps: true, run: async (rig) => { await sendAll(rig, () => killBridge(rig)); await startApp(rig); } },
  { what: 'nobody there, flow control', flags: ['--rtscts'], gaps: false, run: async (rig) => { await sendAll(rig); await startApp(rig); } },
  { what: 'app stands still, flow control', flags: ['--rtscts'], gaps: false, run: stallApp },
];

export function planOverflows(): Run[] {
  return CASES.map((test) => ({ alone: false, go: (bundle) => runCase(test, bundle) }));
}

async function runCase({ what, flags, gaps, run }: Case, bundle: Bundle): Promise<ProofRow> {
  const rig = new Rig(bundle, 'bridge', 0);
  try {
    await rig.startBridge(BAUD, ['--spool-size', String(SPOOL_BYTES), ...flags]);
    await run(rig);
    const app = await untilAppHas(rig, SEND_BYTES);
    const stream = (await rig.report())?.streams.at(-1);
    const told = app['gaps'] as [number, number][];
    const missing = told.reduce((sum, [from, to]) => sum + to - from, 0);
    const faults = [...app['skipped'] as string[]];
    if (app['wrongAt'] !== -1) faults.push(`a wrong byte at ${String(app['wrongAt'])}`);
    if (app['rx'] !== SEND_BYTES) faults.push(`the app stands at ${String(app['rx'])} of ${SEND_BYTES}`);
    if (gaps !== told.length > 0) faults.push(gaps ? 'no gap at all: nothing was tested' : `gaps in spite of flow control: ${JSON.stringify(told)}`);
    // What an app had been given and not acknowledged was dropped as well, and is no gap to it.
    if (stream === undefined || stream.dropped < missing) faults.push(`${String(stream?.dropped)} dropped by the bridge, ${missing} told as gaps`);
    if (stream !== undefined && stream.acknowledged + stream.dropped + stream.held !== stream.received) faults.push(`the counters do not add up: ${JSON.stringify(stream)}`);
    return { part: 'overflow', what, times: 1, bytes: `${SEND_BYTES} / 0`, lost: '0 / 0 untold', note: `${missing} missing in ${told.length} gaps`, faults };
  } finally {
    await rig.close();
  }
}

async function untilAppHas(rig: Rig, bytes: number): Promise<Record<string, unknown>> {
  for (let tries = 0; ; tries += 1) {
    const app = await rig.app!.ask({ do: 'look' });
    if (app['rx'] === bytes || tries > SETTLE_TRIES) return app;
    await sleep(25);
  }
}
