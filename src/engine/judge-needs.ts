// What the other components say of a release: rulings beside those of the gates. Without other components they say nothing.
import type { Neighbours } from '../domain/components.js';
import type { Manifest, Requirements } from '../domain/manifest.js';
import type { Release } from '../domain/release.js';
import type { Ruling } from '../domain/ruling.js';
import type { Waiting } from '../domain/state.js';
import type { SeenRelease } from '../decide/choose-release.js';
import { findBrokenBound, findDeadlock, judgeDependencies } from '../decide/judge-dependencies.js';
import type { EngineParts } from './parts.js';
import { peekVersion } from './read-device.js';

export function judgeNeeds(parts: EngineParts, { tag, version }: Pick<Release, 'tag' | 'version'>, manifest: Manifest | null): readonly Ruling[] {
  const neighbours = parts.neighbours?.();
  if (neighbours === undefined) return [];
  const { settings } = parts;
  const broken = findBrokenBound(version, neighbours.bounds);
  const wish = { component: settings.component?.name ?? settings.app, version, requires: manifest?.requires.components ?? {} };
  const unmet = judgeDependencies(wish, neighbours);
  const deadlock = unmet === null ? undefined : findDeadlock(wish, peekVersion(parts), manifest?.needed_by ?? {}, neighbours);
  const waiting: Waiting | null = broken === undefined
    ? unmet !== null && deadlock !== undefined ? { ...unmet, detail: `${unmet.detail}; ${deadlock}` } : unmet
    : { reason: 'dependency', detail: `${tag} is not taken: ${broken.why}`, until: null };
  return [waiting === null ? { rule: 'dependency', verdict: 'pass', detail: 'what it needs of other components is there, and it is what they need' } : { rule: 'dependency', verdict: 'wait', detail: waiting.detail, waiting }];
}

/** Other components are judged by judgeNeeds, as they are after what the same turn has done. */
export function ownRequirements(manifest: Manifest | null, hasNeighbours: boolean): Requirements {
  return hasNeighbours ? { ...manifest?.requires, components: undefined } : manifest?.requires ?? {};
}

/** A newer version that another component cannot bear: the device is not up to date, and cannot be. */
export function findHeldBack(seen: readonly SeenRelease[], neighbours: Neighbours | undefined): Waiting | null {
  const held = neighbours === undefined ? undefined : seen.find(({ why }) => why === 'bound');
  return held === undefined ? null : { reason: 'dependency', detail: `${held.tag} is not taken: ${held.detail}`, until: null };
}
