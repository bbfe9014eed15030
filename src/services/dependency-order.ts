// Acts on services along their dependencies, independent ones side by side. Pure order; the act is the caller's.
import type { ServiceSettings } from '../domain/settings.js';

/** Unknown names and cycles (the settings refuse them) are left out rather than waited for. */
export async function inDependencyOrder(
  services: readonly ServiceSettings[],
  direction: 'dependencies-first' | 'dependents-first',
  act: (service: ServiceSettings) => Promise<void>,
): Promise<void> {
  const started = new Map<string, Promise<void>>();
  const before = (service: ServiceSettings): ServiceSettings[] => services.filter((other) => (direction === 'dependencies-first'
    ? service.dependsOn.includes(other.name) : other.dependsOn.includes(service.name)));
  const visit = (service: ServiceSettings, above: readonly string[]): Promise<void> => {
    const known = started.get(service.name);
    if (known !== undefined) return known;
    const path = [...above, service.name];
    const waits = before(service).filter((other) => !path.includes(other.name)).map((other) => visit(other, path));
    const run = Promise.all(waits).then(() => act(service));
    started.set(service.name, run);
    return run;
  };
  await Promise.all(services.map((service) => visit(service, [])));
}
