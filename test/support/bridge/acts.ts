// What is done to the processes of a scenario, again and again, at instants nobody chose.
import { setTimeout as sleep } from 'node:timers/promises';
import { askBridge } from '../../../src/bridge/inspect.js';
import type { Rig, Scenario } from './scenario.js';

interface Done { kills: number; gaps: readonly number[] }

/** 0.2 to 1.8 times the mean, with a fraction, so that the instants spread over everything that happens. */
const pause = (everyMs: number): Promise<void> => sleep(everyMs * (0.2 + 1.6 * Math.random()));

function killPid(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
  }
}

async function restartApp(rig: Rig): Promise<void> {
  await rig.app!.kill();
  rig.startApp();
}

async function killBridge(rig: Rig): Promise<void> {
  const pid = await rig.pid();
  killPid(pid);
  await rig.pid(pid);
}

async function upgrade(rig: Rig): Promise<void> {
  const answer = await askBridge(rig.socket, { type: 'upgrade' }, 20_000);
  if (answer.type !== 'done') throw new Error(`the upgrade ended with ${JSON.stringify(answer)}`);
}

/** Kills the predecessor or the successor at a random instant of an upgrade. */
async function killInUpgrade(rig: Rig): Promise<void> {
  const asked = askBridge(rig.socket, { type: 'upgrade' }, 20_000).catch(() => undefined);
  await sleep(150 * Math.random());
  const children = rig.children();
  const victim = children[Math.floor(Math.random() * children.length)];
  if (victim !== undefined) killPid(victim);
  await asked;
  await rig.pid();
}

export async function act(rig: Rig, { victim, count, everyMs }: Scenario): Promise<Done> {
  const gaps: number[] = [];
  for (let turnNumber = 0; turnNumber < count; turnNumber += 1) {
    await pause(everyMs);
    switch (victim) {
      case 'none': break;
      case 'app': await restartApp(rig); break;
      case 'bridge': await killBridge(rig); break;
      case 'both': {
        killPid(await rig.pid());
        await restartApp(rig);
        await rig.pid();
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
  return { kills: count, gaps };
}
