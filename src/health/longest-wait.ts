// How long past the end of probation a probe may still need to pass. Pure.
import type { HealthSettings } from '../domain/settings.js';
import type { ProbationRules } from './judge-probation.js';

/** Seconds: a service that starts in the last round still gets its active_for, a failing probe its rounds. */
export function longestWait(health: readonly HealthSettings[], rules: ProbationRules): number {
  const active = health.map((probe) => (probe.kind === 'service' ? probe.activeFor : 0));
  const timeouts = health.map((probe) => probe.timeout);
  return Math.max(0, ...active) + Math.max(1, rules.failures) * (rules.interval + Math.max(0, ...timeouts));
}
