// How far components that move together go back where one of them was withdrawn: each to what ran beside the others before. Pure.
import semver from 'semver';
import { chooseSafeVersion, type SafeVersionRequest } from './choose-safe-version.js';

/** A move that was committed; transactions sort by the time of their begin. */
export interface PastMove { readonly transaction: string; readonly from: string | null; readonly to: string }

export interface GroupPlace extends Omit<SafeVersionRequest, 'current'> {
  readonly component: string;
  /** null: nothing is installed. */
  readonly current: string | null;
  readonly isWithdrawn: boolean;
  readonly moves: readonly PastMove[];
}

export type WayBack =
  /** `to` by component; who is not in it stays where it is. */
  | { readonly kind: 'back'; readonly to: Readonly<Record<string, string>> }
  /** This one has nothing good to go back to. */
  | { readonly kind: 'none'; readonly component: string };

/**
 * One that was withdrawn goes to its safe version. The others go to what they were before it left that one: what has not changed since
 * has run beside it, and stays.
 */
export function chooseWayBack(places: readonly GroupPlace[]): WayBack {
  const to: Record<string, string> = {};
  const begins: (string | null)[] = [];
  for (const { component, current, isWithdrawn, moves, ...here } of places) {
    if (!isWithdrawn || current === null) continue;
    const target = chooseSafeVersion({ ...here, current });
    if (target === null) return { kind: 'none', component };
    to[component] = target;
    const after = [...moves].sort(byTime);
    begins.push((after.findLast(({ from }) => from === target) ?? after.findLast((move) => move.to === current))?.transaction ?? null);
  }
  // Where one has no history, nobody knows what ran beside it: then each goes back by one.
  const since = begins.includes(null) ? null : begins.map(String).sort()[0] ?? null;
  for (const place of places) {
    const { component, current, isWithdrawn } = place;
    if (isWithdrawn || current === null) continue;
    const wanted = since === null ? place.previous : wantedBefore(place.moves, since) ?? current;
    if (wanted === null || !semver.lt(wanted, current)) continue;
    const isHere = [...place.kept, ...place.backups].includes(wanted);
    const target = chooseSafeVersion({ ...place, current, previous: isHere ? wanted : place.previous });
    if (target === null) return { kind: 'none', component };
    to[component] = target;
  }
  return { kind: 'back', to };
}

/** What it was before its first move since then; null where it has not moved, or was not there. */
const wantedBefore = (moves: readonly PastMove[], since: string): string | null => [...moves].sort(byTime).find(({ transaction }) => transaction >= since)?.from ?? null;

const byTime = (a: PastMove, b: PastMove): number => (a.transaction < b.transaction ? -1 : Number(a.transaction > b.transaction));
