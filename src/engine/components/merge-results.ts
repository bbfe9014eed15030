// One answer from the answers of several components: the whole, and each by its name. Pure.
import type { CheckResult, ComponentCheck, ComponentFailure, ComponentUpdate, UpdateResult } from '../../domain/results.js';
import type { Waiting } from '../../domain/state.js';

/** The one of highest weight speaks for all. */
const UPDATE_WEIGHT: Readonly<Record<UpdateResult['outcome'], number>> = { broken: 6, rolled_back: 5, failed: 4, updated: 3, waiting: 2, current: 1 };

export function mergeUpdates(components: readonly ComponentUpdate[], durationMs: number): UpdateResult {
  const [first] = [...components].sort((a, b) => UPDATE_WEIGHT[b.outcome] - UPDATE_WEIGHT[a.outcome]);
  const sum = (count: (update: ComponentUpdate) => number): number => components.reduce((total, update) => total + count(update), 0);
  const next = components.flatMap(({ waiting }) => (waiting === undefined ? [] : [waiting])).sort(byUntil)[0];
  const warnings = components.flatMap((update) => update.warnings ?? []);
  const downtimes = components.flatMap(({ downtime_ms: downtime }) => (downtime === null ? [] : [downtime]));
  return {
    outcome: first?.outcome ?? 'current', from: null, to: null,
    reason: describe(components.filter(({ outcome, reason }) => outcome === first?.outcome && reason !== null).map(({ component, reason }) => `${component}: ${reason ?? ''}`)),
    code: first?.code ?? null, downtime_ms: downtimes.length === 0 ? null : Math.max(...downtimes), duration_ms: Math.round(durationMs),
    bytes_downloaded: sum((update) => update.bytes_downloaded), bytes_written: sum((update) => update.bytes_written),
    restarted: components.flatMap(({ restarted }) => restarted), reloaded: components.flatMap(({ reloaded }) => reloaded), config_conflicts: components.flatMap(({ config_conflicts: conflicts }) => conflicts), components,
    ...(next === undefined ? {} : { waiting: next }), ...(warnings.length === 0 ? {} : { warnings }),
  };
}

export function mergeChecks(components: readonly (ComponentCheck | ComponentFailure)[]): CheckResult {
  const checks = components.filter((check): check is ComponentCheck => check.outcome !== 'failed');
  const available = checks.find(({ outcome }) => outcome === 'available');
  const waits = checks.filter(({ waiting }) => waiting !== null);
  const next = waits.map(({ waiting }) => waiting).filter((waiting) => waiting !== null).sort(byUntil)[0] ?? null;
  return {
    outcome: available === undefined ? (next === null ? 'current' : 'waiting') : 'available', current_version: null, latest_version: null,
    update_available: checks.some(({ update_available: is }) => is),
    waiting: available !== undefined || next === null ? null : { ...next, detail: waits.map(({ component, waiting }) => `${component}: ${waiting?.detail ?? ''}`).join('; ') },
    release: null, components,
  };
}

/** When one of them may go on by itself is when all are looked at again. */
const byUntil = (a: Waiting, b: Waiting): number => (a.until ?? '9999').localeCompare(b.until ?? '9999');

const describe = (reasons: readonly string[]): string | null => (reasons.length === 0 ? null : reasons.join('; '));
