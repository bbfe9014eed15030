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
  const judgeable = judgeableBy(services, supervisorRuns);
  const chosen = health.filter(judgeable);
  if (chosen.length > 0) return chosen;
  return services.filter((service) => touched.includes(service.name)).map(activeProbe).filter(judgeable);
}

/** For one instance between two others: it must be active, and every probe that asks for no other service must pass. */
export function choosePeek({ health, services, service, allProbes, supervisorRuns }: Omit<ProbeChoice, 'touched'> & { readonly service: string; readonly allProbes: boolean }): readonly HealthSettings[] {
  const probes = health.filter((probe) => (probe.kind === 'service' ? probe.service === service : allProbes));
  return [...services.filter(({ name }) => name === service).map(activeProbe), ...probes].filter(judgeableBy(services, supervisorRuns));
}

const activeProbe = ({ name }: ServiceSettings): HealthSettings => ({ kind: 'service', name: `service ${name}`, service: name, activeFor: 0, timeout: 15 });

function judgeableBy(services: readonly ServiceSettings[], supervisorRuns: boolean): (probe: HealthSettings) => boolean {
  const embedded = new Set(services.filter((service) => service.command !== null).map((service) => service.name));
  return (probe) => supervisorRuns || embedded.size === 0
    || probe.kind === 'command' || probe.kind === 'bridge' || (probe.kind === 'service' && !embedded.has(probe.service));
}
