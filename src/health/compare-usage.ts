// During a probation: looks at what each restarted service uses, and at its end compares that with the hour before. Changes nothing, never throws.
import type { RegressionSettings } from '../domain/device-rules.js';
import type { ServiceController } from '../domain/ports.js';
import type { ServiceSettings } from '../domain/settings.js';
import type { UsageHistory, UsageSample } from '../domain/service-usage.js';
import { judgeRegression, type RegressionVerdict } from './judge-regression.js';
import type { Running, UsageSampler } from './usage-sampler.js';

export interface UsageComparison {
  /** Once a round. */
  look(): Promise<void>;
  /** When the probation is over and every probe is content. */
  judge(): readonly RegressionVerdict[];
}

export interface ComparisonParts {
  readonly rules: RegressionSettings;
  /** The restarted ones. */
  readonly services: readonly ServiceSettings[];
  readonly controller: ServiceController;
  readonly sampler: UsageSampler;
  readonly history: UsageHistory;
  /** ISO 8601: what was seen later is the new version already. */
  readonly until: string;
}

export const comparesAnything = ({ rssPercent, cpuPercent, restarts }: RegressionSettings): boolean => rssPercent > 0 || cpuPercent > 0 || restarts > 0;

export function createUsageComparison({ rules, services, controller, sampler, history, until }: ComparisonParts): UsageComparison {
  const seen = new Map<string, UsageSample[]>();
  return {
    async look() {
      const running = await Promise.all(services.map(async (service): Promise<Running[]> => {
        try {
          const { name, pid, restarts } = await controller.status(service);
          return [{ name, pid, restarts, unit: service.unit }];
        } catch { return []; } // the probes say what that means
      }));
      for (const [name, sample] of sampler.sample(running.flat())) seen.set(name, [...seen.get(name) ?? [], sample]);
    },
    judge: () => services.map(({ name }) => judgeRegression({
      rules, service: name, before: (history[name] ?? []).filter(({ at }) => at < Date.parse(until)), after: seen.get(name) ?? [],
    })),
  };
}
