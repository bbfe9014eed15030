// systemd's part played by a small program: the descriptors go to the notify socket, come back as LISTEN_FDS after a kill, and a warm
// upgrade hands the main process over. The real systemd is asked in the system tests.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askBridge, inspectBridge } from '../../../src/bridge/inspect.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { Rig } from '../../support/bridge/scenario.js';

const python = spawnSync('python3', ['-c', 'import socket; socket.recv_fds']).status === 0;
let built: Bundle;
beforeAll(async () => { built = await bundle({ device: 'test/support/bridge/device.ts', app: 'test/support/bridge/app.ts', bridge: 'src/main/bridge.ts' }); });
afterAll(() => { built.remove(); });

it.runIf(python)('a bridge under systemd is killed, upgraded and killed again: nothing is lost or doubled', async () => {
  const rig = new Rig(built, 'bridge', 5);
  const port = String((await rig.device.first)['path']);
  const systemd = spawn('python3', ['test/support/bridge/fake_systemd.py', join(rig.directory, 'notify'), process.execPath, built.path('bridge'), 'run', '--name', 'p', '--port', port, '--socket-dir', rig.directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const facts: Record<string, unknown>[] = [];
  createInterface({ input: systemd.stdout }).on('line', (line) => { facts.push(JSON.parse(line) as Record<string, unknown>); });
  const ended = new Promise((resolve) => { systemd.on('exit', resolve); });
  const report = async (): Promise<{ pid: number; keeper: string; epoch: string | null } | null> => (await inspectBridge(rig.socket, 'p')).report;
  const next = async (not: number): Promise<number> => {
    await expect.poll(async () => (await report())?.pid ?? not, { timeout: 20_000, interval: 10 }).not.toBe(not);
    return (await report())?.pid ?? 0;
  };
  try {
    const first = await next(0);
    expect(await report()).toMatchObject({ keeper: 'systemd' });
    expect(facts.findLast((fact) => 'store' in fact)?.['store']).toEqual(expect.arrayContaining(['tty', 'pipe', 'tx', 'pty', 'pty-pipe', 'pty-rx']));
    const epoch = (await report())?.epoch;
    rig.startApp();
    await rig.app!.first;
    await rig.device.ask({ do: 'run', bytesPerMs: 11.52 });
    await sleep(200);
    process.kill(first, 'SIGKILL');
    const second = await next(first);
    expect((await askBridge(rig.socket, { type: 'upgrade' }, 20_000)).type).toBe('done');
    const third = await next(second);
    await expect.poll(() => facts.findLast((fact) => 'ready' in fact)?.['ready'], { timeout: 15_000 }).toBe(third);
    await sleep(200);
    process.kill(third, 'SIGKILL');
    await next(third);
    await sleep(200);
    const device = await rig.device.ask({ do: 'stop' });
    await expect.poll(async () => (await rig.app!.ask({ do: 'finish' }))['rx'], { timeout: 10_000 }).toBe(device['sent']);
    const app = await rig.app!.ask({ do: 'finish' });
    await expect.poll(async () => (await rig.device.ask({ do: 'look' }))['received'], { timeout: 10_000 }).toBe(app['tx']);
    expect(app).toMatchObject({ wrongAt: -1, skipped: [], gaps: [], epochs: 0 });
    expect(await rig.device.ask({ do: 'look' })).toMatchObject({ wrongAt: -1 });
    expect((await report())?.epoch).toBe(epoch);
  } finally {
    systemd.kill('SIGTERM');
    await ended;
    await rig.close();
  }
});

it.runIf(!python)('the descriptor store was not tested: there is no python3 (3.9 or later) here', () => undefined);
