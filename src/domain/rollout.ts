// A publisher's word on who takes a version and when: a small signed statement beside the releases. Data only.
// It can narrow what a device does, never widen it: no statement brings a release that the device would not take anyway.

export const ROLLOUT_FORMAT = 1;

/** `holdline/CHANNEL.json` on the default branch, or `holdline.rollout.json` in a release. */
export interface RolloutStatement {
  readonly format: 1;
  /** `owner/name`. */
  readonly repo: string;
  readonly channel: string;
  /** The tag prefix of the component it is about; null for plain tags. */
  readonly component: string | null;
  /** Higher than the one before; a device takes no lower one. */
  readonly serial: number;
  /** Plain semver: the one version that is limited. Every other one is everybody's. */
  readonly version: string;
  /** ISO 8601 UTC: nobody takes it before. */
  readonly start: string;
  /** 0 to 100, in hundredths: how many of the devices at `start`. */
  readonly percent: number;
  /** So many more every `every_s` seconds after `start`. */
  readonly add_percent: number;
  readonly every_s: number;
  /** Which devices come first; another salt, other devices. */
  readonly salt: string;
  /** Device groups that take it from `start` on, whatever the percentage. */
  readonly groups: readonly string[];
  /** Device groups, or single device ids, that do not take it. */
  readonly exclude: readonly string[];
  /** Nobody takes it until this changes. */
  readonly paused: boolean;
  /** Versions nobody takes, and whoever runs one goes back. */
  readonly withdrawn: readonly string[];
  /** ISO 8601 UTC: from then on it neither limits nor withdraws; null: never. */
  readonly expires: string | null;
}

/** As it came: the exact bytes as text, and the signature's; null where none was asked for. */
export interface SignedRollout { readonly text: string; readonly signature: string | null }

/** The last statement that was proven here, and what the source said when it was last asked. */
export interface RememberedRollout {
  /** Null: the source has never shown one. */
  readonly signed: SignedRollout | null;
  /** ISO 8601 UTC: when it was taken, for the time of the key that signed it. */
  readonly taken_at: string | null;
  readonly etag: string | null;
  /** ISO 8601 UTC: when the source was last asked. */
  readonly asked_at: string;
  /** Why what the source shows is not believed, one sentence; null where it is. */
  readonly problem: string | null;
}

/** What a device goes by at this moment. */
export interface RolloutInForce { readonly statement: RolloutStatement | null; readonly problem: string | null }

/** The device as a rollout sees it. */
export interface RolloutDevice { readonly id: string; readonly group: string | null }

/** Hundredths of a percent. */
export const BUCKETS = 10_000;

export const ROLLOUT_ASSET = 'holdline.rollout.json';
export const ROLLOUT_SIGNATURE = 'holdline.rollout.json.minisig';

/** Where it lies on the default branch; its signature beside it, with `.minisig`. */
export const rolloutPath = (channel: string, component: string | null): string => `holdline/${component === null ? '' : `${component}/`}${channel}.json`;
