// All probes of one probation, run side by side. A prober belongs to one probation: it remembers what it has seen.
import type { BridgeInspector, Clock, Prober, Processes, ServiceController } from '../domain/ports.js';
import type { HealthSettings, ServiceSettings } from '../domain/settings.js';
import { probeBridge, probeCommand, watchService } from './device-probes.js';
import { probeHttp, probeTcp, type HttpFetch, type TcpConnect } from './network-probes.js';
import { limitProbe, type Finding, type Probe } from './probe.js';

export interface ProberOptions {
  /** From chooseProbes. */
  readonly health: readonly HealthSettings[];
  readonly services: readonly ServiceSettings[];
  readonly installDir: string;
  readonly controller: ServiceController;
  readonly processes: Processes;
  readonly fetch: HttpFetch;
  readonly connect: TcpConnect;
  readonly bridges: BridgeInspector;
  readonly clock: Clock;
}

/** A command is killed at its own limit, and what it printed until then is worth waiting for. */
const COMMAND_GRACE_S = 3;

export function createProber(options: ProberOptions): Prober {
  const probes = options.health.map((probe): Probe => {
    const limit = probe.timeout + (probe.kind === 'command' ? COMMAND_GRACE_S : 0);
    return limitProbe(probe.name, limit, options.clock, bindProbe(probe, options));
  });
  return { probe: (signal) => Promise.all(probes.map((probe) => probe(signal))) };
}

function bindProbe(probe: HealthSettings, options: ProberOptions): (signal: AbortSignal) => Promise<Finding> {
  switch (probe.kind) {
    case 'http': return (signal) => probeHttp(probe, options.fetch, signal);
    case 'tcp': return (signal) => probeTcp(probe, options.connect, signal);
    case 'command': return (signal) => probeCommand(probe, options.processes, options.installDir, signal);
    case 'bridge': return () => probeBridge(probe, options.bridges);
    case 'service': {
      const service = options.services.find((candidate) => candidate.name === probe.service);
      if (service === undefined) return async () => ({ ok: false, output: `the settings know no service ${probe.service}` });
      return watchService(probe, service, options.controller, options.clock);
    }
  }
}
