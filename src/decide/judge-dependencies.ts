// What components need of each other: ranges of the device's settings, which a release can narrow and never widen. Pure.
import satisfiesRange from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';
import type { Neighbours, VersionBound } from '../domain/components.js';
import type { Waiting } from '../domain/state.js';

/** A range nobody can read is met by nobody. */
export const fitsRange = (version: string, range: string): boolean => validRange(range) !== null && satisfiesRange(version, range, { includePrerelease: true });

/** The first bound that a version is outside of. */
export function findBrokenBound(version: string, bounds: readonly VersionBound[]): VersionBound | undefined {
  return bounds.find(({ range }) => !fitsRange(version, range));
}

/** What a component wants to become, and what it says it needs there. */
export interface Wish {
  readonly component: string;
  readonly version: string;
  /** Of the release: `requires.components`. */
  readonly requires: Readonly<Record<string, string>>;
}

/** Null: it may go there as far as the others are concerned. */
export function judgeDependencies({ component, version, requires }: Wish, neighbours: Pick<Neighbours, 'needs' | 'versions' | 'fellows'>): Waiting | null {
  const asked = [
    ...Object.entries(neighbours.needs).map(([other, range]) => ({ other, range, by: `${component} needs` })),
    ...Object.entries(requires).map(([other, range]) => ({ other, range, by: `${component} ${version} needs` })),
  ];
  const unmet = asked.filter(({ other, range }) => {
    if (neighbours.fellows.includes(other)) return false;
    const have = neighbours.versions[other] ?? null;
    return have === null || !fitsRange(have, range);
  });
  if (unmet.length === 0) return null;
  const [first] = unmet;
  const said = unmet.map(({ other, range, by }) => `${by} ${other} ${range}, here ${describeVersion(other, neighbours.versions)}`);
  return { reason: 'dependency', detail: `${first?.by.startsWith(`${component} ${version}`) === true ? '' : `${component} ${version} waits: `}${[...new Set(said)].join('; ')}`, until: null };
}

/**
 * Two parts of one release that each need the other's new version: neither can ever go first. Words for people, with what to do; undefined where it is not so.
 * @param current the component's own version now. @param neededBy what others of the same release need of it
 */
export function findDeadlock({ component, requires }: Wish, current: string | null, neededBy: Readonly<Record<string, string>>, { versions, fellows }: Pick<Neighbours, 'versions' | 'fellows'>): string | undefined {
  const isMet = (have: string | null, range: string): boolean => have !== null && fitsRange(have, range);
  const other = Object.entries(neededBy).find(([name, range]) => Object.hasOwn(requires, name) && !fellows.includes(name) && Object.hasOwn(versions, name)
    && !isMet(versions[name] ?? null, requires[name] ?? '') && !isMet(current, range));
  return other === undefined ? undefined : `each needs the new version of the other, so they can only move as one: together: [[${[component, other[0]].sort().join(', ')}]] in the settings`;
}

function describeVersion(name: string, versions: Neighbours['versions']): string {
  if (!Object.hasOwn(versions, name)) return 'there is no such component';
  const version = versions[name] ?? null;
  return version === null ? 'it is not installed' : `is ${version}`;
}

/** How a component came out of a turn; outcome and reason as in the answers. */
export interface TurnEnd { readonly outcome: string; readonly reason: string | null }

const TROUBLE: Readonly<Record<string, string>> = { failed: 'could not be updated', rolled_back: 'was put back', broken: 'is broken', waiting: 'waits itself' };

/**
 * One that it needs has failed in this turn, or was left aside for one that has: then it stays as it is, whatever would fit.
 * @param troubled those that failed or were left aside so far
 */
export function findFailedDependency(name: string, needs: readonly string[], troubled: ReadonlyMap<string, TurnEnd>): Waiting | null {
  const other = needs.find((need) => troubled.has(need));
  const end = other === undefined ? undefined : troubled.get(other);
  if (other === undefined || end === undefined) return null;
  return { reason: 'dependency', detail: `${name} waits: it depends on ${other}, which ${TROUBLE[end.outcome] ?? 'failed'} (${end.reason ?? 'no reason was given'})`, until: null };
}

/** Does this end keep those who depend on it from being touched? */
export const isTrouble = ({ outcome }: Pick<TurnEnd, 'outcome'>): boolean => outcome !== 'waiting' && Object.hasOwn(TROUBLE, outcome);
