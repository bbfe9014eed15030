// One bridge on a wire, an app beside it that gets updated, and what happens to both while a real program is at work at the PTY link.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { appFiles } from '../../../support/e2e/app-files.js';
import { createWorld, freePort } from '../../../support/e2e/world.js';
import type { World } from '../../../support/e2e/world.js';
import type { Bundle } from '../../../support/bridge/bundle.js';
import { Rig } from '../../../support/bridge/scenario.js';
import { Wire } from '../../../support/bridge/wire.js';

/** The commands under test, of the project this is run in. */
const CLI = join(process.cwd(), 'dist/cli.js');

export interface LineUnderTest {
  readonly wire: Wire;
  readonly rig: Rig;
  /** The whole update of the app, by the daemon, judged by the bridge's own probe. */
  updateApp(): Promise<void>;
  upgradeBridge(): Promise<void>;
  killBridge(): Promise<void>;
  close(): Promise<void>;
}

export async function openLine(bundle: Bundle, baud: number, onData: (bytes: Buffer) => void): Promise<LineUnderTest> {
  const wire = new Wire(baud / 10_000, onData);
  const rig = new Rig(bundle, 'bridge', 0);
  await rig.startBridge(baud, [], wire.path);
  const app = await startApp(rig.directory);
  let minor = 0;
  return {
    wire, rig,
    async updateApp() {
      minor += 1;
      const version = `1.${minor}.0`;
      await app.world.publish(version, appFiles(version));
      const ran = await app.world.holdline(['update', '--json'], app.options);
      if (ran.json['outcome'] !== 'updated') throw new Error(`the app was not updated: ${ran.stdout}${ran.stderr}`);
    },
    async upgradeBridge() {
      const pid = await rig.pid();
      await promisify(execFile)(process.execPath, [bundle.path('bridge'), 'upgrade', 'p', '--socket-dir', rig.directory]);
      await rig.pid(pid);
    },
    async killBridge() {
      const pid = await rig.pid();
      process.kill(pid, 'SIGKILL');
      await rig.pid(pid);
    },
    async close() {
      await app.world.close();
      await rig.close();
      wire.close();
    },
  };
}

async function startApp(socketDir: string): Promise<{ world: World; options: { script: string; env: Record<string, string> } }> {
  const port = String(await freePort());
  const options = { script: CLI, env: { HOLDLINE_BRIDGE_DIR: socketDir } };
  const world = await createWorld({
    settings: {
      auto_update: false, check_interval: 3600, services: [{ name: 'web', command: [process.execPath, 'src/server.js'], env: { PORT: port } }],
      health: [{ bridge: 'p' }, { http: `http://127.0.0.1:${port}/health` }], probation: { seconds: 1, interval: 0.2, failures: 20 },
    },
  });
  await world.startDaemon(options);
  return { world, options };
}

export interface Meanwhile { readonly faults: string[]; readonly done: string[] }

/** One after the other, with a rest before each, so that all of them fall into the program's work; what fails is a fault of the line. */
export async function disturb(line: LineUnderTest, acts: readonly ('update' | 'upgrade' | 'kill')[], restMs = 500): Promise<Meanwhile> {
  const meanwhile: Meanwhile = { faults: [], done: [] };
  for (const act of acts) {
    await sleep(restMs);
    try {
      await { update: line.updateApp, upgrade: line.upgradeBridge, kill: line.killBridge }[act]();
      meanwhile.done.push(act);
    } catch (error) {
      meanwhile.faults.push(`${act}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return meanwhile;
}
