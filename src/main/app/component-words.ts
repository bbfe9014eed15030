// Which component a person means: only the settings know the names.
import { HoldlineError } from '../../domain/errors.js';
import type { Settings } from '../../domain/settings.js';
import { suggest } from '../../domain/suggest.js';
import type { ComponentRequest } from '../../interface/app.js';

/** Null: the app is one component. */
export type ComponentNames = readonly string[] | null;

export const componentNames = (settings: Pick<Settings, 'components'>): ComponentNames => settings.components?.map(({ component }) => component.name) ?? null;

/** @throws HoldlineError `usage` for a name nobody has */
export function assertKnown(names: ComponentNames, { component }: ComponentRequest): ComponentRequest {
  if (component === undefined || names?.includes(component) === true) return { component };
  if (names === null) throw new HoldlineError('usage', `cannot find the component ${component}: this device is one component`, { hint: 'Leave --component out, or describe components in the settings.' });
  const near = suggest(component, names);
  throw new HoldlineError('usage', `cannot find the component ${component}${near === undefined ? '' : `, did you mean ${near}?`}`, { hint: `There are: ${names.join(', ')}.` });
}

export interface RollbackWords extends ComponentRequest { readonly target: string | undefined }

/** `[COMPONENT] [VERSION|BACKUP]`: where there are components, the first word names one. */
export function readRollbackWords([first, second]: readonly string[], names: ComponentNames): RollbackWords {
  if (names === null) {
    if (second === undefined) return { component: undefined, target: first };
    throw new HoldlineError('usage', `cannot roll back ${first} to ${second}: this device is one component`, { hint: 'Name one version or backup: holdline rollback [VERSION|BACKUP].' });
  }
  if (first === undefined) throw new HoldlineError('usage', 'cannot roll back: this device has several components', { hint: `Say which one: holdline rollback NAME [VERSION|BACKUP]. There are: ${names.join(', ')}.` });
  return { ...assertKnown(names, { component: first }), target: second };
}
