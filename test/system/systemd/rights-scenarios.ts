// What holdline's user may do, and what not: polkit, and the sandbox of the units.
import type { Scenario } from './main.js';
import { APP_UNITS, BRIDGE_UNIT } from './world.js';

const MAX_EXPOSURE = 2.0;

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
      ['daemon-reload'], ['disable', 'monitoring.service'], ['mask', 'monitoring.service'], ['kill', 'monitoring.service'], ['set-property', 'monitoring.service', 'MemoryMax=1M'], ['reboot'],
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
];
