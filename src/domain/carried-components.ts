// Is a release for this component? One that says what it carries is for those alone. Pure.
import type { ComponentFacts } from './components.js';

type Whose = Pick<ComponentFacts, 'name' | 'tagMates'>;

/** More are counted, not named. */
const MAX_TOLD = 5;

/**
 * Why it is not, one clause; undefined where it is.
 * @param carries names of components; none where the release is one payload that names nobody
 */
export function whyForeign(carries: readonly string[], { name, tagMates }: Whose): string | undefined {
  if (carries.includes(name)) return undefined;
  if (carries.length > 0) return `it carries ${listNames(carries)}, and nothing for ${name}`;
  return tagMates.length === 0 ? undefined : `it is one payload and does not say whether it is ${[name, ...tagMates].slice(0, MAX_TOLD).join(' or ')}`;
}

export function listNames(names: readonly string[]): string {
  const told = names.slice(0, MAX_TOLD);
  const more = names.length - told.length;
  if (more > 0) return `${told.join(', ')} and ${more} more`;
  return told.length < 2 ? told.join('') : `${told.slice(0, -1).join(', ')} and ${told.at(-1) ?? ''}`;
}
