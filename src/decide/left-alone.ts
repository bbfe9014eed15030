// Which of the planned services an update leaves alone after all: those that only a merge of config could have changed, and did not. Pure.
import type { TouchedService } from '../domain/plan.js';

/** @param touched in start order. @param changed config paths that really differ; null: nobody knows, so nobody is left alone */
export function leftAlone(touched: readonly TouchedService[], changed: ReadonlySet<string> | null): ReadonlySet<string> {
  const alone = new Set<string>();
  if (changed === null) return alone;
  for (const { name, unless } of touched) {
    if (unless !== undefined && !unless.paths.some((path) => changed.has(path)) && unless.services.every((service) => alone.has(service))) alone.add(name);
  }
  return alone;
}
