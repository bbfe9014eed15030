// Releases under this component's tags that are other components': found once by their proven manifest, then known without asking.
import { whyForeign } from '../domain/carried-components.js';
import type { ComponentFacts } from '../domain/components.js';
import { HoldlineError } from '../domain/errors.js';
import { MANIFEST_ASSET, type Release } from '../domain/release.js';
import type { DeviceState, SeenRelease } from '../domain/state.js';

/** Newer than what runs, and all of them others'. Below so many nothing is looked for: what is forgotten would be asked for again at every look. */
export const MAX_FOREIGN_SEEN = 500;

export interface FoundForeign extends Pick<Release, 'tag' | 'version'> {
  readonly why: string;
  readonly carries: readonly string[];
  readonly expires: string | null;
  /** Null: nothing that could be remembered. */
  readonly sha256: string | null;
  readonly at: Date;
  /** A person has asked for exactly this one. */
  readonly named: boolean;
}

export interface ForeignReleases {
  /** Why each of them is not for this component, by tag. */
  of(releases: readonly Release[]): ReadonlyMap<string, string>;
  /** @throws HoldlineError `manifest-component` where a person named it */
  found(release: FoundForeign): void;
  /** How many were found in this look: each has cost a manifest. */
  count(): number;
  /** To be remembered. */
  proven(): Readonly<Record<string, SeenRelease>>;
}

export function createForeignReleases(component: ComponentFacts | null, seen: DeviceState['seen']): ForeignReleases {
  const now = new Map<string, string>();
  const news: Record<string, SeenRelease> = {};
  const remembered = ({ tag, assets }: Release): string | undefined => {
    const known = seen[tag];
    if (component === null || known?.carries === undefined) return undefined;
    // Where the source shows that its manifest is another one now, it is looked at, and refused as changed.
    const shown = assets.find(({ name }) => name === MANIFEST_ASSET)?.sha256 ?? null;
    return shown === null || shown === known.sha256 ? whyForeign(known.carries, component) : undefined;
  };
  return {
    of: (releases) => new Map(releases.flatMap((release) => {
      const why = now.get(release.tag) ?? remembered(release);
      return why === undefined ? [] : [[release.tag, why] as const];
    })),
    found({ tag, version, why, carries, expires, sha256, at, named }) {
      if (named) throw notOurs(component, tag, why);
      now.set(tag, why);
      if (sha256 !== null) news[tag] = { version, sha256, expires, at: at.toISOString(), carries };
    },
    count: () => now.size,
    proven: () => news,
  };
}

function notOurs(component: ComponentFacts | null, tag: string, why: string): HoldlineError {
  const name = component?.name ?? 'the app';
  return new HoldlineError('manifest-component', `cannot take release ${tag} for ${name}: ${why}. Nothing was changed`, { hint: `holdline explain ${name} shows which releases are for it.`, context: { tag } });
}
