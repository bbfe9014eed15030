// What is done to the processes of a scenario, again and again, at instants nobody chose.
import { setTimeout as sleep } from 'node:timers/promises';
import { askBridge } from '../../../src/bridge/inspect.js';
import type { Rig, Scenario } from './scenario.js';

interface Done { kills: number; gaps: readonly number[]; inFlight: number }

/** A kill of the app counts only with reads and writes in flight; this many tries for each. */
const MAX_TRIES = 4;

/** 0.2 to 1.8 times the mean, with a fraction, so that the instants spread over everything that happens. */
const pause = (everyMs: number): Promise<void> => sleep(everyMs * (0.2 + 1.6 * Math.random()));

function killPid(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
  }
}

/**
 * Puts bytes in flight on purpose: a bridge that stands still leaves the app's writes unanswered, then an app that stands still leaves the
 * answers and what was received unread. Some of the kills come at an instant nobody prepared, and some
 * before the app has said a word.
 */
async function stirUp(rig: Rig, everyMs: number): Promise<void> {
  if (Math.random() < 0.1) return;
  await rig.app!.first;
  await pause(everyMs);
  const dice = Math.random();
  if (dice < 0.2) return;
  const pid = await rig.pid();
  killPid(pid, 'SIGSTOP');
  await sleep(3 + 6 * Math.random());
  if (dice >= 0.4) {
    rig.app!.process.kill('SIGSTOP');
    killPid(pid, 'SIGCONT');
    await sleep(3 + 6 * Math.random());
  } else {
    setTimeout(() => { killPid(pid, 'SIGCONT'); }, 5);
  }
}

/** Kills and starts the app; true when bytes it had been given and bytes it had written were both unacknowledged. */
async function restartApp(rig: Rig, everyMs: number): Promise<boolean> {
  await stirUp(rig, everyMs);
  await rig.app!.kill();
  const { rx, tx, heard } = rig.appKnows();
  const stream = (await rig.report())?.streams.at(-1);
  rig.startApp();
  return stream !== undefined && stream.delivered > rx && tx > heard;
}

/** Some of the kills hit the next bridge while it starts. */
async function killBridge(rig: Rig): Promise<void> {
  const pid = await rig.pid();
  killPid(pid);
  if (Math.random() < 0.25) {
    await sleep(200 * Math.random());
    for (const child of rig.children()) killPid(child);
  }
  await rig.served(pid);
}

async function upgrade(rig: Rig): Promise<void> {
  const answer = await askBridge(rig.socket, { type: 'upgrade' }, 20_000);
  if (answer.type !== 'done') throw new Error(`the upgrade ended with ${JSON.stringify(answer)}`);
}

const countHandovers = (rig: Rig): number => rig.bridge.errors.join('').split('handed the line over').length;

/** Kills the predecessor or the successor while the successor starts, or at the very moment of the handover. */
async function killInUpgrade(rig: Rig): Promise<void> {
  const before = countHandovers(rig);
  const asked = askBridge(rig.socket, { type: 'upgrade' }, 20_000).catch(() => undefined);
  if (Math.random() < 0.5) await sleep(250 * Math.random());
  else {
    for (let tries = 0; tries < 2000 && countHandovers(rig) === before; tries += 1) await sleep(1);
    await sleep(4 * Math.random());
  }
  const children = rig.children();
  const victim = children[Math.floor(Math.random() * children.length)];
  if (victim !== undefined) killPid(victim);
  await asked;
  await rig.pid();
}

export async function act(rig: Rig, { victim, count, everyMs }: Scenario): Promise<Done> {
  const gaps: number[] = [];
  let inFlight = 0;
  let kills = 0;
  while (victim === 'app' ? inFlight < count && kills < count * MAX_TRIES : kills < count) {
    if (victim !== 'app') await pause(everyMs);
    kills += 1;
    switch (victim) {
      case 'none': break;
      case 'app': inFlight += await restartApp(rig, everyMs) ? 1 : 0; break;
      case 'bridge': await killBridge(rig); break;
      case 'both': {
        killPid(await rig.pid());
        await rig.app!.kill();
        rig.startApp();
        await rig.pid();
        await rig.app!.first;
        break;
      }
      case 'warm': {
        const pid = await rig.pid();
        await upgrade(rig);
        await rig.pid(pid);
        gaps.push((await rig.report())?.pause_ms ?? Number.NaN);
        break;
      }
      case 'cold': {
        const pid = await rig.pid();
        killPid(pid, 'SIGTERM');
        await rig.pid(pid);
        gaps.push((await rig.report())?.pause_ms ?? Number.NaN);
        break;
      }
      case 'mid-upgrade': await killInUpgrade(rig); break;
    }
  }
  return { kills, gaps, inFlight };
}
