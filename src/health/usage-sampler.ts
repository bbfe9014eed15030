// Looks at what services use, again and again: from two readings of one process comes the share of a core in between. Keeps one reading for each service.
import type { Clock } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { UsageReader, UsageSample } from '../domain/service-usage.js';

/** A running service, as its controller last said. */
export type Running = Pick<ServiceStatus, 'name' | 'pid' | 'restarts'> & { readonly unit: string | null };

export interface UsageSampler {
  /** One sample for each service that runs. */
  sample(services: readonly Running[]): ReadonlyMap<string, UsageSample>;
}

interface Before { readonly pid: number; readonly atMs: number; readonly cpuSeconds: number }

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
        const seconds = last === undefined || last.pid !== pid ? 0 : (atMs - last.atMs) / 1000;
        // Children that ended take their time with them: less than before is nothing used, never less than nothing.
        const cpu = last === undefined || seconds <= 0 ? null : Math.max(0, reading.cpuSeconds - last.cpuSeconds) / seconds;
        before.set(name, { pid, atMs, cpuSeconds: reading.cpuSeconds });
        samples.set(name, { at, rss: reading.rss, cpu, restarts });
      }
      return samples;
    },
  };
}
