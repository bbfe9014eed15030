// Does the publisher's rollout let this device take this version now? Pure. Raising the percentage only adds devices: a bucket that was in
// stays in, whatever the time.
import semver from 'semver';
import type { RolloutDevice, RolloutInForce, RolloutStatement } from '../domain/rollout.js';
import { admittedAt, percentAt, reachedAt } from '../domain/rollout-share.js';
import type { Ruling } from '../domain/ruling.js';
import { bucketOf } from './rollout-bucket.js';

export interface RolloutRequest extends RolloutInForce {
  /** Plain semver. */
  readonly version: string;
  readonly device: RolloutDevice;
  readonly now: Date;
  /** A person asked for it: that is an approval of its own. */
  readonly byPerson: boolean;
}

export function judgeRollout(request: RolloutRequest): Ruling {
  const { statement, problem, version, now } = request;
  if (request.byPerson) return pass('a person asks for it, which passes a rollout');
  if (statement === null) return problem === null ? pass('no rollout statement: everybody takes it') : wait(`the rollout statement cannot be believed, and no earlier one is known: ${problem}`, null);
  const of = `rollout ${statement.serial}`;
  if (isExpired(statement, now)) return pass(`${of} expired at ${statement.expires ?? ''}: it limits nothing`);
  if (isWithdrawn(statement, version, now)) return { rule: 'rollout', verdict: 'refuse', detail: `the publisher has withdrawn ${version} (${of})` };
  if (!sameVersion(statement.version, version)) return pass(`${of} is about ${statement.version} only`);
  return judgeDevice(statement, request.device, now, of);
}

function judgeDevice(statement: RolloutStatement, device: RolloutDevice, now: Date, of: string): Ruling {
  const { version, start, expires } = statement;
  if (statement.paused) return wait(`${of} of ${version} is paused by the publisher`, expires);
  const excluded = statement.exclude.find((name) => name === device.id || name === device.group);
  if (excluded !== undefined) return wait(`${of} of ${version} leaves out ${excluded === device.id ? 'this device' : `the group ${excluded}`}`, expires);
  if (now.getTime() < Date.parse(start)) return wait(`${of} of ${version} begins at ${start}`, start);
  if (device.group !== null && statement.groups.includes(device.group)) return pass(`${of} of ${version} names the group ${device.group}`);
  const bucket = bucketOf(device.id, statement.salt);
  const stands = `${of} of ${version} is at ${percentAt(statement, now)} %, this device at ${inPercent(bucket)} %`;
  if (bucket < admittedAt(statement, now)) return pass(stands);
  const reached = reachedAt(statement, bucket);
  const until = reached === null || (expires !== null && Date.parse(expires) < Date.parse(reached)) ? expires : reached;
  return wait(`${stands}${reached === null ? ': it waits until the publisher raises it' : ''}`, until);
}

export function isWithdrawn(statement: RolloutStatement | null, version: string, now: Date): boolean {
  return statement !== null && !isExpired(statement, now) && statement.withdrawn.some((one) => sameVersion(one, version));
}

/** May what the source said then still be gone by? A time in the future (the clock jumped) says nothing. */
export function isFresh(askedAtMs: number, maxAgeMs: number, now: Date): boolean {
  const age = now.getTime() - askedAtMs;
  return age >= 0 && age < maxAgeMs;
}

const isExpired = ({ expires }: RolloutStatement, now: Date): boolean => expires !== null && Date.parse(expires) <= now.getTime();

/** With its build part: `1.2.0+a` and `1.2.0+b` are two releases. */
const sameVersion = (a: string, b: string): boolean => semver.compareBuild(a, b) === 0;

const inPercent = (bucket: number): string => (bucket / 100).toFixed(2);
const pass = (detail: string): Ruling => ({ rule: 'rollout', verdict: 'pass', detail });
const wait = (detail: string, until: string | null): Ruling => ({ rule: 'rollout', verdict: 'wait', detail, waiting: { reason: 'rollout', detail, until } });
