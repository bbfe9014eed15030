// Upgrades that go wrong: the program now installed is broken. The old bridge goes on, whoever asked hears why, and the next try works.
import { copyFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { askBridge } from '../../../src/bridge/inspect.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { Rig } from '../../support/bridge/scenario.js';

let built: Bundle;
let rig: Rig;
beforeAll(async () => { built = await bundle({ device: 'test/support/bridge/device.ts', bridge: 'src/main/bridge.ts' }); });
afterAll(() => { built.remove(); });
beforeEach(async () => {
  copyFileSync(built.path('bridge'), built.path('installed'));
  rig = new Rig(built, 'installed', 0);
  await rig.startBridge(115_200);
});
afterEach(async () => { await rig.close(); });

const ask = async (): Promise<string> => {
  const answer = await askBridge(rig.socket, { type: 'upgrade' }, 30_000);
  return answer.type === 'error' ? `${answer.code}: ${answer.message}` : answer.type;
};

it.each([
  ['ends at once', 'process.exit(1);'],
  ['ends after a while', 'setTimeout(() => process.exit(1), 300);'],
])('a successor that %s: told, and the old one goes on', async (_what, program) => {
  const pid = await rig.pid();
  writeFileSync(built.path('installed'), program);
  expect(await ask()).toMatch(/^upgrade-failed: the successor ended/);
  expect(await rig.pid()).toBe(pid);
  copyFileSync(built.path('bridge'), built.path('installed'));
  expect(await ask()).toBe('done');
  expect(await rig.pid(pid)).not.toBe(pid);
});
