// The rollout statement, read strictly: text -> RolloutStatement, and the words its signature must carry. Pure.
// Nothing of it may be believed before its signature is proven (prove-rollout.ts).
import * as z from 'zod/mini';
import semver from 'semver';
import { HoldlineError } from '../../domain/errors.js';
import { ROLLOUT_FORMAT, type RolloutStatement } from '../../domain/rollout.js';

export const MAX_ROLLOUT_BYTES = 64 * 1024;
const MAX_GROUPS = 100;
const MAX_EXCLUDED = 1000;
const MAX_WITHDRAWN = 200;
/** A hundred years: what is later is a mistake. */
const MAX_SECONDS = 3_155_760_000;

const moment = z.string().check(z.refine((value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) && !Number.isNaN(Date.parse(value)), 'is not a UTC time like 2026-11-21T09:30:00Z'));
const version = z.string().check(z.maxLength(256), z.refine((value) => /^\d/.test(value) && semver.parse(value)?.raw === value, 'is not a plain version like 1.2.3'));
const percent = z.number().check(z.refine((value) => value >= 0 && value <= 100, 'is not between 0 and 100'), z.refine((value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6, 'has more than two decimals'));
const word = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/, 'is not a name'));
const orDefault = <Value extends z.ZodMiniType>(value: Value, fallback: z.output<Value>) => z._default(value, () => fallback as never);

// Strict: a word of a later format that must not be skipped must not be skipped here.
const schema = z.strictObject({
  format: z.literal(ROLLOUT_FORMAT),
  repo: z.string().check(z.maxLength(256), z.regex(/^[\w.-]+\/[\w.-]+$/, 'is not OWNER/NAME')),
  channel: word,
  component: orDefault(z.nullable(word), null),
  serial: z.int().check(z.minimum(1, 'is below 1')),
  version,
  start: moment,
  percent,
  add_percent: orDefault(percent, 0),
  every_s: orDefault(z.int().check(z.minimum(0, 'is below 0'), z.maximum(MAX_SECONDS, 'is longer than a hundred years')), 0),
  salt: z.string().check(z.regex(/^[\x21-\x7E]{1,64}$/, 'is not 1 to 64 printable characters')),
  groups: orDefault(z.array(word).check(z.maxLength(MAX_GROUPS)), []),
  exclude: orDefault(z.array(word).check(z.maxLength(MAX_EXCLUDED)), []),
  paused: orDefault(z.boolean(), false),
  withdrawn: orDefault(z.array(version).check(z.maxLength(MAX_WITHDRAWN)), []),
  expires: orDefault(z.nullable(moment), null),
});

/** Throws `rollout-invalid` for anything malformed. */
export function parseRolloutStatement(text: string): RolloutStatement {
  if (Buffer.byteLength(text) > MAX_ROLLOUT_BYTES) throw badRollout(`it has more than ${MAX_ROLLOUT_BYTES} bytes`);
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw badRollout('it is not JSON', cause); }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRollout(issue === undefined ? 'it is malformed' : describeIssue(issue));
  }
  const statement = parsed.data;
  if (statement.add_percent > 0 && statement.every_s === 0) throw badRollout('add_percent needs every_s: how often it is added');
  return statement;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `it has ${issue.keys.map((key) => JSON.stringify(key.slice(0, 40))).join(', ')}, which this holdline does not know`;
  return `${issue.path.join('.') || 'it'}: ${issue.message}`;
}

/** The trusted comment of its signature: no signature over anything else, for another channel or component, can stand for it. */
export function rolloutComment({ repo, channel, component, serial }: Pick<RolloutStatement, 'repo' | 'channel' | 'component' | 'serial'>): string {
  return [`repo:${repo}`, `rollout:${channel}`, ...(component === null ? [] : [`component:${component}`]), `serial:${serial}`].join(' ');
}

export function badRollout(why: string, cause?: unknown): HoldlineError {
  return new HoldlineError('rollout-invalid', `cannot accept the rollout statement: ${why}`, { hint: 'The running version is untouched and the last good statement stays in force; ask the publisher (holdline rollout show).', cause });
}
