// What a service costs the device: looks at its processes, and what the hour before an update looked like. Data only.

/** One look at all processes of a service. */
export interface UsageSample {
  /** Wall time, milliseconds since the epoch. */
  readonly at: number;
  /** Bytes in memory. */
  readonly rss: number;
  /** Share of one core since the look before; null at the first look at a process. */
  readonly cpu: number | null;
  /** The same, with what it waited for in the queue: what it would have used alone. */
  readonly wanted: number | null;
  /** Restarts nobody asked for since it was started. */
  readonly restarts: number;
}

/** By service, oldest first. */
export type UsageHistory = Readonly<Record<string, readonly UsageSample[]>>;

/** What is read at one instant. */
export interface UsageReading {
  /** 0 where nobody tells: then it is never more than before. */
  readonly rss: number;
  /** Processor time of all its processes so far. */
  readonly cpuSeconds: number;
  /** Time its processes were ready and had to wait for a core; 0 where the kernel does not tell. */
  readonly waitSeconds: number;
}

export interface UsageReader {
  /** All services in one walk through the process table. A service whose main process is gone is missing. */
  read(services: readonly { readonly name: string; readonly pid: number; readonly unit: string | null }[]): ReadonlyMap<string, UsageReading>;
}
