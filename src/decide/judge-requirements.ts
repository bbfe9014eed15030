// Is this device fit for a release: what the release requires, what the owner asks of the device, and room for it? A report of values. Pure.
import type { DeviceFacts } from '../domain/device-facts.js';
import type { NetworkSettings, RequirementSettings } from '../domain/device-rules.js';
import type { Requirements } from '../domain/manifest.js';
import type { RequirementCheck, RequirementReport } from '../domain/requirement-report.js';
import type { UpdateType } from '../domain/release.js';
import type { Ruling } from '../domain/ruling.js';
import { checkCondition } from './requirements/condition.js';
import { checkRoom, type DiskNeed } from './requirements/room.js';
import { checkStated } from './requirements/stated.js';

export interface DeviceProperties extends DeviceFacts {
  /** Plain semver of what runs; null when nothing does. */
  readonly currentVersion: string | null;
}

export interface RequirementRequest {
  readonly requires: Requirements;
  readonly device: DeviceProperties;
  readonly rules: RequirementSettings;
  readonly network: Pick<NetworkSettings, 'metered' | 'pass'>;
  readonly need: DiskNeed;
  /** Null where no release is judged: the device by itself. */
  readonly type: UpdateType | null;
  readonly now: Date;
}

export interface JudgedRequirements extends RequirementReport {
  /** Of what does not change by itself only `min_version` fails: a release in between leads there. */
  readonly needsSteppingStone: boolean;
  /** One sentence naming what is missing; empty when nothing is. */
  readonly detail: string;
  /** ISO 8601 UTC when another look is worth it; null when somebody has to do something, or all is well. */
  readonly until: string | null;
}

/** Seconds: heat and load are another matter after some minutes. */
const LOOK_AGAIN_S = 300;

export function judgeRequirements(request: RequirementRequest): JudgedRequirements {
  const checks = [...checkStated(request.requires, request.device), ...checkRoom(request), ...checkCondition(request)];
  const failed = checks.filter(({ verdict }) => verdict === 'failed');
  const lasting = failed.filter(({ passing }) => !passing);
  return {
    ok: failed.length === 0, score: scoreOf(checks), checks,
    needsSteppingStone: lasting.length === 1 && lasting[0]?.name === 'min_version',
    detail: failed.length === 0 ? '' : `it needs ${failed.map(({ name, needed, have }) => `${name} ${needed} (here: ${have})`).join(', ')}`,
    until: failed.length > 0 && lasting.length === 0 ? new Date(request.now.getTime() + LOOK_AGAIN_S * 1000).toISOString() : null,
  };
}

const WORTH = { passed: 2, warned: 1, failed: 0 } as const;

function scoreOf(checks: readonly RequirementCheck[]): number {
  const worth = checks.flatMap(({ verdict }) => (verdict === 'unknown' ? [] : [WORTH[verdict]]));
  return worth.length === 0 ? 100 : Math.floor((100 * worth.reduce<number>((sum, one) => sum + one, 0)) / (2 * worth.length));
}

/** The same as a ruling: what `explain` shows, and what a second look right before the switch waits for. */
export function rulingOfRequirements({ ok, score, detail, until, checks }: JudgedRequirements, tag: string): Ruling {
  if (!ok) return { rule: 'requirements', verdict: 'wait', detail, waiting: { reason: 'requirements', detail: `${tag} cannot be installed here: ${detail}`, until } };
  const warned = checks.filter(({ verdict }) => verdict === 'warned').map(({ name, have }) => `${name}: ${have}`);
  return { rule: 'requirements', verdict: 'pass', detail: `score ${score} of 100${warned.length === 0 ? '' : `; to look at: ${warned.join(', ')}`}` };
}
