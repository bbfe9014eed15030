// The daemon in trouble: hung, stopped in the middle of a download and of a probation; and the variant without a daemon.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Scenario } from './main.js';
import { untilRuns } from './update-scenarios.js';
import type { World } from './world.js';

const BALLAST_BYTES = 400_000;

/** A drop-in of the test: what is written is taken away by the returned function. */
export function dropIn({ container }: World, unit: string, text: string): () => void {
  const file = join(container.root, `etc/systemd/system/${unit}.d/zz-proof.conf`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  container.get(['systemctl', 'daemon-reload']);
  return () => {
    rmSync(file);
    container.get(['systemctl', 'daemon-reload']);
  };
}

const daemonPid = ({ container }: World): string => container.property('holdline.service', 'MainPID');

export const daemonScenarios: readonly Scenario[] = [
  ['watchdog: a hung daemon is killed and comes back', async (world, report) => {
    const { container } = world;
    const remove = dropIn(world, 'holdline.service', '[Service]\nWatchdogSec=3\nRestartSec=0.2\n');
    container.get(['systemctl', 'restart', 'holdline.service']);
    const pid = daemonPid(world);
    await new Promise((resolve) => { setTimeout(resolve, 5000); });
    report.check('a healthy one is left alone', daemonPid(world) === pid);
    container.get(['kill', '-STOP', pid]);
    await container.waitFor('another daemon runs', () => ![pid, '0'].includes(daemonPid(world)) && container.property('holdline.service', 'ActiveState') === 'active', 30);
    report.check('systemd says why', /watchdog/iu.test(container.get(['journalctl', '-b', '--no-pager', '--quiet', '--output=cat', 'UNIT=holdline.service', '+', '_SYSTEMD_UNIT=init.scope'])));
    report.check('nobody of the old one is left', container.run(['test', '-e', `/proc/${pid}`]).code !== 0);
    report.check('status answers', world.status()['current_version'] === world.version());
    remove();
    container.get(['systemctl', 'restart', 'holdline.service']);
  }],

  ['stop: in the middle of a download', async (world, report) => {
    const { container, github } = world;
    const before = world.version();
    github.fault({ on: 'storage', match: /\.tar\.gz/u, times: 1, what: { kind: 'trickle', bytes: 4096, everyMs: 100 } });
    await world.publish('1.3.0', 'good', BALLAST_BYTES);
    await container.waitFor('the download is under way', () => world.status()['state'] === 'fetching', 30);
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    const begun = performance.now();
    container.get(['systemctl', 'stop', 'holdline.service']);
    report.check('it stops at once', performance.now() - begun < 5000, `${Math.round(performance.now() - begun)} ms`);
    report.check('cleanly', container.property('holdline.service', 'Result') === 'success', container.property('holdline.service', 'Result'));
    report.check('nothing has changed', world.whole() === before);
    const asked = github.requests.length;
    container.get(['systemctl', 'start', 'holdline.service']);
    await untilRuns(world, '1.3.0');
    const resumed = github.requests.slice(asked).filter((request) => request.origin === 'storage' && request.headers.range !== undefined);
    report.check('the next start goes on where it was', resumed.length > 0, JSON.stringify(github.requests.slice(asked).map((r) => [r.origin, r.path.slice(0, 40), r.headers.range])));
  }],

  ['stop: in the middle of a probation', async (world, report) => {
    const { container } = world;
    world.configure({ probation: { seconds: 8, interval: 0.5, failures: 2 } });
    container.get(['systemctl', 'restart', 'holdline.service']);
    await world.publish('1.4.0');
    await container.waitFor('probation', () => world.status()['state'] === 'probing', 30);
    const begun = performance.now();
    container.get(['systemctl', 'stop', 'holdline.service']);
    report.check('it stops at once', performance.now() - begun < 5000, `${Math.round(performance.now() - begun)} ms`);
    report.check('the new version goes on running', world.whole() === '1.4.0' && container.property('monitoring.service', 'ActiveState') === 'active');
    report.check('status tells without a daemon', world.status()['state'] === 'probing', JSON.stringify(world.status()['state']));
    const pid = container.property('monitoring.service', 'MainPID');
    container.get(['systemctl', 'start', 'holdline.service']);
    await untilRuns(world, '1.4.0');
    const last = JSON.parse(world.holdline(['history', '--json']).stdout) as { entries?: { to: string; outcome: string }[] } | { to: string; outcome: string }[];
    report.check('committed, without another restart', JSON.stringify(last).includes('"committed"') && container.property('monitoring.service', 'MainPID') === pid);
    world.configure();
    container.get(['systemctl', 'restart', 'holdline.service']);
  }],

  ['stop: an update asked for on the command line as another user of the socket', async (world, report) => {
    const check = await world.ask(['--check', '--json']);
    report.check('root may ask the daemon', check.code === 0 && (JSON.parse(check.stdout) as { outcome: string }).outcome === 'current', check.stdout + check.stderr);
    const stranger = world.holdline(['--status', '--json'], 'monitoring');
    report.check('a stranger gets a clear refusal', stranger.code !== 0 && /cannot/u.test(stranger.stdout + stranger.stderr), stranger.stdout + stranger.stderr);
  }],

  ['timer: the variant without a daemon updates once', async (world, report) => {
    const { container } = world;
    container.get(['systemctl', 'disable', '--now', '--quiet', 'holdline.service']);
    const remove = dropIn(world, 'holdline.timer', '[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nRandomizedDelaySec=0\nAccuracySec=100ms\nOnActiveSec=1\nOnUnitInactiveSec=1h\n');
    await world.publish('1.5.0');
    const runs = (): number => container.messages('holdline-check.service').split('\n').filter((line) => /^updated|"outcome"|Updated/u.test(line)).length;
    container.get(['systemctl', 'start', 'holdline.timer']);
    await container.waitFor('1.5.0 by the timer', () => world.whole() === '1.5.0' && container.property('holdline-check.service', 'ActiveState') === 'inactive', 60);
    report.check('the unit succeeded', container.property('holdline-check.service', 'Result') === 'success', container.messages('holdline-check.service'));
    report.check('both units run the new version', ['monitoring.service', 'collector.service'].every((unit) => container.messages(unit).includes('started with 1.5.0')));
    report.figure(`${runs()} run told of an update`);
    report.check('the timer waits for the next hour', container.get(['systemctl', 'list-timers', '--no-pager', '--no-legend', 'holdline.timer']) !== '');
    container.get(['systemctl', 'stop', 'holdline.timer']);
    remove();
    container.get(['systemctl', 'enable', '--now', '--quiet', 'holdline.service']);
    await container.waitFor('the daemon is back', () => container.property('holdline.service', 'ActiveState') === 'active', 20);
  }],
];
