// Which services an update stops and starts. Hardware services are never touched by it.
import { HoldlineError } from '../domain/errors.js';
import { orderServices } from '../domain/order-services.js';
import type { ServiceSettings } from '../domain/settings.js';

type Restartable = Pick<ServiceSettings, 'name' | 'kind' | 'dependsOn'>;

/**
 * Names in start order; stop in the reverse. Empty when no file changes. An order through a hardware service still
 * counts for the services on both sides of it. Throws `settings-invalid` for a cycle or an unknown name.
 */
export function planRestart(services: readonly Restartable[], filesChanged: boolean): readonly string[] {
  const order = orderServices(services);
  if (order.kind === 'cycle') {
    throw new HoldlineError('settings-invalid', `cannot order the services: they depend on each other in a circle (${order.chain.join(' -> ')})`, {
      hint: 'Remove one of these depends_on entries.',
    });
  }
  if (order.kind === 'unknown') {
    throw new HoldlineError('settings-invalid', `cannot order the services: ${order.service} depends on ${order.dependency}, which is not in services`, {
      hint: `Add ${order.dependency} to services, or remove it from depends_on.`,
    });
  }
  if (!filesChanged) return [];
  const touched = new Set(services.filter((service) => service.kind === 'service').map((service) => service.name));
  return order.names.filter((name) => touched.has(name));
}
