// A Pi has no clock at boot: before this instant the time is wrong for certain, and nothing may be judged by it.

/** Milliseconds since the epoch: 2026-01-01, before the first release of holdline. */
export const PLAUSIBLE_SINCE = Date.UTC(2026, 0, 1);
