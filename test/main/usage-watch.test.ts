// The daemon's memory of what its services use: bounded, cheap, and silent where it cannot look.
import { expect, it } from 'vitest';
import type { ServiceController } from '../../src/domain/ports.js';
import type { ServiceSettings } from '../../src/domain/settings.js';
import type { UsageReading } from '../../src/domain/service-usage.js';
import { createUsageWatch } from '../../src/main/daemon/usage-watch.js';
import { createJumpingClock } from '../support/fake-source.js';
import { memoryLog } from '../support/services/memory-log.js';
import { commandService, unitService } from '../support/services/settings.js';
import { waitUntil } from '../support/services/wait-until.js';

const RULES = { rssPercent: 100, cpuPercent: 100, restarts: 2, interval: 60 };

interface Watched { readonly watch: ReturnType<typeof createUsageWatch>; readonly asked: string[]; readonly clock: ReturnType<typeof createJumpingClock>; readonly log: ReturnType<typeof memoryLog> }

function watched(services: readonly ServiceSettings[], change: Partial<typeof RULES> = {}, pids: Record<string, number | null> = {}, readings: () => number = () => 1): Watched {
  const asked: string[] = [];
  const clock = createJumpingClock(() => 0);
  clock.now = () => new Date(Date.UTC(2026, 10, 26) + clock.elapsed());
  const log = memoryLog();
  const controller = { status: ({ name }: ServiceSettings) => { asked.push(name); return Promise.resolve({ pid: name in pids ? pids[name] : 7, restarts: 0 }); } } as unknown as ServiceController;
  const reader = { read: (all: readonly { readonly name: string }[]) => new Map(all.map(({ name }): [string, UsageReading] => [name, { rss: readings(), cpuSeconds: clock.elapsed() / 2000, waitSeconds: 0 }])) };
  return { watch: createUsageWatch({ rules: { ...RULES, ...change }, services, controller, reader, clock, log }), asked, clock, log };
}

async function after(minutes: number, { watch, clock }: Watched): Promise<ReturnType<Watched['watch']['history']>> {
  watch.begin();
  watch.begin();
  await waitUntil('the time has passed', () => clock.elapsed() >= minutes * 60_000);
  watch.end();
  return watch.history();
}

it('keeps the last hour, one look a minute, with the share of a core in between', async () => {
  const history = await after(150, watched([commandService('web', ['x'])]));
  expect(history['web']).toHaveLength(60);
  expect(history['web']?.at(-1)).toMatchObject({ rss: 1, cpu: 0.5, wanted: 0.5, restarts: 0 });
  const times = (history['web'] ?? []).map(({ at }) => at);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
});

it('asks for a unit\'s main process now and then, for an embedded service each time', async () => {
  const { asked } = await (async () => { const world = watched([commandService('web', ['x']), unitService('db.service')]); await after(50, world); return world; })();
  const times = (name: string): number => asked.filter((one) => one === name).length;
  expect(times('web')).toBeGreaterThanOrEqual(50);
  expect(times('db')).toBeLessThan(times('web') / 5);
});

it('has nothing of a service that does not run, and says once when an update can be compared', async () => {
  const world = watched([commandService('web', ['x']), commandService('off', ['y'])], {}, { off: null });
  const history = await after(20, world);
  expect(Object.keys(history)).toEqual(['web']);
  expect(world.log.lines.filter((line) => line.includes('what web uses is known'))).toHaveLength(1);
});

it('does not look at all where nothing is compared', async () => {
  const world = watched([commandService('web', ['x'])], { rssPercent: 0, cpuPercent: 0, restarts: 0 });
  world.watch.begin();
  await new Promise((resolve) => { setImmediate(resolve); });
  expect([world.asked, world.watch.history()]).toEqual([[], {}]);
});

it('gives up with a word when it cannot look, and takes nothing down', async () => {
  const world = watched([commandService('web', ['x'])], {}, {}, () => { throw new Error('no /proc'); });
  world.watch.begin();
  await waitUntil('it says so', () => world.log.lines.some((line) => line.includes('cannot be told any more')));
  expect(world.watch.history()).toEqual({});
});
