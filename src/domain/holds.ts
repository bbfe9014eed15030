// Holds: "not now", with an owner and an end. Data only.

/** One file of the holds folder. */
export interface Hold {
  readonly format: 1;
  readonly id: string;
  readonly owner: string;
  readonly reason: string | null;
  /** Who took it: `alice (uid 1000)`. */
  readonly by: string;
  /** ISO 8601 UTC. */
  readonly taken_at: string;
  /** ISO 8601 UTC; null where it lasts as long as its process. */
  readonly until: string | null;
  /** The same end on the clock that never jumps, valid for this boot only. */
  readonly until_uptime_s: number | null;
  readonly boot_id: string;
  /** The process it lasts as long as; null: nobody in particular. */
  readonly process: HoldProcess | null;
  /** Null while it stands. Written into the file at once; whoever has the lock tells the audit log and takes the file away. */
  readonly ended: { readonly by: string; readonly forced: boolean; readonly reason: string | null; readonly at: string } | null;
}

export interface HoldProcess { readonly pid: number; readonly start_time: string }

/** What holds are judged by, read at one moment. */
export interface HoldMoment {
  readonly now: Date;
  /** Seconds since boot: never jumps. */
  readonly uptime: number;
  readonly bootId: string;
  isAlive(process: HoldProcess): boolean;
}


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

/** For `--status` and `holdline holds`. */
export interface HoldsReport {
  readonly standing: readonly StandingHold[];
  /** ISO 8601 UTC since when holds keep an update away; null while they keep none away. */
  readonly since: string | null;
  /** One sentence once that has lasted longer than holds.limit; else null. */
  readonly alarm: string | null;
}

export interface HoldRequest {
  readonly owner: string;
  /** Seconds; null: as long as the process. */
  readonly seconds: number | null;
  readonly pid: number | null;
  readonly reason: string | null;
  /** Null: a new one. The same owner renews its hold under its id. */
  readonly id: string | null;
}

export interface ReleaseHoldRequest {
  readonly id: string | null;
  readonly owner: string | null;
  readonly force: boolean;
  readonly reason: string | null;
}
