// What every probe has in common: a time limit, one line of output, and that it never throws.
import { HoldlineError } from '../domain/errors.js';
import type { Clock, ProbeResult } from '../domain/ports.js';
import { toOneLine } from '../domain/run-words.js';

/** Runs one probe once. */
export type Probe = (signal: AbortSignal) => Promise<ProbeResult>;

/** How a probe ended, without its name. */
export interface Finding { readonly ok: boolean; readonly output: string; readonly pending?: boolean }

/** A look that hangs, also one that ignores its signal, fails at its time limit. */
export function limitProbe(name: string, timeoutSeconds: number, clock: Clock, look: (signal: AbortSignal) => Promise<Finding>): Probe {
  return async (outer) => {
    const limit = new AbortController();
    const done = new AbortController();
    const signal = AbortSignal.any([outer, limit.signal]);
    const timer = clock.sleep(timeoutSeconds * 1000, AbortSignal.any([outer, done.signal])).then(
      () => { limit.abort(); return { ok: false, output: `no answer within ${timeoutSeconds} s` }; },
      () => ({ ok: false, output: 'interrupted' }),
    );
    const answer = Promise.resolve().then(() => look(signal)).catch((thrown: unknown): Finding => ({ ok: false, output: describe(thrown) }));
    // The timer comes first: where both end in the same turn the limit is the reason.
    const finding = await Promise.race([timer, answer]);
    done.abort();
    return { ...finding, name, output: toOneLine(finding.output) };
  };
}

/** fetch hides its reason in the cause. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown instanceof HoldlineError) return thrown.message;
  const { cause } = thrown;
  if (cause instanceof AggregateError && cause.errors.length > 0) return describe(cause.errors[0]);
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return describe(thrown.errors[0]);
  return cause instanceof Error && cause.message !== '' ? cause.message : thrown.message;
}
