// The plug is pulled while a unit hangs in the middle of a switch; and recovery that cannot do its work.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from './main.js';
import { untilRuns } from './update-scenarios.js';
import { APP_UNITS, type World } from './world.js';

const journal = ({ container }: World): string => join(container.root, 'var/lib/holdline/monitoring/journal');
const monotonic = ({ container }: World, unit: string, property: string): number => Number(container.property(unit, property));

/** The first version each unit of the app says in this boot. */
function firstStarts({ container }: World): string[] {
  return APP_UNITS.map((unit) => /started with (\S+)/u.exec(container.messages(unit))?.[1] ?? 'nothing');
}

async function cutDuring(world: World, hang: string, next: string, reached: () => boolean): Promise<void> {
  const { container } = world;
  container.get(['touch', `/run/${hang}`]);
  await world.publish(next);
  await container.waitFor(`the switch hangs in ${hang}`, reached, 40);
  await container.cutPower();
  await container.boot();
}

export const powerScenarios: readonly Scenario[] = [
  ['power: cut while the old version hangs in stop', async (world, report) => {
    const { container } = world;
    const before = world.version();
    await cutDuring(world, 'hang-in-stop', '1.6.0', () => container.messages('collector.service').includes('hangs in stop'));
    await container.waitFor('the app runs', () => firstStarts(world).every((version) => version !== 'nothing'), 30);
    report.check('recovery reverted', /revert|undone|undid|back/iu.test(container.messages('holdline-recover.service')), container.messages('holdline-recover.service'));
    report.check('the app started with the old version', firstStarts(world).every((version) => version === before), firstStarts(world).join(', '));
    const [recovered, app] = [monotonic(world, 'holdline-recover.service', 'ExecMainExitTimestampMonotonic'), monotonic(world, 'stranger.service', 'ExecMainStartTimestampMonotonic')];
    report.check('recovery ended', recovered > 0 && app > 0);
    report.figure(`recovery took ${Math.round((recovered - monotonic(world, 'holdline-recover.service', 'ExecMainStartTimestampMonotonic')) / 1000)} ms at boot`);
    await untilRuns(world, '1.6.0', 90);
    report.check('the update is tried again and committed', world.whole() === '1.6.0');
  }],

  ['power: cut while the new version hangs in start', async (world, report) => {
    const { container } = world;
    const before = world.version();
    await cutDuring(world, 'hang-in-start', '1.7.0', () => world.version() === '1.7.0' && container.property('collector.service', 'ActiveState') === 'activating');
    await container.waitFor('the app runs', () => firstStarts(world).every((version) => version !== 'nothing'), 30);
    report.check('the app started with the old version, never with the new', firstStarts(world).every((version) => version === before), firstStarts(world).join(', '));
    const order = container.get(['journalctl', '-b', '--no-pager', '--quiet', '--output=short-monotonic', '-u', 'holdline-recover', '-u', 'monitoring']).split('\n');
    const place = (words: RegExp): number => order.findIndex((line) => words.test(line));
    report.check('recovery comes first in the journal', place(/node\[\d+\]: monitoring: /u) >= 0 && place(/node\[\d+\]: monitoring: /u) < place(/started with/u), order.slice(0, 12).join('\n'));
    await untilRuns(world, '1.7.0', 90);
    report.check('the update is tried again and committed', world.whole() === '1.7.0');
    report.check('nothing is blocked', !JSON.stringify(world.status()['blocked']).includes('1.7.0'));
  }],

  ['power: a person turns it off in the middle of a switch', async (world, report) => {
    const { container } = world;
    container.get(['touch', '/run/hang-in-start']);
    await world.publish('1.8.0');
    await container.waitFor('the switch hangs in start', () => world.version() === '1.8.0' && container.property('collector.service', 'ActiveState') === 'activating', 40);
    container.get(['systemctl', 'poweroff', '--no-block']);
    await container.untilOff();
    await container.boot();
    report.check('the version is not blamed', !JSON.stringify(world.status()['blocked']).includes('1.8.0'), JSON.stringify(world.status()['blocked']));
    await untilRuns(world, '1.8.0', 60);
    report.check('the next start brings it', world.whole() === '1.8.0');
    report.check('the app runs', APP_UNITS.every((unit) => container.property(unit, 'ActiveState') === 'active'));
    const before = container.run(['journalctl', '-b', '-1', '--no-pager', '--quiet', '--output=cat', '-u', 'holdline']).stdout;
    report.figure(`it said: ${before.split('\n').filter((line) => /"level":"(?:error|warn)"|reverting/u.test(line)).map((line) => /"(?:detail|msg)":"([^"]*)/u.exec(line)?.[1] ?? '').slice(-4).join(' | ')}`);
  }],

  ['power: recovery that fails keeps the app from starting', async (world, report) => {
    const { container } = world;
    await container.cutPower();
    const newest = join(journal(world), readdirSync(journal(world)).filter((name) => name.endsWith('.journal')).sort().at(-1) ?? '');
    const good = readFileSync(newest);
    const lines = good.toString().split('\n');
    writeFileSync(newest, lines.map((line, index) => (index === 1 ? `x${line.slice(1)}` : line)).join('\n'));
    await container.boot();
    const state = (unit: string): string => `${container.property(unit, 'ActiveState')} ${container.property(unit, 'Result')}`;
    report.check('recovery failed', state('holdline-recover.service').startsWith('failed'), state('holdline-recover.service'));
    report.check('and says what to do', /journal-damaged.*move the damaged file away/su.test(container.messages('holdline-recover.service')), container.messages('holdline-recover.service'));
    report.check('the app did not start', APP_UNITS.every((unit) => state(unit).startsWith('inactive') && container.property(unit, 'ExecMainStartTimestampMonotonic') === '0'), APP_UNITS.map(state).join(', '));
    report.check('another unit did', container.property('stranger.service', 'ActiveState') === 'active');
    await container.waitFor('the daemon has ended', () => container.property('holdline.service', 'ActiveState') === 'failed', 30);
    report.check('the daemon ended with 21 and is left alone', container.property('holdline.service', 'ExecMainStatus') === '21' && container.property('holdline.service', 'NRestarts') === '0', state('holdline.service'));
    report.check('status says broken', world.status()['state'] === 'broken', JSON.stringify(world.status()));
    writeFileSync(newest, good);
    container.get(['systemctl', 'start', ...APP_UNITS]);
    report.check('once mended, starting the app repairs first', container.property('holdline-recover.service', 'ActiveState') === 'active' && APP_UNITS.every((unit) => container.property(unit, 'ActiveState') === 'active'));
    container.get(['systemctl', 'start', 'holdline.service']);
    await untilRuns(world, world.version(), 30);
    rmSync(join(container.root, 'root/consumer.json'), { force: true });
  }],
];
