// A hundred thousand devices over fourteen days, in groups of fifty behind one address, none with a token: how a good release spreads against what
// was asked, how far a bad one gets, and what all that asks of GitHub. No network and no clock: the real decisions in simulated time.
import { simulateFleet, type FleetHour, type FleetPlan, type FleetReport } from '../../support/fleet/simulate-fleet.js';
import type { Section } from '../section.js';
import type { Row } from '../table.js';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const QUIET_PUBLISHER = { version: '1.3.0', releasedAt: DAY_S, percent: 5, addPercent: 10, everyS: DAY_S, noticed: 0, noticedAfter: 12 * HOUR_S, pauseAt: 5, withdrawAt: 20 };
/** Of a bad release one device in a hundred has an owner who writes, half a day later on average. */
const BAD = { ...QUIET_PUBLISHER, noticed: 0.01 };
export const FLEET: FleetPlan = { devices: 100_000, perAddress: 50, days: 14, seed: 7, interval: HOUR_S, maxAge: 6 * HOUR_S, requestsPerUpdate: 0, courteous: true, switchedOn: 60, publisher: QUIET_PUBLISHER };
/** Enough to see what an address sees. */
const ADDRESSES: FleetPlan = { ...FLEET, devices: 5000, days: 7 };

export const fleet: Section = {
  name: 'fleet', title: '100,000 devices over 14 days, simulated',
  run: (_world, say) => Promise.resolve([...good(say), ...bad(say), ...addresses(say)]),
};

function good(say: (line: string) => void): Row[] {
  const report = simulateFleet(FLEET);
  say('a good release: 5 %, and 10 % more each day');
  for (const line of curve(report, (hour) => hour % 24 === 0)) say(line);
  const over = Math.max(...report.curve.map(({ asked, running }) => running - asked));
  const end = report.curve.at(-1)?.running ?? 0;
  return [
    { what: 'good release, 100,000 devices', ours: `never more than ${over.toFixed(2)} points above what was asked`, peer: '', ratio: '', aim: '<= 0.5', met: over <= 0.5 },
    { what: 'good release, at the end', ours: `${end.toFixed(1)} % run it`, peer: '', ratio: '', aim: '>= 99 %', met: end >= 99 },
    quota('GitHub requests of 50 devices behind one address, 14 days', report, true),
  ];
}

function bad(say: (line: string) => void): Row[] {
  const report = simulateFleet({ ...FLEET, days: 5, publisher: BAD });
  say(`a bad release, paused at ${BAD.pauseAt} letters and withdrawn at ${BAD.withdrawAt} (1 % of its devices have an owner who writes, 12 h later on average): ${report.publisher.join(', ')}`);
  for (const line of curve(report, (hour) => hour >= 24 && hour % 6 === 0)) say(line);
  const [most, left] = [report.curve.at(-1)?.ever ?? 0, report.curve.at(-1)?.running ?? 0];
  return [
    { what: 'bad release halted at 5 %', ours: `${most.toFixed(2)} % ever ran it (${report.publisher.slice(1).join(', ')})`, peer: '', ratio: '', aim: '<= 5.5 %', met: most <= 5.5 },
    { what: 'bad release, at the end', ours: `${left.toFixed(2)} % still run it`, peer: '', ratio: '', aim: '0 %', met: left === 0 },
  ];
}

function addresses(say: (line: string) => void): Row[] {
  const everybody = { ...QUIET_PUBLISHER, percent: 100, addPercent: 0, everyS: 0 };
  const of = (name: string, change: Partial<FleetPlan>, aimed: boolean): Row => quota(name, simulateFleet({ ...ADDRESSES, ...change }), aimed);
  say('what one address asks, 5,000 devices over 7 days each');
  return [
    of('released to everybody at once', { publisher: everybody }, true),
    of('statement asked at every check (max_age 0)', { maxAge: 0 }, true),
    of('downloads through the API instead (4 requests an update)', { requestsPerUpdate: 4 }, false),
    of('100 devices behind one address: the interval is stretched', { perAddress: 100 }, false),
    of('control: 50 devices without spread, sparing and stretching', { courteous: false }, false),
    of('control: the same, statement asked at every check', { courteous: false, maxAge: 0 }, false),
  ];
}

function quota(what: string, { addresses: a, stretch }: FleetReport, aimed: boolean): Row {
  return {
    what, ours: `${a.mean.toFixed(1)} an hour, ${a.most} at the most; ${a.refused} of ${a.served + a.refused} refused`, peer: `${a.badHours} of ${a.hours} hours`, ratio: `interval x ${stretch.toFixed(2)}`,
    // What is refused is refused mostly on the first day: all of them were switched on within one minute.
    aim: aimed ? 'refused in <= 1 % of the hours' : '', met: aimed ? a.badHours <= a.hours / 100 : undefined,
  };
}

function curve({ curve: hours }: FleetReport, wanted: (hour: number) => boolean): string[] {
  return hours.filter(({ hour }) => wanted(hour)).map(({ hour, asked, running, ever }: FleetHour) =>
    `day ${(hour / 24).toFixed(2).padStart(5)}  asked ${asked.toFixed(1).padStart(5)} %  running ${running.toFixed(2).padStart(6)} %  ever ${ever.toFixed(2).padStart(6)} %  ${'#'.repeat(Math.round(running / 2))}`);
}
