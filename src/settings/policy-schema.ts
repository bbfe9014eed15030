// The shape of policy, windows and holds: what may come by itself, when, and who may say "not now".
import * as z from 'zod/mini';
import { isPrintable } from './value-rules.js';

/** The longest time a timer can wait (2^31 ms); a longer one would fire at once. */
const MAX_SECONDS = 2_147_483;
/** Ten years: longer is a mistake. */
const MAX_AGE_S = 315_360_000;

const text = z.string().check(z.minLength(1, 'must not be empty'), z.refine(isPrintable, 'must not hold control characters'));
const seconds = (value: number, most = MAX_SECONDS) => z._default(z.number().check(z.minimum(0), z.maximum(most)), value);
const updateType = z.enum(['patch', 'minor', 'major', 'security', 'hotfix']);
const word = z.optional(z.enum(['auto', 'window', 'approve', 'never']));

const policy = z.strictObject({
  patch: word, minor: word, major: word, security: word, hotfix: word,
  hardware: z._default(z.enum(['auto', 'never']), 'never'),
  minimum_age: seconds(0, MAX_AGE_S),
  range: z.optional(text),
  pin: z.optional(text),
});

const windows = z.strictObject({
  when: z._default(z.array(text), []),
  time_zone: z.optional(text),
  pass: z.optional(z.array(updateType)),
  margin: seconds(600),
});

const holds = z.strictObject({
  limit: seconds(604_800, MAX_AGE_S),
  lock_file: z.optional(text),
  gate: z.optional(z.array(text).check(z.minLength(1, 'must hold at least the program'))),
  gate_timeout: z._default(z.number().check(z.positive(), z.maximum(MAX_SECONDS)), 10),
});

export const policySections = {
  policy: z._default(policy, { hardware: 'never', minimum_age: 0 }),
  windows: z._default(windows, { when: [], margin: 600 }),
  holds: z._default(holds, { limit: 604_800, gate_timeout: 10 }),
};
