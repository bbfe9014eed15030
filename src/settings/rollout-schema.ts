// The shape of group, groups, rollout and device_id: which test group a device is in, and whether it follows the publisher's rollouts.
import * as z from 'zod/mini';

/** Ten years: longer is a mistake. */
const MAX_AGE_S = 315_360_000;

const groupName = z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9._-]{0,63}$/u, 'must be a name: a letter, then letters, digits, "_", "." or "-"'));

const group = z.strictObject({
  channel: z.optional(z.string().check(z.regex(/^[A-Za-z][0-9A-Za-z-]{0,31}$/u, 'must be a word of letters, digits and "-"'))),
  version: z.optional(z.string().check(z.minLength(1, 'must not be empty'))),
  percent: z.optional(z.number().check(z.minimum(0, 'must be 0 to 100'), z.maximum(100, 'must be 0 to 100'))),
});

export const GROUP_KEYS: readonly string[] = Object.keys(group.shape);

export const rolloutSections = {
  group: z.optional(groupName),
  groups: z._default(z.record(groupName, group), () => ({})),
  rollout: z._default(z.strictObject({
    follow: z._default(z.boolean(), true),
    max_age: z._default(z.number().check(z.minimum(0), z.maximum(MAX_AGE_S)), 21_600),
  }), { follow: true, max_age: 21_600 }),
  device_id: z.optional(z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u, 'must be 1 to 64 letters, digits, "_", "." or "-"'))),
};
