// Which probes judge this update. Pure.
import type { HealthSettings, ServiceSettings } from '../domain/settings.js';

export interface ProbeChoice {
  readonly health: readonly HealthSettings[];
  readonly services: readonly ServiceSettings[];
  /** Names of the services the update restarts. */
  readonly touched: readonly string[];
  /** Without the daemon no embedded service is started, so what depends on one cannot be judged. */
  readonly supervisorRuns: boolean;
}

/**
 * The probes of the settings; where there are none, each touched service must stay active. None at all: no probation.
 * Without the daemon, on a device with embedded services, only what does not need those is probed.
 */
export function chooseProbes({ health, services, touched, supervisorRuns }: ProbeChoice): readonly HealthSettings[] {
  const embedded = new Set(services.filter((service) => service.command !== null).map((service) => service.name));
  const judgeable = (probe: HealthSettings): boolean => supervisorRuns || embedded.size === 0
    || probe.kind === 'command' || probe.kind === 'bridge' || (probe.kind === 'service' && !embedded.has(probe.service));
  const chosen = health.filter(judgeable);
  if (chosen.length > 0) return chosen;
  return services
    .filter((service) => touched.includes(service.name))
    .map((service): HealthSettings => ({ kind: 'service', name: `service ${service.name}`, service: service.name, activeFor: 0, timeout: 15 }))
    .filter(judgeable);
}
