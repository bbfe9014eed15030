// A hardware process that is a bridge, changed by an update that may touch it: the line is handed over to a successor while the instrument
// talks on, the process the supervisor knows stays, and who reads the line is not touched.
import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connectBridge } from '../../src/bridge/client/index.js';
import { inspectBridge } from '../../src/bridge/inspect.js';
import { errnoOf } from '../../src/domain/errors.js';
import { openPty } from '../support/bridge/open-pty.js';
import type { Files } from '../support/device-world.js';
import { CLI } from '../support/e2e/run-command.js';
import { createWorld, type World } from '../support/e2e/world.js';
import { waitUntil } from '../support/services/wait-until.js';

let world: World;
let ends: (() => Promise<unknown>) | undefined;
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const act of cleanUp.splice(0).reverse()) await act();
  await ends?.();
  await world.close();
});

/** Numbered lines, as fast as the bridge takes them; what a full buffer refuses is sent again. */
function instrument(master: number): { readonly sent: () => number } {
  let [number, unsent] = [0, ''];
  const timer = setInterval(() => {
    for (let count = 0; count < 20; count += 1) {
      if (unsent === '') unsent = `${String(number++).padStart(8, '0')}\n`;
      try { unsent = unsent.slice(writeSync(master, unsent)); } catch (thrown) {
        if (errnoOf(thrown) !== 'EAGAIN') throw thrown;
        return;
      }
    }
  }, 5);
  cleanUp.push(() => closeSync(master), () => clearInterval(timer));
  return { sent: () => number };
}

test('an update upgrades a bridge warm: not a byte lost or doubled, and its reader runs on', async () => {
  const { master, path } = openPty();
  const files = (version: string, line: string): Files => ({ 'VERSION': `${version}\n`, 'src/line/settings.txt': line, 'src/reader/main.sh': 'while :; do sleep 1000; done\n' });
  world = await createWorld({ installed: files('1.0.0', 'one') });
  const socketDir = join(world.root, 'b');
  world.configure({
    check_interval: 3600, auto_update: false, backup_enabled: false, policy: { hardware: 'auto' },
    services: [
      { name: 'line', kind: 'hardware', command: [process.execPath, CLI, 'bridge', 'run', '--name', 'line', '--port', path, '--socket-dir', socketDir], paths: ['src/line/**'], on_change: { bridge: 'line' } },
      { name: 'reader', command: ['sh', 'src/reader/main.sh'], paths: ['src/reader/**'], depends_on: ['line'] },
    ],
  });
  const daemon = await world.startDaemon({ env: { HOLDLINE_BRIDGE_DIR: socketDir } });
  // Its services end with it, the bridge among them.
  ends = () => daemon.kill('SIGTERM');
  const socket = join(socketDir, 'line.sock');
  await waitUntil('the bridge reads', async () => (await inspectBridge(socket, 'line')).reading);
  const bridgePid = async (): Promise<number | undefined> => (await inspectBridge(socket, 'line')).report?.pid;
  const pids = async (): Promise<readonly (number | null)[]> => ((await world.holdline(['--status', '--json'])).json['services'] as { pid: number | null }[]).map(({ pid }) => pid);
  await waitUntil('both run', async () => !(await pids()).includes(null));
  const [before, first] = [await pids(), await bridgePid()];
  const line = await connectBridge({ path: socket });
  let text = '';
  const reading = (async () => { for await (const chunk of line) { text += chunk.data.toString('latin1'); line.ack(chunk.offset + chunk.data.length); } })();
  cleanUp.push(async () => { await line.close(); await reading; });
  const { sent } = instrument(master);
  await waitUntil('lines come', () => text.length > 9000);
  await world.publish('1.1.0', files('1.1.0', 'two'));
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', restarted: [], reloaded: ['line'], downtime_ms: null });
  expect(await bridgePid()).not.toBe(first);
  expect(await pids()).toEqual(before);
  const already = sent();
  await waitUntil('what was sent since has come', () => text.split('\n').length > already + 1000);
  const lines = text.split('\n').slice(0, -1).map(Number);
  expect(lines.findIndex((number, index) => number !== index)).toBe(-1);
});
