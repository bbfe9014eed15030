// The main job under real units: first install, an update, and a version that dies after twenty seconds.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './main.js';
import { APP_UNITS, BRIDGE_UNIT, documentedSteps, type World } from './world.js';

export interface Started { readonly at: string; readonly pid: string }

export const started = ({ container }: World, unit: string): Started => ({ at: container.property(unit, 'ExecMainStartTimestampMonotonic'), pid: container.property(unit, 'MainPID') });
const same = (a: Started, b: Started): boolean => a.at === b.at && a.pid === b.pid;

/** Committed means that the books are closed, too. */
export async function untilRuns(world: World, version: string, seconds = 60): Promise<void> {
  const done = (): boolean => {
    if (world.whole() !== version) return false;
    const { state, last_update: last } = world.status();
    return (state === 'idle' || state === 'checking') && last !== null;
  };
  await world.container.waitFor(`${version} committed (now ${world.whole()})`, done, seconds);
}

export const updateScenarios: readonly Scenario[] = [
  ['first install', async (world, report) => {
    const { container } = world;
    const before = APP_UNITS.map((unit) => started(world, unit));
    writeFileSync(join(container.root, 'root/steps.sh'), documentedSteps(world.project));
    chmodSync(join(container.root, 'root/steps.sh'), 0o755);
    const steps = container.run(['sh', '/root/steps.sh'], { cwd: '/root' });
    report.check('the documented steps work', steps.code === 0, `${steps.stdout}${steps.stderr}`);
    await container.waitFor('the daemon is ready', () => container.property('holdline.service', 'ActiveState') === 'active', 20);
    report.check('the daemon runs as its own user', container.get(['stat', '-c', '%U', `/proc/${container.property('holdline.service', 'MainPID')}`]) === 'holdline');
    report.check('recovery ran', container.property('holdline-recover.service', 'Result') === 'success' && container.property('holdline-recover.service', 'ActiveState') === 'active');
    report.check('the app was not touched', APP_UNITS.every((unit, index) => same(started(world, unit), before[index] ?? { at: '', pid: '' })));
    report.check('status answers', world.status()['current_version'] === '1.0.0', JSON.stringify(world.status()));
    const doctor = await world.ask(['doctor']);
    report.check('doctor finds nothing wrong', doctor.code === 0, `${doctor.stdout}${doctor.stderr}`);
  }],

  ['update of two units beside a bridge', async (world, report) => {
    const { container } = world;
    container.get(['systemctl', 'enable', '--now', '--no-block', '--quiet', BRIDGE_UNIT]);
    const units = [...APP_UNITS, 'stranger.service', BRIDGE_UNIT];
    await container.waitFor('the bridge has started', () => container.property(BRIDGE_UNIT, 'MainPID') !== '0', 20);
    const before = units.map((unit) => started(world, unit));
    const restarts = (): number => APP_UNITS.reduce((sum, unit) => sum + world.container.messages(unit).split('started with 1.1.0').length - 1, 0);
    await world.publish('1.1.0');
    await untilRuns(world, '1.1.0');
    const after = units.map((unit) => started(world, unit));
    report.check('both units of the app were restarted, once', !same(after[0] as Started, before[0] as Started) && !same(after[1] as Started, before[1] as Started) && restarts() === 2, `${restarts()} starts`);
    report.check('in order of dependency', Number(after[0]?.at) < Number(after[1]?.at));
    report.check('another unit and the bridge kept their process', same(after[2] as Started, before[2] as Started) && same(after[3] as Started, before[3] as Started));
    report.check('the app answers with the new version', container.get(['node', '-e', "fetch('http://127.0.0.1:8080/').then(async (r) => console.log(await r.text()))"]) === '1.1.0');
    const verify = world.holdline(['verify']);
    report.check('the tree is whole', verify.code === 0 && world.whole() === '1.1.0', `${verify.stdout}${verify.stderr}`);
    report.check('the service manager shows the state', container.property('holdline.service', 'StatusText') !== '');
  }],

  ['a version that dies after 20 s is reverted', async (world, report) => {
    const { container } = world;
    world.configure({ probation: { seconds: 30, interval: 1, failures: 2 } });
    container.get(['systemctl', 'restart', 'holdline.service']);
    const bridge = started(world, BRIDGE_UNIT);
    await world.publish('1.2.0', 'dies-after-20s');
    const blocked = (): boolean => (world.status()['blocked'] as { version: string }[]).some((one) => one.version === '1.2.0');
    await container.waitFor('1.2.0 runs', () => world.version() === '1.2.0', 30);
    await container.waitFor('1.2.0 is blocked', blocked, 60);
    report.check('the old version is back', world.whole() === '1.1.0', world.whole());
    await container.waitFor('the old version runs again', () => APP_UNITS.every((unit) => container.property(unit, 'ActiveState') === 'active'), 20);
    const reason = JSON.stringify(world.status()['blocked']);
    report.check('the reason names the probe', /probe .*(?:8080|monitoring)/u.test(reason), reason);
    report.check('it died of itself, not of us', container.messages('monitoring.service').includes('out of sensors'));
    report.check('the bridge kept its process', same(bridge, started(world, BRIDGE_UNIT)));
    const cycles = world.github.requests.length;
    await container.waitFor('two more checks', () => world.github.requests.length > cycles + 1, 30);
    report.check('it is not tried again', world.version() === '1.1.0');
    world.configure();
    container.get(['systemctl', 'restart', 'holdline.service']);
  }],

  ['selective restart: only the unit whose files changed', async (world, report) => {
    const { container } = world;
    const [web = '', collector = ''] = APP_UNITS;
    world.configure({ services: [
      { unit: web, paths: ['VERSION', 'src/web.js', 'src/version.txt'] }, { unit: collector, paths: ['src/collector.js', 'src/package.json'] }, { name: 'meter', unit: BRIDGE_UNIT, kind: 'hardware' },
    ] });
    container.get(['systemctl', 'restart', 'holdline.service']);
    const units = [web, collector, BRIDGE_UNIT];
    const before = units.map((unit) => started(world, unit));
    await world.publish('1.2.1');
    await untilRuns(world, '1.2.1');
    const moved = units.filter((unit, index) => !same(started(world, unit), before[index] ?? { at: '', pid: '' }));
    report.check('its ExecMainStartTimestamp moved, no other one', moved.join() === web, moved.join(', '));
    report.check('it runs the new version', container.messages(web).includes('started with 1.2.1'));
    world.configure();
    container.get(['systemctl', 'restart', 'holdline.service']);
  }],
];
