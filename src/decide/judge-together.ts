// Do the versions that components of one group would have together fit each other? Pure.
import type { Waiting } from '../domain/state.js';
import { judgeDependencies } from './judge-dependencies.js';

export interface GroupWish {
  readonly component: string;
  /** What it would be: the new one, else what runs; null: nothing. */
  readonly version: string | null;
  /** By the settings. */
  readonly needs: Readonly<Record<string, string>>;
  /** By the release of that version. */
  readonly requires: Readonly<Record<string, string>>;
}

/** Null: they fit. What they need of others outside the group has been judged for each. */
export function judgeTogether(wishes: readonly GroupWish[]): Waiting | null {
  const versions = Object.fromEntries(wishes.map(({ component, version }) => [component, version]));
  const inside = (ranges: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(ranges).filter(([name]) => Object.hasOwn(versions, name)));
  for (const { component, version, needs, requires } of wishes) {
    if (version === null) continue;
    const unmet = judgeDependencies({ component, version, requires: inside(requires) }, { needs: inside(needs), versions, fellows: [] });
    if (unmet !== null) return { ...unmet, detail: `${wishes.map((wish) => wish.component).join(' and ')} cannot move together: ${unmet.detail.replaceAll(', here is ', ', it would be ').replaceAll(', here it is not', ', it would not be')}` };
  }
  return null;
}
