// Does a new version cost clearly more than the one before? The median of its probation against the median of the hour before. Pure.
import type { RegressionSettings } from '../domain/device-rules.js';
import type { UsageSample } from '../domain/service-usage.js';

export interface RegressionCase {
  readonly rules: RegressionSettings;
  readonly service: string;
  /** The hour before the update, oldest first. */
  readonly before: readonly UsageSample[];
  /** Since the new version was started, oldest first. */
  readonly after: readonly UsageSample[];
}

/** `unknown`: there is too little to compare; `detail` says what is missing. */
export interface RegressionVerdict { readonly verdict: 'passed' | 'failed' | 'unknown'; readonly detail: string }

/** Fewer looks than this say nothing about an hour, or about a probation. */
export const LEAST_SAMPLES = 3;
/** A new process loads, compiles and fills its caches: the first part of what was seen does not count. */
const WARM_UP_SHARE = 1 / 3;
/** Less is no alarm, whatever the percentage: 5 MB to 9 MB, 0.1 % to 2 % of a core. */
const LEAST_RSS = 32 * 1024 * 1024;
/** Of a core, wanted: one that spins on a busy device gets little, and waits for the rest. */
const LEAST_WANTED = 0.2;
/** Of a core, used: one that only waits more than before is not to blame for it. */
const LEAST_CPU = 0.03;
const HOUR_MS = 3_600_000;

export function judgeRegression({ rules, service, before, after }: RegressionCase): RegressionVerdict {
  const hour = lastHour(before);
  const tail = after.slice(Math.floor(after.length * WARM_UP_SHARE));
  if (hour.length < LEAST_SAMPLES) return { verdict: 'unknown', detail: `${service}: what it used before is not known (${hour.length} looks, ${LEAST_SAMPLES} are needed)` };
  if (tail.length < LEAST_SAMPLES) return { verdict: 'unknown', detail: `${service}: the probation was too short to tell what it uses (${after.length} looks)` };
  const seconds = Math.round(((after.at(-1)?.at ?? 0) - (after[0]?.at ?? 0)) / 1000);
  const grown = [judgeMemory(rules, hour, tail), judgeCpu(rules, hour, tail), judgeRestarts(rules, hour, after)].filter((one) => one !== null);
  if (grown.length > 0) return { verdict: 'failed', detail: `${service}: ${grown.join('; ')} (seen for ${seconds} s)` };
  return { verdict: 'passed', detail: `${service} uses no more than in the hour before` };
}

function judgeMemory({ rssPercent }: RegressionSettings, before: readonly UsageSample[], tail: readonly UsageSample[]): string | null {
  const [was, is] = [median(before.map(({ rss }) => rss)), median(tail.map(({ rss }) => rss))];
  // 0: nobody told.
  if (rssPercent === 0 || was === 0 || is <= was * (1 + rssPercent / 100) || is - was < LEAST_RSS) return null;
  const last = tail.at(-1)?.rss ?? is;
  return `memory grew from ${megabytes(was)} (median of the hour before) to ${megabytes(Math.max(is, last))}${trendOf(tail.map(({ rss }) => rss))}`;
}

function judgeCpu({ cpuPercent }: RegressionSettings, before: readonly UsageSample[], tail: readonly UsageSample[]): string | null {
  const [hour, now] = [shares(before, 'cpu'), shares(tail, 'cpu')];
  if (cpuPercent === 0 || hour.length < LEAST_SAMPLES || now.length < LEAST_SAMPLES) return null;
  const [was, is] = [median(hour), median(now)];
  const wantedMore = median(shares(tail, 'wanted')) - median(shares(before, 'wanted'));
  if (is <= was * (1 + cpuPercent / 100) || is - was < LEAST_CPU || wantedMore < LEAST_WANTED) return null;
  return `processor time grew from ${percent(was)} of a core (median of the hour before) to ${percent(is)}${trendOf(now)}`;
}

function judgeRestarts({ restarts }: RegressionSettings, before: readonly UsageSample[], after: readonly UsageSample[]): string | null {
  const [was, is] = [countRestarts(before), Math.max(...after.map((sample) => sample.restarts))];
  if (restarts === 0 || is - was < restarts) return null;
  return `it restarted by itself ${is} times, ${was} times in the hour before`;
}

/** The clock may have been set in between: what lies ahead of the last look is not of this hour. */
function lastHour(samples: readonly UsageSample[]): readonly UsageSample[] {
  const end = samples.at(-1)?.at ?? 0;
  return samples.filter(({ at }) => at > end - HOUR_MS && at <= end);
}

/** Somebody's own start sets the count back to zero. */
function countRestarts(samples: readonly UsageSample[]): number {
  return samples.reduce((sum, { restarts }, index) => sum + Math.max(0, restarts - (samples[index - 1]?.restarts ?? restarts)), 0);
}

/** From this growth within the tail on it has not come to rest. */
const RISING = 1.05;

function trendOf(values: readonly number[]): string {
  const third = Math.max(1, Math.floor(values.length / 3));
  return median(values.slice(-third)) > median(values.slice(0, third)) * RISING ? ' and still rises' : ' and stays there';
}

const shares = (samples: readonly UsageSample[], of: 'cpu' | 'wanted'): number[] => samples.map((sample) => sample[of]).filter((share) => share !== null);

/** The upper one of two in the middle, so that it never falls when a value rises. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const percent = (share: number): string => `${Math.round(share * 100)} %`;
