// How long will an update take? As long as the longest of the last ones took, download and probation included, and the margin. Pure.
import type { HistoryEntry } from '../domain/results.js';

/** Old ones say little of today's releases. */
const RECENT = 5;
/** Download, staging and switch of a device that has never updated, in seconds. */
const FIRST_S = 300;

/** Seconds. @param history newest first. @param probation seconds of the settings: they may have been raised since */
export function estimateUpdate(history: readonly HistoryEntry[], probation: number, margin: number): number {
  const recent = history.filter(({ kind, outcome }) => kind === 'update' && outcome === 'committed').slice(0, RECENT);
  if (recent.length === 0) return FIRST_S + probation + margin;
  return Math.max(probation, ...recent.map((entry) => entry.duration_ms / 1000)) + margin;
}
