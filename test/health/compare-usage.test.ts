// The looks of a probation and the hour before it, put together; and that a probation ends with that verdict.
import { expect, it } from 'vitest';
import type { ServiceController } from '../../src/domain/ports.js';
import type { RunEvent } from '../../src/domain/results.js';
import type { UsageReading, UsageSample } from '../../src/domain/service-usage.js';
import { createUsageComparison, type UsageComparison } from '../../src/health/compare-usage.js';
import { createUsageSampler } from '../../src/health/usage-sampler.js';
import { watchProbation } from '../../src/health/watch-probation.js';
import { createJumpingClock } from '../support/fake-source.js';
import { commandService } from '../support/services/settings.js';

const UNTIL = '2026-11-21T09:30:00.000Z';
const RULES = { rssPercent: 100, cpuPercent: 100, restarts: 2, interval: 60 };
const before = (rss: number, count = 10): UsageSample[] => Array.from({ length: count }, (_, index) => ({ at: Date.parse(UNTIL) - (count - index) * 60_000, rss, cpu: 0.01, wanted: 0.01, restarts: 0 }));

interface Device { rss: number; cpuSeconds: number; pid: number }

function compare(device: Device, history: Record<string, UsageSample[]>): { comparison: UsageComparison; clock: ReturnType<typeof createJumpingClock> } {
  const clock = createJumpingClock(() => 0);
  clock.now = () => new Date(Date.parse(UNTIL) + clock.elapsed());
  const controller = { status: () => Promise.resolve({ name: 'web', kind: 'service', active: true, pid: device.pid, restarts: 0, since: null, detail: null }) } as unknown as ServiceController;
  const reader = { read: () => new Map<string, UsageReading>([['web', { rss: device.rss, cpuSeconds: device.cpuSeconds, waitSeconds: 0 }]]) };
  return { clock, comparison: createUsageComparison({ rules: RULES, services: [commandService('web', ['true'])], controller, sampler: createUsageSampler(reader, clock), history, until: UNTIL }) };
}

async function watch(history: Record<string, UsageSample[]>, each: (device: Device) => void, probe: 'well' | 'sick' = 'well'): Promise<{ verdict: unknown; notes: string[] }> {
  const device: Device = { rss: 50e6, cpuSeconds: 1, pid: 7 };
  const { comparison, clock } = compare(device, history);
  const events: RunEvent[] = [];
  const prober = { probe: () => { each(device); return Promise.resolve([{ name: 'http', ok: probe === 'well', output: '500' }]); } };
  const verdict = await watchProbation({
    rules: { seconds: 60, interval: 5, failures: 3 }, prober, patience: 0, usage: comparison, clock, report: (event) => { events.push(event); }, signal: new AbortController().signal,
  });
  return { verdict, notes: events.flatMap((event) => (event.type === 'note' && event.level === 'info' ? [event.message] : [])) };
}

it('keeps a version that costs what the one before did', async () => {
  expect(await watch({ web: before(50e6) }, () => undefined)).toMatchObject({ verdict: { verdict: 'healthy', reason: null }, notes: [] });
});

it('reverts one that leaks although every probe is content, and names the trend', async () => {
  expect(await watch({ web: before(50e6) }, (device) => { device.rss += 20e6; })).toMatchObject({
    verdict: { verdict: 'failed', reason: 'web: memory grew from 50 MB (median of the hour before) to 310 MB and still rises (seen for 60 s)' },
  });
});

it('reverts one that spins', async () => {
  expect(await watch({ web: before(50e6) }, (device) => { device.cpuSeconds += 5; })).toMatchObject({ verdict: { verdict: 'failed', reason: expect.stringContaining('processor time grew from 1 % of a core') as unknown } });
});

it('leaves the first word to the probes', async () => {
  expect(await watch({ web: before(50e6) }, (device) => { device.rss += 20e6; }, 'sick')).toMatchObject({ verdict: { verdict: 'failed', reason: expect.stringContaining('probe "http"') as unknown } });
});

it('says that it did not compare where nobody has looked before', async () => {
  expect(await watch({}, (device) => { device.rss += 20e6; })).toMatchObject({ verdict: { verdict: 'healthy' }, notes: [expect.stringContaining('not compared with the hour before: web') as unknown] });
});

it('does not take the new version\'s own first minutes for the hour before', async () => {
  const mixed = [...before(50e6), ...Array.from({ length: 30 }, (_, index) => ({ at: Date.parse(UNTIL) + index * 1000, rss: 500e6, cpu: 0.01, wanted: 0.01, restarts: 0 }))];
  expect(await watch({ web: mixed }, (device) => { device.rss += 20e6; })).toMatchObject({ verdict: { verdict: 'failed' } });
});

it('counts time per process: a new one begins anew, ended children take none away, and waiting is wanting', () => {
  const clock = { now: () => new Date(UNTIL), monotonicMs: () => ms };
  let [ms, cpuSeconds, waitSeconds] = [0, 100, 50];
  const sampler = createUsageSampler({ read: () => new Map([['web', { rss: 1, cpuSeconds, waitSeconds }]]) }, clock);
  const look = (pid: number, cpu: number, wait: number): (number | null | undefined)[] => {
    [ms, cpuSeconds, waitSeconds] = [ms + 1000, cpu, wait];
    const sample = sampler.sample([{ name: 'web', pid, restarts: 0, unit: null }]).get('web');
    return [sample?.cpu, sample?.wanted];
  };
  expect(look(7, 100, 50)).toEqual([null, null]);
  expect(look(7, 100.5, 50.25)).toEqual([0.5, 0.75]);
  expect(look(7, 90, 40)).toEqual([0, 0]);
  expect(look(8, 90, 40)).toEqual([null, null]);
});
