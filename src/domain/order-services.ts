// The order in which services start: what a service depends on comes first. Pure; it decides nothing about restarts.

export interface Ordered {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

export type ServiceOrder =
  | { readonly kind: 'order'; readonly names: readonly string[] }
  /** The chain from a service back to itself: `['a', 'b', 'a']`. */
  | { readonly kind: 'cycle'; readonly chain: readonly string[] }
  | { readonly kind: 'unknown'; readonly service: string; readonly dependency: string };

/** Start order; among services that wait for nothing, the order they were declared in. Stop order is the reverse. */
export function orderServices(services: readonly Ordered[]): ServiceOrder {
  const byName = new Map(services.map((service) => [service.name, service]));
  const placed = new Set<string>();
  for (const first of services) {
    // An explicit stack: a chain of any length must not exhaust the call stack.
    const chain: string[] = [first.name];
    while (chain.length > 0) {
      const name = chain[chain.length - 1] ?? '';
      const next = byName.get(name)?.dependsOn.find((dependency) => !placed.has(dependency));
      if (next === undefined) {
        placed.add(name);
        chain.pop();
      } else if (!byName.has(next)) {
        return { kind: 'unknown', service: name, dependency: next };
      } else if (chain.includes(next)) {
        return { kind: 'cycle', chain: [...chain.slice(chain.indexOf(next)), next] };
      } else {
        chain.push(next);
      }
    }
  }
  return { kind: 'order', names: [...placed] };
}
