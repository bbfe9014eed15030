// What holdline's user may do, and what not: polkit, and the sandbox of the units.
import { confineCommand } from '../../../src/platform/confined-command.js';
import { dropIn } from './daemon-scenarios.js';
import type { Scenario } from './main.js';
import { APP_UNITS, BRIDGE_UNIT } from './world.js';

const MAX_EXPOSURE = 2.0;
/** What the daemon's log says when its fetcher could not give up its rights. */
const KEPT_RIGHTS = 'runs with all rights of this user';
const AS_ROOT = { isRoot: true, hasSystemd: true, hasSetpriv: true };

export const rightsScenarios: readonly Scenario[] = [
  ['rights: polkit lets this user restart the named units, and nothing else', async ({ container }, report) => {
    const as = (...argv: string[]): { readonly code: number | null; readonly stderr: string } => container.run(['systemctl', '--no-ask-password', ...argv], { user: 'holdline' });
    for (const unit of APP_UNITS) {
      const pid = container.property(unit, 'MainPID');
      const ran = as('restart', unit);
      report.check(`restart ${unit}`, ran.code === 0 && container.property(unit, 'MainPID') !== pid, ran.stderr);
    }
    const refused = [
      ['restart', 'stranger.service'], ['stop', 'stranger.service'], ['stop', BRIDGE_UNIT], ['restart', 'holdline-recover.service'], ['start', 'rescue.target'], ['isolate', 'rescue.target'],
      ['daemon-reload'], ['disable', 'monitoring.service'], ['mask', 'monitoring.service'], ['kill', 'stranger.service'], ['kill', BRIDGE_UNIT], ['set-property', 'monitoring.service', 'MemoryMax=1M'], ['reboot'],
      ['restart', 'monitoring.service', 'stranger.service'],
    ];
    const stranger = container.property('stranger.service', 'MainPID');
    for (const argv of refused) {
      const ran = as(...argv);
      report.check(`refused: ${argv.join(' ')}`, ran.code !== 0 && ran.code !== null, ran.stderr);
    }
    report.check('the stranger lives on', container.property('stranger.service', 'MainPID') === stranger);
    const other = container.run(['systemctl', '--no-ask-password', 'restart', 'monitoring.service'], { user: 'monitoring' });
    report.check('another user may not', other.code !== 0);
  }],

  [`rights: exposure at most ${MAX_EXPOSURE}`, async ({ container }, report) => {
    for (const unit of ['holdline.service', 'holdline-recover.service', 'holdline-check.service', BRIDGE_UNIT]) {
      const text = container.run(['systemd-analyze', 'security', '--no-pager', unit]).stdout;
      const score = Number(/exposure level for .*: ([0-9.]+)/u.exec(text)?.[1] ?? Number.NaN);
      report.figure(`${unit} ${score}`);
      report.check(`${unit} is exposed at most ${MAX_EXPOSURE}`, score <= MAX_EXPOSURE, text.split('\n').filter((line) => line.includes('✗')).join('\n'));
    }
    const open = container.run(['systemd-analyze', 'security', '--no-pager', 'stranger.service']).stdout;
    report.check('the measure finds an open unit', Number(/: ([0-9.]+)/u.exec(open.slice(open.indexOf('exposure level')))?.[1]) > 9);
  }],

  ['rights: the fetcher gives up its own inside the daemon\'s unit', async (world, report) => {
    const { container } = world;
    const check = async (): Promise<string> => { await world.ask(['--check']); return container.messages('holdline.service'); };
    report.check('nothing in the log says that it could not', !(await check()).includes(KEPT_RIGHTS));
    const remove = dropIn(world, 'holdline.service', '[Service]\nSystemCallFilter=~seccomp\n');
    container.get(['systemctl', 'restart', 'holdline.service']);
    await container.waitFor('the daemon is back', () => container.property('holdline.service', 'ActiveState') === 'active', 20);
    report.check('control: where the unit forbids it the log says so, and the check works', (await check()).includes(KEPT_RIGHTS));
    remove();
    container.get(['systemctl', 'restart', 'holdline.service']);
    await container.waitFor('the daemon is back', () => container.property('holdline.service', 'ActiveState') === 'active', 20);
  }],

  ['rights: what is not ours runs as another user on a read-only system', async ({ container }, report) => {
    let count = 0;
    container.get(['install', '-d', '-o', 'monitoring', '/var/lib/theirs']);
    const run = (argv: readonly string[], user: string | null = 'monitoring'): ReturnType<typeof container.run> => {
      count += 1;
      const wanted = { user, writable: ['/var/lib/theirs'], network: false, devices: false, variables: [], cwd: '/', timeoutMs: 20_000 };
      return container.run(confineCommand(argv, wanted, AS_ROOT, `proof-${count}`).argv);
    };
    const who = run(['id', '-un']);
    report.check('it is the named user', who.stdout.trim() === 'monitoring', who.stderr);
    const nobody = run(['id', '-u'], null);
    report.check('or one that is made for it', nobody.code === 0 && nobody.stdout.trim() !== '0', nobody.stdout + nobody.stderr);
    for (const place of ['/opt/monitoring/VERSION.theirs', '/etc/theirs', '/var/lib/holdline/theirs', '/root/theirs', '/dev/shm/theirs/x']) report.check(`it cannot write ${place}`, run(['cp', '/etc/hostname', place]).code !== 0);
    const own = run(['cp', '/etc/hostname', '/var/lib/theirs/own']);
    report.check('it can write what it was given', own.code === 0, own.stderr);
    report.check('it has no network but its own loopback', run(['cat', '/proc/net/dev']).stdout.split('\n').filter((line) => line.includes(':')).length <= 1);
    report.check('it cannot stop a unit', run(['systemctl', '--no-ask-password', 'stop', 'monitoring.service']).code !== 0);
    const late = run(['sleep', '300']);
    report.check('systemd ends it in time', late.code !== 0 && container.run(['systemctl', 'is-active', '--quiet', `proof-${count}.service`]).code !== 0, late.stderr);
    report.check('control: root writes there', container.run(['cp', '/etc/hostname', '/etc/theirs']).code === 0);
    container.get(['rm', '/etc/theirs']);
  }],
];
