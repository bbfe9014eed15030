// Tries a transfer again after a failure that may pass. Counts extra tries in a row without a new byte: progress resets the count,
// so a long download over a bad line ends, and a dead one does not go on for ever.
import type { ErrorCode } from '../domain/errors.js';
import { HoldlineError } from '../domain/errors.js';
import type { Clock, Logger } from '../domain/ports.js';
import { interruptedError } from './watch-transfer.js';

export interface RetryLimits { readonly maxRetries: number; readonly retryDelayMs: number }

export const MAX_RETRY_DELAY_MS = 5 * 60 * 1000;

/** Everything else (401, 404, a rate limit, a full disk, a wrong file) is not cured by asking again in a minute. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['source-network', 'source-server', 'source-invalid', 'download-interrupted', 'download-stalled']);

export interface Attempts<T> {
  /** For messages. */
  readonly name: string;
  attempt(): Promise<T>;
  /** The furthest byte ever reached. */
  reached(): number;
}

export async function retryTransfer<T>(deps: { readonly clock: Clock; readonly log: Logger }, limits: RetryLimits, attempts: Attempts<T>, signal: AbortSignal): Promise<T> {
  let extraTries = 0;
  let best = attempts.reached();
  for (;;) {
    try {
      return await attempts.attempt();
    } catch (thrown) {
      if (!(thrown instanceof HoldlineError) || !PASSING.has(thrown.code)) throw thrown;
      const reached = attempts.reached();
      if (reached > best) extraTries = 0;
      best = Math.max(best, reached);
      if (extraTries >= limits.maxRetries) throw thrown;
      extraTries += 1;
      const delayMs = Math.min(limits.retryDelayMs * 2 ** (extraTries - 1), MAX_RETRY_DELAY_MS);
      deps.log.warn(`${thrown.message}; trying again in ${delayMs / 1000} s`, { code: thrown.code, try: extraTries, of: limits.maxRetries, reached });
      await deps.clock.sleep(delayMs, signal).catch(() => { throw interruptedError(attempts.name, signal); });
    }
  }
}
