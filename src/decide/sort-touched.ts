// The start order of the touched services. Dependencies come first, through untouched ones too; where the order is free, those that
// stand still are started before anybody is told, and both before the slow rolling. Pure.
import type { TouchedService, TouchAction } from '../domain/plan.js';

export interface Sortable { readonly name: string; readonly dependsOn: readonly string[] }

const RANK: Readonly<Record<TouchAction, number>> = { restart: 1, reload: 2, roll: 3 };

/** @param services all of them, each after what it depends on */
export function sortTouched(services: readonly Sortable[], touched: ReadonlyMap<string, TouchedService>): readonly TouchedService[] {
  const rank = ({ name }: Sortable): number => RANK[touched.get(name)?.action ?? 'restart'] * (touched.has(name) ? 1 : 0);
  const placed = new Set<string>();
  const sorted: TouchedService[] = [];
  let waiting = [...services];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ dependsOn }) => dependsOn.every((name) => placed.has(name)));
    const least = Math.min(...ready.map(rank));
    const next = ready.find((service) => rank(service) === least);
    if (next === undefined) break; // the caller has ordered them, so there is no circle
    placed.add(next.name);
    waiting = waiting.filter((service) => service !== next);
    const entry = touched.get(next.name);
    if (entry !== undefined) sorted.push(entry);
  }
  return sorted;
}
