// The daemon's memory of what its services use: one look a minute, of the last hour, for the comparison in the next probation.
import type { Clock, Logger, ServiceController } from '../../domain/ports.js';
import type { RegressionSettings } from '../../domain/device-rules.js';
import type { ServiceSettings } from '../../domain/settings.js';
import type { UsageHistory, UsageReader, UsageSample } from '../../domain/service-usage.js';
import { comparesAnything } from '../../health/compare-usage.js';
import { LEAST_SAMPLES } from '../../health/judge-regression.js';
import { createUsageSampler, type Running } from '../../health/usage-sampler.js';

export interface UsageWatch {
  /** From now on; more often than once does nothing. */
  begin(): void;
  history(): UsageHistory;
  end(): void;
}

export interface UsageWatchParts {
  readonly rules: RegressionSettings;
  readonly services: readonly ServiceSettings[];
  readonly controller: ServiceController;
  readonly reader: UsageReader;
  readonly clock: Clock;
  readonly log: Logger;
}

const HOUR_S = 3600;
/** However often it looks: a few kilobytes for each service. */
const MOST_SAMPLES = 120;
/** A unit is asked for by a process of its own: only when its main process changed, and now and then. */
const ASK_UNIT_EVERY = 10;

export function createUsageWatch({ rules, services, controller, reader, clock, log }: UsageWatchParts): UsageWatch {
  const sampler = createUsageSampler(reader, clock);
  const samples = new Map<string, UsageSample[]>();
  const most = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.ceil(HOUR_S / rules.interval)));
  const over = new AbortController();
  const who = createLookUp(controller, reader);
  let begun = false;
  const look = async (): Promise<void> => {
    for (const [name, sample] of sampler.sample(await who(services))) {
      const all = samples.get(name) ?? [];
      all.push(sample);
      if (all.length > most) all.shift();
      if (all.length === LEAST_SAMPLES) log.debug(`what ${name} uses is known: an update can be compared with it`);
      samples.set(name, all);
    }
  };
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        await look();
        await clock.sleep(rules.interval * 1000, over.signal);
      } catch (thrown) {
        if (over.signal.aborted) return;
        log.warn('what the services use cannot be told any more; updates are not compared', { reason: String(thrown) });
        return;
      }
    }
  };
  return {
    begin() {
      if (begun || services.length === 0 || !comparesAnything(rules)) return;
      begun = true;
      void watch();
    },
    history: () => Object.fromEntries(samples),
    end: () => over.abort(),
  };
}

/** Which process a service is now. */
function createLookUp(controller: ServiceController, reader: UsageReader): (services: readonly ServiceSettings[]) => Promise<readonly Running[]> {
  const known = new Map<string, Running>();
  let looks = 0;
  return async (services) => {
    const all = looks % ASK_UNIT_EVERY === 0;
    looks += 1;
    const alive = reader.read([...known.values()].flatMap((one) => (one.unit === null || one.pid === null ? [] : [{ name: one.name, unit: one.unit, pid: one.pid }])));
    for (const service of services) {
      if (service.unit !== null && !all && alive.has(service.name)) continue;
      const status = await controller.status(service).catch(() => undefined);
      known.set(service.name, { name: service.name, pid: status?.pid ?? null, restarts: status?.restarts ?? 0, unit: service.unit });
    }
    return [...known.values()];
  };
}
