// Bytes that never reached the app's file over kills of the app, at 115200: through our bridge, and through a raw TCP client of a peer.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { act } from '../../support/bridge/acts.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { JsonChild } from '../../support/bridge/child.js';
import { runScenario } from '../../support/bridge/scenario.js';
import type { Contestant } from './contestants.js';

const BAUD = 115_200;
const BETWEEN_MS = 700;
const DOWN_MS = 100;
const SETTLE_MS = 1500;

export interface Losses { readonly lost: number; readonly sent: number }

export async function countOurLosses(bundle: Bundle, kills: number): Promise<Losses> {
  const outcome = await runScenario({ bundle, baud: BAUD, victim: 'app', count: kills, everyMs: BETWEEN_MS }, act);
  return { lost: Math.max(outcome.missingIn, outcome.wrong.length), sent: outcome.sent };
}

export async function countLosses(bundle: Bundle, contestant: Contestant, kills: number): Promise<Losses> {
  const directory = mkdtempSync(join(tmpdir(), 'hl-bench-'));
  const file = join(directory, 'received');
  const device = new JsonChild(process.execPath, [bundle.path('device')]);
  const holder = await contestant.hold(String((await device.first)['path']), BAUD);
  const startReader = (): JsonChild => new JsonChild(process.execPath, [bundle.path('bench-reader'), String(holder.port), file]);
  let reader = startReader();
  try {
    await reader.first;
    await pause(BETWEEN_MS);
    await device.ask({ do: 'run', bytesPerMs: BAUD / 10_000 });
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(BETWEEN_MS);
      await reader.kill();
      await pause(DOWN_MS);
      reader = startReader();
      await reader.first;
    }
    await pause(BETWEEN_MS);
    const { sent } = await device.ask({ do: 'stop' });
    await pause(SETTLE_MS);
    return { lost: Number(sent) - statSync(file).size, sent: Number(sent) };
  } finally {
    await reader.kill();
    holder.stop();
    await device.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}
