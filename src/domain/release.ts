// What a source shows: releases and their assets. Nothing here is trusted yet.

/** One file of a release. `url` is only for the source that made it. */
export interface Asset {
  readonly name: string;
  /** Bytes; undefined where the source does not know (source tarballs). */
  readonly size: number | undefined;
  /** Lower-case hex sha256 as the source states it; null where it does not. */
  readonly sha256: string | null;
  /** False while the upload is not finished. */
  readonly uploaded: boolean;
  readonly url: string;
  /** Where anybody may have it, and nobody counts; absent where there is no such place. */
  readonly publicUrl?: string | undefined;
}

/** A release whose tag is strict semver, already parsed. */
export interface Release {
  readonly tag: string;
  /** Plain semver, without `v` and without component prefix. */
  readonly version: string;
  /** True where the version is only what a payload's file name says (a folder without a manifest): the payload's VERSION decides. */
  readonly guessed?: boolean | undefined;
  readonly prerelease: boolean;
  /** ISO 8601 UTC; when it was published. */
  readonly publishedAt: string;
  /** A page for people. */
  readonly url: string;
  readonly notes: string;
  readonly assets: readonly Asset[];
  /** The source tarball, where the source has one. Not byte-stable. */
  readonly sourceTarball: Asset | undefined;
}

/** The rate limit as last seen; null where the source has none. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** ISO 8601 UTC. */
  readonly resetsAt: string;
}

/** What an update is, for the policy. */
export type UpdateType = 'patch' | 'minor' | 'major' | 'security' | 'hotfix';

/** Asset names with a fixed meaning. */
export const MANIFEST_ASSET = 'holdline.json';
export const SIGNATURE_ASSET = 'holdline.json.minisig';
export const FILES_ASSET = 'holdline.files.json.gz';
/** Of one of several components; with the prefix of all of ours, so that releases side by side in a folder stay apart. */
export const componentFilesAsset = (component: string): string => `holdline.${component}.files.json.gz`;
export const CHECKSUMS_ASSET = 'SHA256SUMS';
/** A change of signing keys, and who signed it: `holdline.keys.<key id>.minisig`, one for each signer. */
export const KEYS_ASSET = 'holdline.keys.json';
export const KEYS_SIGNATURE = /^holdline\.keys\.[0-9A-F]{16}\.minisig$/;
export const keysSignatureAsset = (keyId: string): string => `holdline.keys.${keyId}.minisig`;
