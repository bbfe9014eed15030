// Looks at what services use, again and again: from two readings of one process comes the share of a core in between. Keeps one reading for each service.
import type { Clock } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { UsageReader, UsageReading, UsageSample } from '../domain/service-usage.js';

/** A running service, as its controller last said. */
export type Running = Pick<ServiceStatus, 'name' | 'pid' | 'restarts'> & { readonly unit: string | null };

export interface UsageSampler {
  /** One sample for each service that runs. */
  sample(services: readonly Running[]): ReadonlyMap<string, UsageSample>;
}

interface Before { readonly pid: number; readonly atMs: number; readonly reading: UsageReading }

export function createUsageSampler(reader: UsageReader, clock: Pick<Clock, 'now' | 'monotonicMs'>): UsageSampler {
  const before = new Map<string, Before>();
  return {
    sample(services) {
      const running = services.flatMap(({ name, pid, unit, restarts }) => (pid === null ? [] : [{ name, pid, unit, restarts }]));
      const atMs = clock.monotonicMs();
      const at = clock.now().getTime();
      const readings = reader.read(running);
      const samples = new Map<string, UsageSample>();
      for (const { name, pid, restarts } of running) {
        const reading = readings.get(name);
        if (reading === undefined) continue;
        const last = before.get(name);
        before.set(name, { pid, atMs, reading });
        samples.set(name, { at, rss: reading.rss, ...sharesSince(last?.pid === pid ? last : undefined, reading, atMs), restarts });
      }
      return samples;
    },
  };
}

/** Children that ended take their time with them: less than before is nothing used, never less than nothing. */
function sharesSince(last: Before | undefined, { cpuSeconds, waitSeconds }: UsageReading, atMs: number): Pick<UsageSample, 'cpu' | 'wanted'> {
  const seconds = last === undefined ? 0 : (atMs - last.atMs) / 1000;
  if (last === undefined || seconds <= 0) return { cpu: null, wanted: null };
  const cpu = Math.max(0, cpuSeconds - last.reading.cpuSeconds) / seconds;
  return { cpu, wanted: cpu + Math.max(0, waitSeconds - last.reading.waitSeconds) / seconds };
}
