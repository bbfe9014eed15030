// The order in which components are updated: what a component depends on comes first, and what moves together is one place in it. Pure.
import { orderServices } from './order-services.js';

export interface ComponentNode { readonly name: string; readonly dependsOn: readonly string[] }

export type ComponentOrder =
  /** Each place is one component or one group; undo and stop go the other way. */
  | { readonly kind: 'order'; readonly places: readonly (readonly string[])[] }
  /** `['app', 'database', 'app']`; a group shows as `app + web`. */
  | { readonly kind: 'cycle'; readonly chain: readonly string[] }
  | { readonly kind: 'unknown'; readonly component: string; readonly dependency: string };

/** @param together groups without a common member */
export function orderComponents(components: readonly ComponentNode[], together: readonly (readonly string[])[]): ComponentOrder {
  const alone = orderServices(components);
  if (alone.kind === 'unknown') return { kind: 'unknown', component: alone.service, dependency: alone.dependency };
  if (alone.kind === 'cycle') return alone;
  // Also inside a group what is depended on comes first.
  const places = new Map<string, readonly string[]>();
  const placeOf = (name: string): string => labelOf(membersOf(name, together, alone.names));
  for (const name of alone.names) places.set(placeOf(name), membersOf(name, together, alone.names));
  const byName = new Map(components.map((component) => [component.name, component]));
  const nodes = [...places].map(([label, members]) => ({
    name: label,
    dependsOn: [...new Set(members.flatMap((member) => byName.get(member)?.dependsOn ?? []).map(placeOf))].filter((other) => other !== label),
  }));
  const order = orderServices(nodes);
  if (order.kind !== 'order') return order.kind === 'cycle' ? order : { kind: 'unknown', component: order.service, dependency: order.dependency };
  return { kind: 'order', places: order.names.map((label) => places.get(label) ?? []) };
}

const labelOf = (members: readonly string[]): string => members.join(' + ');

function membersOf(name: string, together: readonly (readonly string[])[], order: readonly string[]): readonly string[] {
  const group = together.find((members) => members.includes(name));
  return group === undefined ? [name] : order.filter((candidate) => group.includes(candidate));
}

/** The names in that order; of an impossible graph as they were given. */
export function placesInOrder(components: readonly ComponentNode[], together: readonly (readonly string[])[]): readonly string[] {
  const order = orderComponents(components, together);
  return order.kind === 'order' ? order.places.flat() : components.map(({ name }) => name);
}
