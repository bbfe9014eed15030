// What the device is and how it is at this moment. What it does not tell is null or absent, and is never held against it. Data only.

export interface OsRelease {
  /** `debian`, `raspbian`, `ubuntu`. */
  readonly id: string;
  /** What it descends from. */
  readonly like: readonly string[];
  /** As os-release writes it (`12`, `24.04`); null where a rolling one has none. */
  readonly version: string | null;
}

export interface DiskSpace {
  readonly freeMb: number;
  /** The filesystem's device number: the same disk when equal. */
  readonly device: number;
}

/** Where an update writes: the versions, the downloads, the backups. */
export type DiskUse = 'install_dir' | 'state_dir' | 'backup_path';

export interface DeviceFacts {
  /** `process.versions.node`. */
  readonly node: string;
  /** `process.arch`. */
  readonly arch: string;
  readonly memoryMb: number;
  /** Free where the versions are. */
  readonly diskMb: number;
  readonly os?: OsRelease | null | undefined;
  /** What a program could have without swapping. */
  readonly availableMb?: number | null | undefined;
  readonly disks?: Readonly<Partial<Record<DiskUse, DiskSpace>>> | undefined;
  /** Load average of the last minute, for each core. */
  readonly load?: number | null | undefined;
  /** Degrees Celsius of the processor. */
  readonly temperature?: number | null | undefined;
  /** `earlier`: since it was switched on, not now. */
  readonly underVoltage?: 'now' | 'earlier' | 'no' | null | undefined;
  readonly metered?: boolean | null | undefined;
  /** Versions of separately released parts. */
  readonly components?: Readonly<Record<string, string>> | undefined;
}
