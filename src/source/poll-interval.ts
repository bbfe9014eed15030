// When to ask for releases next: the interval, spread so that a fleet does not ask in step, and what the server wished. Pure.

/** Share of the interval over which polls are spread. */
export const JITTER_SHARE = 0.1;
export const MAX_START_JITTER_MS = 60_000;

export interface PollMoment {
  readonly intervalMs: number;
  /** The first poll after a start: soon, not after a whole interval. */
  readonly first: boolean;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: number;
  readonly now: Date;
  /** The server's wish (ISO 8601 UTC); null for none. */
  readonly notBefore: string | null;
}

/** Milliseconds until the next poll. */
export function nextPollDelayMs(moment: PollMoment): number {
  const jitterMs = moment.intervalMs * JITTER_SHARE * moment.random;
  const ownMs = moment.first ? Math.min(moment.intervalMs * JITTER_SHARE, MAX_START_JITTER_MS) * moment.random : moment.intervalMs + jitterMs;
  const wishedMs = moment.notBefore === null ? 0 : Date.parse(moment.notBefore) - moment.now.getTime();
  // All devices behind one address are let in at the same instant: they spread after it too.
  return wishedMs > ownMs ? wishedMs + Math.min(jitterMs, MAX_START_JITTER_MS) : ownMs;
}
