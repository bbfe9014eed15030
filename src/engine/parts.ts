// What the workflows need from outside; main/wire-updater.ts puts it together.
import type { Neighbours } from '../domain/components.js';
import type { DeviceFacts } from '../domain/device-facts.js';
import type { Layout } from '../domain/layout.js';
import type { Manifest } from '../domain/manifest.js';
import type { AcceptedStatement } from '../domain/keys.js';
import type { HookRunner } from '../domain/hooks.js';
import type { ModuleRunner } from '../domain/module.js';
import type { Audit, Clock, Filesystem, Locks, Logger, ReleaseSource, RunResult, ServiceController } from '../domain/ports.js';
import type { Release, UpdateType } from '../domain/release.js';
import type { Report } from '../domain/results.js';
import type { RememberedRollout, RolloutDevice, RolloutInForce } from '../domain/rollout.js';
import type { Settings } from '../domain/settings.js';
import type { Tree } from '../domain/tree.js';
import type { LookRules } from '../decide/step-params.js';
import type { StagedTree } from '../steps/context.js';

/** A payload on disk whose bytes are what the trust in the settings asks for. */
export interface ObtainedPayload {
  readonly path: string;
  readonly sha256: string;
  /** Where the manifest names a files list. */
  readonly files: Tree | null;
  /** A source tarball's top folder is always stripped. */
  readonly strip: 'auto' | 'always';
  readonly bytesDownloaded: number;
  readonly warnings: readonly string[];
}

/** Plain semver: the highest version ever committed here, and what a person named. */
export interface Admission { readonly floor: string | null; readonly named: string | null }

export interface VerifiedManifest {
  readonly manifest: Manifest | null;
  /** Why it is not for this component, and what it carries instead; null or absent where it is. */
  readonly foreign?: { readonly why: string; readonly carries: readonly string[]; readonly expires: string | null } | null | undefined;
  /** Its expiry cannot be judged here. */
  readonly clockIsBehind: boolean;
  readonly sha256: string | null;
  readonly signedBy: string | null;
  /** A change of signing keys that came with it, proven but not yet remembered. */
  readonly statement: AcceptedStatement | null;
}

export interface ArtifactPorts {
  /** Verified as far as the trust asks. Refuses a version below the floor unless it is the named one. */
  obtainManifest(release: Release, admit: Admission, signal: AbortSignal): Promise<VerifiedManifest>;
  /** Durable when it returns, and once however often it is called. */
  rememberStatement(statement: AcceptedStatement): void;
  obtainPayload(release: Release, manifest: Manifest | null, signal: AbortSignal): Promise<ObtainedPayload>;
  /** Bytes of its payload that an earlier download has left here. */
  keptBytes(release: Release, manifest: Manifest | null): number;
  /** Reads the payload without writing anything: the tree it would give. */
  listPayload(payload: ObtainedPayload, signal: AbortSignal): Promise<Tree>;
  /** Writes it into a fresh folder; files equal to the reuse directory's are linked instead. */
  extract(payload: ObtainedPayload, into: string, reuse: string | null, signal: AbortSignal): Promise<StagedTree>;
}

/** Who answers for rollouts: what is remembered of them, and what the source says now. */
export interface RolloutDesk {
  readonly device: RolloutDevice;
  /** How long a statement that says "not yet" is believed without asking again. */
  readonly maxAgeMs: number;
  recall(): RememberedRollout | null;
  /** @param releases whose assets may carry a statement. @throws errors of family `source` */
  ask(source: ReleaseSource, releases: readonly Release[], signal: AbortSignal): Promise<RememberedRollout>;
  /** What of it counts under the keys of this moment. */
  inForce(remembered: RememberedRollout | null): RolloutInForce;
  /** Durable when it returns. The caller holds the lock. */
  remember(remembered: RememberedRollout): void;
}

export interface TreePorts {
  /** Re-reads every file; `skip` leaves out a file, or a folder with all below it. */
  read(directory: string, skip?: (path: string) => boolean): Tree;
}

/** What a gate hook is told. */
export interface HeldUpdate { readonly from: string | null; readonly to: string; readonly type: UpdateType }

/** What holds are judged by. */
export interface HoldWorld {
  readonly bootId: string;
  /** Seconds since boot: never jumps. */
  uptime(): number;
  /** In clock ticks, as /proc tells it; undefined where there is no such process. */
  startTimeOf(pid: number): string | undefined;
  /** Has anybody a flock on this file? */
  isLocked(path: string): boolean;
  runGate(argv: readonly string[], how: { readonly cwd: string; readonly timeoutMs: number; readonly update: HeldUpdate }, signal: AbortSignal): Promise<RunResult>;
}

export interface RecoverResult { readonly outcome: 'nothing' | 'repaired' | 'resume' | 'broken' | 'busy'; readonly actions: readonly string[] }

export interface Verdict { readonly verdict: 'healthy' | 'failed' | 'interrupted'; readonly reason: string | null }
export interface WatchRules {
  readonly seconds: number;
  readonly interval: number;
  readonly failures: number;
  /** ISO 8601: what the services use is compared with the hour before this moment; null: with nothing (a person's rollback is no experiment). */
  readonly compareBefore: string | null;
}

export interface EngineParts {
  readonly settings: Settings;
  readonly layout: Layout;
  readonly fs: Filesystem;
  readonly clock: Clock;
  readonly locks: Locks;
  readonly log: Logger;
  readonly report: Report;
  readonly audit: Audit;
  /** Who asked: `daemon`, `uid 1000`, `control socket`. */
  readonly actor: string;
  readonly source: ReleaseSource;
  /** The same from a folder or file, for `--from`. */
  sourceFrom(path: string): ReleaseSource;
  /** The artifact stage bound to a source. */
  artifact(source: ReleaseSource): ArtifactPorts;
  /** Absent: no rollout is obeyed. */
  readonly rollouts?: RolloutDesk | undefined;
  readonly trees: TreePorts;
  readonly services: ServiceController;
  readonly modules: ModuleRunner;
  readonly hooks: HookRunner;
  /** Watches the touched services and the probes of the settings. */
  watch(touched: readonly string[], rules: WatchRules, signal: AbortSignal): Promise<Verdict>;
  /** The same for one service that has just started, beside the probes that do not ask for another one. */
  look(service: string, rules: LookRules, signal: AbortSignal): Promise<Verdict>;
  /** As it is now. */
  facts(): Promise<DeviceFacts>;
  readonly holdWorld: HoldWorld;
  /** The other components as they are at this moment; absent: there are none. */
  neighbours?(): Neighbours;
  /** The rescue path, run while we hold the lock. */
  recover(): RecoverResult;
  readonly bootId: string;
  /** Six hex digits. */
  random(): string;
}
