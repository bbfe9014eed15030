// What the owner allows an update to ask of the device: its condition, its network, and how much hungrier a new version may be. Data only.
import type { UpdateType } from './release.js';

/** 0 of a number: not looked at. */
export interface RequirementSettings {
  /** Must stay free on each disk, above what the update writes at most; unchanged files count too, though they are linked. */
  readonly diskMarginMb: number;
  /** Memory that must be available. */
  readonly memoryMb: number;
  /** Degrees Celsius of the processor. */
  readonly maxTemperature: number;
  readonly underVoltage: 'refuse' | 'warn' | 'ignore';
  /** Load average of the last minute, for each core. */
  readonly maxLoad: number;
}

export interface NetworkSettings {
  readonly metered: 'wait' | 'ignore';
  /** Bytes of release assets per UTC day; 0: not bounded. */
  readonly dailyBytes: number;
  /** Bytes per second; 0: not bounded. */
  readonly bandwidth: number;
  /** Types of updates that neither a metered network nor a spent budget keeps waiting. */
  readonly pass: readonly UpdateType[];
}

/** Compared with the hour before the update; 0 of a limit: not compared. */
export interface RegressionSettings {
  /** Percent of memory a service may use more than before. */
  readonly rssPercent: number;
  /** Percent of processor time a service may use more than before. */
  readonly cpuPercent: number;
  /** So many restarts more than in the hour before revert the update. */
  readonly restarts: number;
  /** Seconds between two looks at each service. */
  readonly interval: number;
}
