// Holds: "not now", with an owner and an end. Data only.

/** What keeps an update away right now, wherever it comes from. */
export interface StandingHold {
  readonly kind: 'hold' | 'lock-file' | 'gate';
  /** For `release-hold`; null where a lock file or the gate says no. */
  readonly id: string | null;
  readonly owner: string;
  readonly reason: string | null;
  /** ISO 8601 UTC; null where it is not known. */
  readonly since: string | null;
  /** ISO 8601 UTC; null where it ends with its process or when the gate says yes. */
  readonly until: string | null;
}
