// One controller for all services: systemd units to systemctl, commands to the embedded supervisor, bridges to themselves.
import { HoldlineError } from '../domain/errors.js';
import type { ServiceController } from '../domain/ports.js';
import type { ServiceSettings } from '../domain/settings.js';

export interface ControllerParts {
  readonly systemd: ServiceController;
  readonly embedded: ServiceController;
  /** Replaces the running bridge by the installed program, the line held all the time. */
  upgradeBridge(name: string): Promise<void>;
}

export function createController({ systemd, embedded, upgradeBridge }: ControllerParts): ServiceController {
  const pick = (service: ServiceSettings): ServiceController => (service.unit === null ? embedded : systemd);
  return {
    start: (service) => pick(service).start(service),
    stop: (service) => pick(service).stop(service),
    status: (service) => pick(service).status(service),
    async reload(service) {
      if (typeof service.onChange !== 'object' || !('bridge' in service.onChange)) return pick(service).reload(service);
      // One that does not run holds no line; what starts it starts the new program.
      if (!(await pick(service).status(service)).active) return;
      try { await upgradeBridge(service.onChange.bridge); } catch (cause) {
        throw new HoldlineError('service-reload', `cannot upgrade the bridge of ${service.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, hint: 'The line is held as before. See holdline bridge status.', context: { service: service.name } });
      }
    },
  };
}
