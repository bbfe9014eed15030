// The daemon's decisions with everything around it faked: one job at a time, order of start and stop, patience.
import { afterEach, describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Job } from '../../src/domain/jobs.js';
import type { Report } from '../../src/domain/results.js';
import type { Settings } from '../../src/domain/settings.js';
import { createDaemon, type DaemonParts } from '../../src/main/daemon/run-daemon.js';

interface Started { readonly job: Job; readonly report: Report; resolve(value: unknown): void; reject(error: unknown): void; stopped: boolean }

function world(over: Partial<DaemonParts> = {}) {
  const events: string[] = [];
  const jobs: Started[] = [];
  const waiters: (() => void)[] = [];
  const parts: DaemonParts = {
    settings: { checkInterval: 3600, app: 'test' } as Settings, random: () => 0,
    clock: {
      now: () => new Date('2026-11-21T09:00:00Z'), monotonicMs: () => 0,
      // The first check comes at once (no jitter); every later sleep lasts until the test ends it by aborting.
      sleep: (ms, signal) => ms === 0 ? Promise.resolve() : new Promise((_resolve, reject) => { signal?.addEventListener('abort', () => reject(new Error('aborted'))); }),
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (message) => { events.push(`error ${message}`); } },
    notify: { ready: () => { events.push('ready'); }, stopping: () => { events.push('stopping'); }, status: () => undefined },
    startJob(job, _actor, report) {
      events.push(`job ${job.kind}`);
      let settle: Pick<Started, 'resolve' | 'reject'> = { resolve: () => undefined, reject: () => undefined };
      const done = new Promise<unknown>((resolve, reject) => { settle = { resolve, reject }; });
      const started: Started = { job, report, ...settle, stopped: false };
      jobs.push(started);
      for (const wake of waiters.splice(0)) wake();
      return { pid: 1, done, stop: () => { started.stopped = true; started.reject(new HoldlineError('interrupted', 'cannot go on')); }, kill: () => undefined };
    },
    recover: async () => ({ outcome: 'nothing', actions: [] }),
    startServices: async () => { events.push('services started'); },
    stopServices: async () => { events.push('services stopped'); },
    serviceStatus: async () => [],
    ...over,
  };
  const stop = new AbortController();
  const daemon = createDaemon(parts);
  const job = async (index: number): Promise<Started> => {
    while (jobs[index] === undefined) await new Promise<void>((resolve) => { waiters.push(resolve); });
    return jobs[index];
  };
  return { events, jobs, job, daemon, stop, running: daemon.run(stop.signal) };
}

let current: ReturnType<typeof world> | undefined;
afterEach(async () => { current?.stop.abort(); for (const started of current?.jobs ?? []) started.resolve(null); await current?.running; current = undefined; });

describe('the daemon', () => {
  it('is ready before it settles, settles before it checks', async () => {
    current = world();
    (await current.job(0)).resolve(null);
    await current.job(1);
    expect(current.events).toEqual(['services started', 'ready', 'job settle', 'job cycle']);
  });

  it('starts nothing on a broken device and exits with 21', async () => {
    const broken = world({ recover: async () => ({ outcome: 'broken', actions: ['x'] }) });
    expect(await broken.running).toBe(21);
    expect(broken.jobs).toEqual([]);
    expect(broken.events.some((e) => e === 'services started')).toBe(false);
  });

  it('answers busy while an update is under way, and runs a job when it is idle', async () => {
    current = world();
    (await current.job(0)).resolve(null);
    const cycle = await current.job(1);
    cycle.report({ type: 'state', state: 'fetching' });
    await expect(current.daemon.ask({ kind: 'check' }, 'me', () => undefined)).rejects.toMatchObject({ code: 'busy' });
    cycle.resolve({ outcome: 'current', waiting: null });
    await Promise.resolve();
    await new Promise((resolve) => { setImmediate(resolve); });
    const asked = current.daemon.ask({ kind: 'check' }, 'me', () => undefined);
    (await current.job(2)).resolve({ outcome: 'current' });
    expect(await asked).toEqual({ outcome: 'current' });
  });

  it('lets a person wait while it settles, as long as nothing of an update is under way', async () => {
    current = world();
    const settle = await current.job(0);
    const asked = current.daemon.ask({ kind: 'check' }, 'me', () => undefined);
    settle.resolve(null);
    for (let index = 1, asking = true; asking; index += 1) {
      const next = await current.job(index);
      asking = next.job.kind !== 'check';
      next.resolve({ outcome: 'current', waiting: null });
    }
    expect(await asked).toMatchObject({ outcome: 'current' });
  });

  it('answers busy while it goes on with a probation', async () => {
    current = world();
    (await current.job(0)).report({ type: 'state', state: 'probing' });
    await expect(current.daemon.ask({ kind: 'check' }, 'me', () => undefined)).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('probing') });
  });

  it('stops the worker, then the services, also in the middle of settling', async () => {
    current = world();
    const settle = await current.job(0);
    current.stop.abort();
    expect(await current.running).toBe(0);
    expect(settle.stopped).toBe(true);
    expect(current.events.slice(-2)).toEqual(['stopping', 'services stopped']);
    await expect(current.daemon.ask({ kind: 'check' }, 'me', () => undefined)).rejects.toMatchObject({ code: 'busy' });
  });

  it('looks again as soon as it is woken: asleep, in the middle of a look, and after a person has approved', async () => {
    current = world();
    const kinds = (): string[] => (current?.jobs ?? []).map(({ job }) => job.kind);
    const quiet = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 20); });
    (await current.job(0)).resolve(null);
    (await current.job(1)).resolve({ outcome: 'waiting', waiting: { reason: 'hold', detail: '', until: null } });
    await quiet();
    expect(kinds()).toEqual(['settle', 'cycle']);
    current.daemon.wake();
    const look = await current.job(2);
    // What it was woken for may have come after it has looked.
    current.daemon.wake();
    look.resolve({ outcome: 'waiting', waiting: null });
    (await current.job(3)).resolve({ outcome: 'current', waiting: null });
    await quiet();
    expect(kinds()).toEqual(['settle', 'cycle', 'cycle', 'cycle']);
    const approving = current.daemon.ask({ kind: 'approve', version: '2.0.0', verdict: 'approved', by: 'me', reason: null }, 'me', () => undefined);
    (await current.job(4)).resolve({});
    await approving;
    (await current.job(5)).resolve({ outcome: 'current', waiting: null });
    expect(kinds().slice(4)).toEqual(['approve', 'cycle']);
  });

  it('recovers when a worker died, and goes on', async () => {
    let recoveries = 0;
    current = world({ recover: async () => { recoveries += 1; return { outcome: 'nothing', actions: [] }; } });
    (await current.job(0)).resolve(null);
    (await current.job(1)).reject(new HoldlineError('interrupted', 'cannot finish the job: the worker ended early'));
    expect((await current.job(2)).job.kind).toBe('settle');
    expect(recoveries).toBe(2);
  });
});
