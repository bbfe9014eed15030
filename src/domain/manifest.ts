// holdline.json, the signed description of a release (format 1).
import type { UpdateType } from './release.js';

export const MANIFEST_FORMAT = 1;

export interface AssetDigest { readonly name: string; readonly size: number; readonly sha256: string }

/** A patch asset from one tree to this one; nothing applies them yet, the format leaves the place. */
export interface PatchAsset { readonly from: string; readonly asset: string; readonly size: number; readonly sha256: string }

export interface Requirements {
  /** The lowest version a device may come from; a device below takes a stepping stone. */
  readonly min_version?: string | undefined;
  /** Semver range of Node. */
  readonly node?: string | undefined;
  /** Node's `process.arch` names. */
  readonly arch?: readonly string[] | undefined;
  /** Semver ranges by the ids of os-release: `{"debian": ">=12", "raspbian": ">=12"}`; one of them must fit. */
  readonly os?: Readonly<Record<string, string>> | undefined;
  readonly memory_mb?: number | undefined;
  readonly disk_mb?: number | undefined;
  readonly components?: Readonly<Record<string, string>> | undefined;
}

/** What describes one tree: that of the whole release, or of one of the components it carries. */
export interface ManifestPart {
  readonly payload: { readonly asset: string; readonly size: number; readonly sha256: string; readonly unpacked_size: number };
  readonly tree_digest: string;
  readonly files: AssetDigest;
  readonly patches: readonly PatchAsset[];
  readonly requires: Requirements;
  readonly processes: readonly unknown[];
  readonly hooks: Readonly<Record<string, unknown>>;
}

/** What is the same for all that a release carries, its version too. */
export interface ManifestHead {
  readonly format: 1;
  /** `owner/name`. */
  readonly repo: string;
  readonly tag: string;
  readonly version: string;
  readonly channel: string;
  readonly type: UpdateType;
  readonly rollout: Readonly<Record<string, unknown>> | null;
  /** ISO 8601 UTC. */
  readonly created: string;
  readonly expires: string | null;
  readonly notes: string;
}

/** Of one payload; of several components this is what one of them sees: the head, and its own part. */
export interface Manifest extends ManifestHead, ManifestPart {
  /** What other components of the same release need of this one, by their names; absent: nothing, or it carries no others. */
  readonly needed_by?: Readonly<Record<string, string>> | undefined;
}

/** Of several components, each with a payload of its own, by name. */
export interface ManifestOfSeveral extends ManifestHead { readonly components: Readonly<Record<string, ManifestPart>> }

export const isOfSeveral = (manifest: Manifest | ManifestOfSeveral): manifest is ManifestOfSeveral => 'components' in manifest;
