// What the orchestration of several components works with: each is a device of its own to everything below, and one place holds what they share.
import type { ComponentFacts } from '../../domain/components.js';
import { HoldlineError } from '../../domain/errors.js';
import { orderComponents } from '../../domain/order-components.js';
import type { EngineParts, Verdict, WatchRules } from '../parts.js';

export interface Member { readonly name: string; readonly facts: ComponentFacts; readonly parts: EngineParts }

export interface AppParts {
  /** The app as a whole: its state directory is what they share, its services are all of them. */
  readonly app: EngineParts;
  /** In the order of the settings. */
  readonly members: readonly Member[];
  readonly together: readonly (readonly string[])[];
  /** As EngineParts.watch, with the probes of all of these components. */
  watch(components: readonly string[], touched: readonly string[], rules: WatchRules, signal: AbortSignal): Promise<Verdict>;
}

/** One member, or a group that commits or reverts as one; what it depends on stands before it. */
export type ComponentPlace = readonly Member[];

export function placesOf({ members, together }: Pick<AppParts, 'members' | 'together'>): readonly ComponentPlace[] {
  const order = orderComponents(members.map(({ name, facts }) => ({ name, dependsOn: Object.keys(facts.dependsOn) })), together);
  // The settings have been checked; a worker gets them from a daemon that has checked them.
  if (order.kind !== 'order') throw new HoldlineError('settings-invalid', 'cannot order the components', { hint: 'Restart holdline: it checks the settings again and says what is wrong.' });
  return order.places.map((names) => names.map((name) => memberOf({ members }, name)));
}

/** @throws HoldlineError `usage` */
export function memberOf({ members }: Pick<AppParts, 'members'>, name: string): Member {
  const found = members.find((member) => member.name === name);
  if (found !== undefined) return found;
  throw new HoldlineError('usage', `cannot find the component ${name}`, { hint: `There are: ${members.map((member) => member.name).join(', ')}.` });
}

/** The settings compare folders by their names; a link may still lead two of them to one place. @throws HoldlineError `settings-invalid` */
export function assertApart(members: readonly Member[]): void {
  const seen = new Map<string, string>();
  for (const { name, parts: { fs, layout } } of members) {
    const place = fs.stat(layout.installDir) === undefined ? layout.installDir : fs.realPath(layout.installDir);
    const other = seen.get(place);
    if (other !== undefined) throw new HoldlineError('settings-invalid', `cannot update: ${other} and ${name} lie in the same folder ${place}; nothing was changed`, { hint: 'Give each component a folder of its own: a link leads them together.' });
    seen.set(place, name);
  }
}
