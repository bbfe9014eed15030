// The `module` section: a program of the release that updates something else.
import * as z from 'zod/mini';
import { isManagedPath, isPrintable } from './value-rules.js';
import type { ModuleSettings } from '../domain/module.js';

const TIMEOUTS = { check: 30, prepare: 600, apply: 3600, verify: 300, undo: 3600 } as const;
const word = z.string().check(z.minLength(1, 'must not be empty'), z.refine(isPrintable, 'must not hold control characters'));
const limit = (value: number) => z._default(z.number().check(z.positive(), z.maximum(86_400)), value);

export const moduleSchema = z.strictObject({
  program: z.array(word).check(z.minLength(1, 'must hold at least the program'), z.refine((argv) => isManagedPath(argv[0] ?? ''), 'must begin with a path inside the release, like src/flash')),
  user: z.optional(z.string().check(z.regex(/^[a-z_][a-z0-9_-]{0,31}$/u, 'must be the name of a user'))),
  env: z._default(z.record(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/u)), z.string()), {}),
  timeouts: z._default(z.strictObject({
    check: limit(TIMEOUTS.check), prepare: limit(TIMEOUTS.prepare), apply: limit(TIMEOUTS.apply), verify: limit(TIMEOUTS.verify), undo: limit(TIMEOUTS.undo),
  }), TIMEOUTS),
});

export function completeModule(input: z.output<typeof moduleSchema> | undefined): ModuleSettings | null {
  return input === undefined ? null : { program: input.program, user: input.user ?? null, env: input.env, timeouts: input.timeouts };
}
