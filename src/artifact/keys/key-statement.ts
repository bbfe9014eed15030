// holdline.keys.json, read strictly: text -> KeyStatement, and the words its signatures must carry. Pure.
// Nothing of it may be believed before its signatures are proven (key-ring.ts).
import * as z from 'zod/mini';
import { HoldlineError } from '../../domain/errors.js';
import { KEY_STATEMENT_FORMAT, type KeyStatement } from '../../domain/keys.js';
import { parsePublicKey } from '../minisign.js';

export const MAX_STATEMENT_BYTES = 32 * 1024;
/** Enough for a rotation signed by every key there ever was; a bound for what a device asks a server. */
export const MAX_STATEMENT_SIGNATURES = 8;
const MAX_KEYS = 16;
const MAX_REVOKED = 100;

const moment = z.string().check(z.refine((value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) && !Number.isNaN(Date.parse(value)), 'is not a UTC time like 2026-11-21T09:30:00Z'));
const publicKey = z.string().check(z.refine(isPublicKey, 'is not a minisign public key'));
const line = (most: number) => z.string().check(z.refine((value) => value.length <= most && !/\p{Cc}/u.test(value), 'is not one line'));
const orNull = <Value extends z.ZodMiniType>(value: Value) => z._default(z.nullable(value), null);

// Strict: a word of a later format that must not be skipped must not be skipped here.
const schema = z.strictObject({
  format: z.literal(KEY_STATEMENT_FORMAT),
  repo: z.string().check(z.maxLength(256), z.regex(/^[\w.-]+\/[\w.-]+$/, 'is not OWNER/NAME')),
  serial: z.int().check(z.minimum(1, 'is below 1')),
  created: moment,
  keys: z.array(z.strictObject({ name: line(100), key: publicKey, not_before: orNull(moment), not_after: orNull(moment) })).check(z.maxLength(MAX_KEYS)),
  revoked: z.array(z.strictObject({ key: publicKey, reason: line(500) })).check(z.maxLength(MAX_REVOKED)),
});

/** Throws `key-statement` for anything malformed. */
export function parseKeyStatement(text: string): KeyStatement {
  if (Buffer.byteLength(text) > MAX_STATEMENT_BYTES) throw badStatement(`it has more than ${MAX_STATEMENT_BYTES} bytes`);
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw badStatement('it is not JSON', undefined, cause); }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badStatement(issue === undefined ? 'it is malformed' : `${issue.path.join('.') || 'it'}: ${issue.message}`);
  }
  const statement = parsed.data;
  const named = [...statement.keys, ...statement.revoked].map(({ key }) => key);
  if (new Set(named).size !== named.length) throw badStatement('it names a key twice');
  const backwards = statement.keys.find((key) => key.not_before !== null && key.not_after !== null && Date.parse(key.not_after) <= Date.parse(key.not_before));
  if (backwards !== undefined) throw badStatement(`the key ${JSON.stringify(backwards.name)} ends before it begins`);
  return statement;
}

/** The trusted comment of each of its signatures: no signature over anything else can stand for it. */
export function statementComment({ repo, serial }: Pick<KeyStatement, 'repo' | 'serial'>): string {
  return `repo:${repo} keys:${serial}`;
}

export function badStatement(why: string, hint = 'Nothing was installed and no key was changed; ask the publisher.', cause?: unknown): HoldlineError {
  return new HoldlineError('key-statement', `cannot accept the change of signing keys: ${why}`, { hint, cause });
}

function isPublicKey(text: string): boolean {
  try { return parsePublicKey(text).key.length > 0 && !text.includes('\n'); } catch { return false; }
}
