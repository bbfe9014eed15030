// What the owner of a device allows and when, as the settings say it. Data only; all times are seconds.
import type { UpdateType } from './release.js';

/** auto: at any time; window: only while a window is open; approve: when a person has said yes; never: only by name. */
export type PolicyWord = 'auto' | 'window' | 'approve' | 'never';

export interface PolicySettings {
  /** Complete: auto_update and the windows are worked in already. */
  readonly types: Readonly<Record<UpdateType, PolicyWord>>;
  /** May processes of kind `hardware` be touched when their own files changed? */
  readonly hardware: 'auto' | 'never';
  /** A release is left alone until it is this old. */
  readonly minimumAge: number;
  /** Semver range of versions that may come by themselves; null: any. */
  readonly range: string | null;
  /** The one version that may come by itself; null: any. */
  readonly pin: string | null;
}

export type WindowRule =
  /** Local wall clock. Days count from Sunday = 0; minutes from midnight; `to` at or before `from` lies on the next day. */
  | { readonly kind: 'weekly'; readonly text: string; readonly days: readonly number[]; readonly from: number; readonly to: number }
  /** Opens at each time of the cron expression, for so many seconds. */
  | { readonly kind: 'cron'; readonly text: string; readonly expression: string; readonly seconds: number };

export interface WindowSettings {
  /** Empty: there are no windows, any time is as good. */
  readonly when: readonly WindowRule[];
  /** IANA name; null: the device's own. */
  readonly timeZone: string | null;
  /** These need no window. */
  readonly pass: readonly UpdateType[];
  /** Added to what the last updates took. */
  readonly margin: number;
}

export interface HoldSettings {
  /** An update that was kept waiting by holds for longer raises an alarm; it still waits. */
  readonly limit: number;
  /** Absolute. Holds while a process has a lock on it, or while the process whose pid it begins with lives. */
  readonly lockFile: string;
  /** argv, run in install_dir; null: there is none. */
  readonly gate: readonly string[] | null;
  readonly gateTimeout: number;
}
