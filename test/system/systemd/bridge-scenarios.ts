// The bridge under its unit: systemd's descriptor store keeps the line over crash and restart; every byte is counted.
import { setTimeout as sleep } from 'node:timers/promises';
import { JsonChild } from '../../support/bridge/child.js';
import type { Scenario } from './main.js';
import { BRIDGE_UNIT, type World } from './world.js';

const BYTES_PER_MS = 11.52; // 115200 baud
const WRITE_BYTES_PER_MS = 2;
const KILLS = 10;
const RESTARTS = 3;

const program = ({ container, tools }: World, name: string, ...argv: string[]): JsonChild => {
  const [command = '', ...rest] = [...container.inside(), '/usr/bin/node', `${tools}/${name}.mjs`, ...argv];
  return new JsonChild(command, rest);
};

async function untilReady({ container }: World, not: string): Promise<void> {
  await container.waitFor('the bridge serves again', () => container.property(BRIDGE_UNIT, 'ActiveState') === 'active' && ![not, '0'].includes(container.property(BRIDGE_UNIT, 'MainPID')), 20);
}

export const bridgeScenarios: readonly Scenario[] = [
  ['the bridge: no byte lost or doubled over crashes and restarts', async (world, report) => {
    const { container } = world;
    const device = program(world, 'device');
    const { path } = await device.first as { path: string };
    container.get(['chmod', '666', path]);
    container.get(['ln', '-sfn', path, '/dev/ttyMETER']);
    container.get(['systemctl', 'restart', BRIDGE_UNIT]);
    await container.waitFor('the bridge has its socket', () => container.run(['test', '-S', '/run/holdline/bridge/meter.sock']).code === 0, 20);
    const consumer = program(world, 'consumer', '/run/holdline/bridge/meter.sock', '/root/consumer.json', String(WRITE_BYTES_PER_MS));
    await consumer.first;
    await device.ask({ do: 'run', bytesPerMs: BYTES_PER_MS });
    await sleep(500);
    const stored = (): number => Number(container.property(BRIDGE_UNIT, 'NFileDescriptorStore'));
    report.check('the line is in the descriptor store', stored() > 0, `${stored()} descriptors`);
    for (let turn = 0; turn < KILLS; turn += 1) {
      const pid = container.property(BRIDGE_UNIT, 'MainPID');
      container.run(['kill', '-9', pid]);
      await untilReady(world, pid);
      await sleep(150);
    }
    for (let turn = 0; turn < RESTARTS; turn += 1) {
      const pid = container.property(BRIDGE_UNIT, 'MainPID');
      container.get(['systemctl', 'restart', BRIDGE_UNIT]);
      await untilReady(world, pid);
      await sleep(150);
    }
    await consumer.ask({ do: 'finish' });
    const sent = await device.ask({ do: 'stop' }) as { sent: number; refused: number };
    await sleep(100);
    const stopped = await device.ask({ do: 'stop' }) as { sent: number };
    let [here, there] = [await consumer.ask({ do: 'state' }), await device.ask({ do: 'state' })];
    for (let tries = 0; tries < 50 && (here['rx'] !== stopped.sent || there['received'] !== here['tx']); tries += 1) {
      await sleep(100);
      [here, there] = [await consumer.ask({ do: 'state' }), await device.ask({ do: 'state' })];
    }
    report.figure(`${KILLS} kills, ${RESTARTS} restarts: ${stopped.sent} bytes in, ${String(here['tx'])} out, refused by the kernel ${sent.refused}`);
    report.check('device to app: all, in order, once', here['rx'] === stopped.sent && here['wrongAt'] === -1 && (here['skipped'] as string[]).length === 0, JSON.stringify(here));
    report.check('app to device: all, in order, once', there['received'] === here['tx'] && there['wrongAt'] === -1, `${JSON.stringify(there)} of ${String(here['tx'])}`);
    report.check('no new epoch, no gap', here['epochs'] === 0 && (here['gaps'] as unknown[]).length === 0, JSON.stringify(here));
    const bridge = JSON.stringify(world.status()['bridge']);
    report.check('status shows the bridge', bridge.includes('meter'), bridge);
    await consumer.kill();
    await device.kill();
  }],
];
