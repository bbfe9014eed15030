// One controller for all services: systemd units to systemctl, commands to the embedded supervisor.
import type { ServiceController } from '../domain/ports.js';
import type { ServiceSettings } from '../domain/settings.js';

export interface ControllerParts { readonly systemd: ServiceController; readonly embedded: ServiceController }

export function createController({ systemd, embedded }: ControllerParts): ServiceController {
  const pick = (service: ServiceSettings): ServiceController => (service.unit === null ? embedded : systemd);
  return {
    start: (service) => pick(service).start(service),
    stop: (service) => pick(service).stop(service),
    status: (service) => pick(service).status(service),
  };
}
