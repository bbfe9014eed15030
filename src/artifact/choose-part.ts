// The part of a release that is this device's, or this component's, to install. Pure.
// A release of several must never be taken for one of them, nor one component's part for another's.
import { listNames, whyForeign } from '../domain/carried-components.js';
import type { ComponentFacts } from '../domain/components.js';
import { HoldlineError } from '../domain/errors.js';
import { isOfSeveral, type Manifest, type ManifestOfSeveral } from '../domain/manifest.js';

/** A release of this component's tags that has nothing for it. */
export interface ForeignRelease {
  /** One clause. */
  readonly why: string;
  /** To be remembered (`SeenRelease.carries`). */
  readonly carries: readonly string[];
  readonly expires: string | null;
}

export type PartChoice = { readonly kind: 'part'; readonly manifest: Manifest } | { readonly kind: 'foreign'; readonly foreign: ForeignRelease };

/** @param component null: the settings know of none. @throws HoldlineError `manifest-component` for several where there is none to choose by */
export function choosePart(stated: Manifest | ManifestOfSeveral, component: Pick<ComponentFacts, 'name' | 'tagMates'> | null): PartChoice {
  const carries = isOfSeveral(stated) ? Object.keys(stated.components).sort() : [];
  if (component === null && isOfSeveral(stated)) throw unnamed(stated, carries);
  const why = component === null ? undefined : whyForeign(carries, component);
  if (why !== undefined) return { kind: 'foreign', foreign: { why, carries, expires: stated.expires } };
  if (!isOfSeveral(stated)) return { kind: 'part', manifest: stated };
  const { components, ...head } = stated;
  const name = component?.name ?? '';
  const part = components[name];
  if (part === undefined) throw unnamed(stated, carries);
  const needs = Object.entries(components).flatMap(([other, { requires }]) => {
    const range = ownValue(requires.components, name);
    return other === name || range === undefined ? [] : [[other, range] as const];
  });
  return { kind: 'part', manifest: { ...head, ...part, ...(needs.length === 0 ? {} : { needed_by: Object.fromEntries(needs) }) } };
}

const ownValue = (ranges: Readonly<Record<string, string>> | undefined, name: string): string | undefined => (ranges !== undefined && Object.hasOwn(ranges, name) ? ranges[name] : undefined);

function unnamed({ tag }: ManifestOfSeveral, carries: readonly string[]): HoldlineError {
  const [first = ''] = carries;
  return new HoldlineError('manifest-component', `cannot take release ${tag}: it carries ${listNames(carries)}, and the settings of this device name no components. Nothing was changed`, {
    hint: `Say in the settings which of them are here and where: components: {${first}: {install_dir: /opt/${first}, tag_prefix: ""}} (tag_prefix as in the tag: "" for v1.2.3).`, context: { tag },
  });
}
