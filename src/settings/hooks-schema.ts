// The `hooks` section: which programs are called at which moment of an update, as whom, and for how long at most.
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { HOOK_NAMES, type HookName, type HooksSettings } from '../domain/hooks.js';
import { isPrintable } from './value-rules.js';

const TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 86_400;

const word = z.string().check(z.minLength(1, 'must not be empty'), z.refine(isPrintable, 'must not hold control characters'));
const argv = z.array(word).check(z.minLength(1, 'must hold at least the program'));
/** Given to systemd as one word of a list. */
const folder = z.string().check(z.regex(/^[^\s"'\\:\p{Cc}]+$/u, 'must be a path without blanks, quotes, colons or backslashes'));

const longForm = z.strictObject({
  command: argv,
  timeout: z._default(z.number().check(z.positive(), z.maximum(MAX_TIMEOUT_S)), TIMEOUT_S),
  user: z.optional(z.string().check(z.regex(/^[a-z_][a-z0-9_-]{0,31}$/u, 'must be the name of a user'))),
  writable: z._default(z.array(folder), []),
});
/** In the order of the choices: the mapping, else the list. */
export const HOOK_FORMS = [{ key: 'command', shape: longForm.shape }] as const;

const hook = z.optional(z.union([longForm, argv]));
export const hooksSchema = z.strictObject({ before_switch: hook, after_switch: hook, after_commit: hook, after_revert: hook } satisfies Record<HookName, typeof hook>);

export function completeHooks(input: z.output<typeof hooksSchema>, installDir: string): HooksSettings {
  const said = HOOK_NAMES.flatMap((name) => {
    const given = input[name];
    if (given === undefined) return [];
    const { command, timeout, user, writable } = Array.isArray(given) ? { command: given, timeout: TIMEOUT_S, user: undefined, writable: [] } : given;
    return [[name, { command, timeout, user: user ?? null, writable: writable.map((path) => resolve(installDir, path)) }] as const];
  });
  return Object.fromEntries(said);
}
