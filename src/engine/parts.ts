// What the workflows need from outside; main/wire-updater.ts puts it together.
import type { Layout } from '../domain/layout.js';
import type { Manifest } from '../domain/manifest.js';
import type { Clock, Filesystem, Locks, Logger, Prober, ReleaseSource, ServiceController } from '../domain/ports.js';
import type { Release } from '../domain/release.js';
import type { Report } from '../domain/results.js';
import type { Settings } from '../domain/settings.js';
import type { Tree } from '../domain/tree.js';

/** A payload on disk whose bytes are what the trust in the settings asks for. */
export interface ObtainedPayload {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** Where the manifest names a files list. */
  readonly files: Tree | null;
  readonly bytesDownloaded: number;
  readonly warnings: readonly string[];
}

export interface StageRequest {
  readonly payload: string;
  readonly into: string;
  /** A source tarball's top folder is always stripped. */
  readonly sourceTarball: boolean;
  /** A version directory whose equal files are linked instead of written; null for none. */
  readonly reuse: string | null;
}

export interface ArtifactPorts {
  obtainManifest(release: Release, signal: AbortSignal): Promise<{ readonly manifest: Manifest | null; readonly warnings: readonly string[] }>;
  obtainPayload(release: Release, manifest: Manifest | null, signal: AbortSignal): Promise<ObtainedPayload>;
  /** Reads the payload without writing anything: the tree it would give. */
  listPayload(request: Omit<StageRequest, 'into' | 'reuse'>, signal: AbortSignal): Promise<Tree>;
  extract(request: StageRequest, signal: AbortSignal): Promise<{ readonly tree: Tree; readonly bytesWritten: number }>;
  readTree(directory: string): Tree;
  /** Hard links for code, copies for what may be written. */
  linkTree(request: { readonly from: string; readonly into: string; readonly paths: readonly string[] | null }): Promise<{ readonly tree: Tree; readonly bytesWritten: number }>;
}

/** What the device is, for a release's requirements. */
export interface DeviceFacts { readonly node: string; readonly arch: string; readonly memoryMb: number; readonly diskMb: number }

export interface RecoverResult { readonly outcome: 'nothing' | 'repaired' | 'resume' | 'broken' | 'busy'; readonly actions: readonly string[] }

export interface EngineParts {
  readonly settings: Settings;
  readonly layout: Layout;
  readonly fs: Filesystem;
  readonly clock: Clock;
  readonly locks: Locks;
  readonly log: Logger;
  readonly report: Report;
  /** Who asked: `daemon`, `uid 1000`, `control socket`. */
  readonly actor: string;
  readonly source: ReleaseSource;
  /** The same from a folder or file, for `--from`. */
  sourceFrom(path: string): ReleaseSource;
  /** The artifact stage bound to a source. */
  artifact(source: ReleaseSource): ArtifactPorts;
  readonly services: ServiceController;
  prober(touched: readonly string[]): Prober;
  /** Names of probes configured that can judge here; without any, touched services are watched. */
  readonly hasProbes: boolean;
  facts(): DeviceFacts;
  /** The rescue path, run while we hold the lock. */
  recover(): RecoverResult;
  random(): string;
}
