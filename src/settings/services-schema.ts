// The shape of the services section: units and commands, what they are made of and how they take a change.
import * as z from 'zod/mini';
import { RELOAD_SIGNALS } from '../domain/settings.js';
import { isPreservePattern, isPrintable, MAX_INSTANCES, parseInstances } from './value-rules.js';

/** The longest time a timer can wait (2^31 ms); a longer one would fire at once. */
const MAX_SECONDS = 2_147_483;

const text = z.string().check(z.minLength(1, 'must not be empty'), z.refine(isPrintable, 'must not hold control characters'));
const name = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/u, 'must be 1 to 64 letters, digits, "_", ".", "@" or "-"'));
/** A systemd unit's name may also hold `:` and `\` (escapes). */
export const serviceName = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,127}$/u, 'must be a service name'));
const glob = z.string().check(z.refine(isPreservePattern, 'must be a relative glob without ".." parts'));

const signalForm = z.strictObject({ signal: z.enum(RELOAD_SIGNALS) });
const bridgeForm = z.strictObject({ bridge: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/u, 'must be the name of a bridge')) });
export const ON_CHANGE_WORDS = ['restart', 'none'] as const;
export const ON_CHANGE_FORMS = [{ key: 'signal', shape: signalForm.shape }, { key: 'bridge', shape: bridgeForm.shape }] as const;

const serviceOptions = {
  kind: z._default(z.enum(['service', 'hardware']), 'service'),
  depends_on: z._default(z.array(serviceName), []),
  stop_timeout: z._default(z.number().check(z.minimum(0), z.maximum(MAX_SECONDS)), 10),
  paths: z.optional(z.array(glob).check(z.minLength(1, 'must hold at least one glob'))),
  on_change: z.optional(z.union([signalForm, bridgeForm, z.enum(ON_CHANGE_WORDS)])),
  instances: z.optional(z.string().check(z.refine((value) => parseInstances(value) !== undefined, `must be FIRST..LAST, like "1..4", in rising order and at most ${MAX_INSTANCES} of them`))),
};

export const unitService = z.strictObject({
  unit: z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,247}\.service$/u, 'must be the name of a systemd unit that ends in .service')),
  name: z.optional(serviceName),
  ...serviceOptions,
});

export const commandService = z.strictObject({
  command: z.array(text).check(z.minLength(1, 'must hold at least the program')),
  name,
  env: z._default(z.record(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/u)), z.string()), {}),
  ...serviceOptions,
});
