// How far a rollout has come, as every side counts it. Pure.
import { BUCKETS, type RolloutStatement } from './rollout.js';

const hundredths = (percent: number): number => Math.round(percent * 100);

/** So many buckets, from 0 on: a whole number, for 9.29 % is not 928.9999 buckets. */
export function admittedAt(statement: RolloutStatement, now: Date): number {
  const sinceMs = now.getTime() - Date.parse(statement.start);
  if (sinceMs < 0) return 0;
  const steps = statement.add_percent === 0 ? 0 : Math.floor(sinceMs / (statement.every_s * 1000));
  return Math.min(BUCKETS, hundredths(statement.percent) + steps * hundredths(statement.add_percent));
}

/** 0 to 100, in hundredths. */
export const percentAt = (statement: RolloutStatement, now: Date): number => admittedAt(statement, now) / 100;

/** When this bucket's turn comes (ISO 8601 UTC); null where it does not come by itself. */
export function reachedAt(statement: RolloutStatement, bucket: number): string | null {
  const missing = bucket + 1 - hundredths(statement.percent);
  const added = hundredths(statement.add_percent);
  if (missing > 0 && added === 0) return null;
  const steps = missing <= 0 ? 0 : Math.ceil(missing / added);
  const at = new Date(Date.parse(statement.start) + steps * statement.every_s * 1000);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
