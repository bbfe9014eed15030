// A release that leaks or spins while every probe is content is taken back by itself, with the trend in the reason; a good one is kept.
// What is measured does not depend on how busy this machine is: the leak grows with each look, and of three processes
// that never rest it also counts how long they wait for a core.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { createWorld, freePort, type SettingsValues, type World } from '../support/e2e/world.js';

let world: World;
let usual: SettingsValues;
beforeEach(async () => {
  const port = await freePort();
  world = await createWorld({ github: { limits: { anonymous: 1000 } } });
  usual = {
    check_interval: 3600, auto_update: false, probation: { seconds: 4, interval: 0.2, failures: 5 }, log_level: 'debug',
    services: [{ name: 'web', command: ['node', 'src/server.js'], env: { PORT: String(port) }, stop_timeout: 2 }],
    health: [{ http: `http://127.0.0.1:${port}/health`, status: 200, timeout: 5 }], regression: { interval: 0.2 },
  };
});
afterEach(() => world.close());

const update = async (): Promise<Record<string, unknown>> => (await world.holdline(['--update', '--json'])).json;

test('kept where it costs what the one before did; reverted and blocked where it leaks, and where it spins', async () => {
  world.configure(usual);
  const daemon = await world.startDaemon();
  await daemon.says('what web uses is known');
  await world.publish('1.1.0');
  expect(await update()).toMatchObject({ outcome: 'updated', to: '1.1.0', restarted: ['web'] });
  expect(daemon.output()).not.toContain('not compared');

  // The spin first: what it is compared with is an app at rest.
  await world.publish('1.2.0', appFiles('1.2.0', 'spins'));
  expect(await update()).toMatchObject({ outcome: 'rolled_back', code: 'health-failed', reason: expect.stringMatching(/^web: processor time grew from \d+ % of a core \(median of the hour before\) to \d+ %/u) });
  expect(world.version()).toBe('1.1.0');

  await world.publish('1.3.0', appFiles('1.3.0', 'leaks'));
  expect(await update()).toMatchObject({
    outcome: 'rolled_back', code: 'health-failed', reason: expect.stringMatching(/^web: memory grew from \d+ MB \(median of the hour before\) to \d{3} MB and (?:still rises|stays there)(?:; .*)? \(seen for \d+ s\)$/u),
  });
  expect(world.version()).toBe('1.1.0');
  const status = (await world.holdline(['--status', '--json'])).json;
  expect(status).toMatchObject({ current_version: '1.1.0', blocked: [{ version: '1.2.0', reason: expect.stringContaining('processor time grew') }, { version: '1.3.0', reason: expect.stringContaining('memory grew') }], services: [{ name: 'web', active: true }] });
});

test('the same leak is kept where nothing is compared, or nobody has looked before, and the second is said', async () => {
  world.configure({ ...usual, regression: { rss_percent: 0, cpu_percent: 0, restarts: 0 } });
  const first = await world.startDaemon();
  await world.publish('1.2.0', appFiles('1.2.0', 'leaks'));
  expect(await update()).toMatchObject({ outcome: 'updated', to: '1.2.0' });
  await first.kill('SIGTERM');

  world.configure({ ...usual, regression: { interval: 3600 } });
  const second = await world.startDaemon();
  await world.publish('1.3.0', appFiles('1.3.0', 'leaks'));
  expect(await update()).toMatchObject({ outcome: 'updated', to: '1.3.0' });
  expect(second.output()).toContain('not compared with the hour before: web');
});
