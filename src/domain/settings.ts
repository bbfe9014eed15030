// The settings as the rest of the program sees them: complete, checked, frozen. All times are seconds.
import type { ComponentFacts } from './components.js';
import type { NetworkSettings, RegressionSettings, RequirementSettings } from './device-rules.js';
import type { Mistake, Place } from './errors.js';
import type { HooksSettings } from './hooks.js';
import type { HoldSettings, PolicySettings, WindowSettings } from './policy.js';
import type { ModuleSettings } from './module.js';

export interface TrustKey {
  readonly name: string;
  /** minisign public key, base64 */
  readonly publicKey: string;
  /** Absent: release. A spare signs no release; it vouches for a change of keys when the release key is lost or stolen. */
  readonly purpose?: 'release' | 'spare' | undefined;
  /** ISO 8601 UTC; absent: no bound. */
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
}

/** Which sigstore attestation a payload must have; identities are compared exactly, never as patterns. */
export interface AttestationSettings {
  /** provenance: which GitHub workflow built it, from what; release: GitHub's own statement about an immutable release. */
  readonly kind: 'provenance' | 'release';
  /** The pinned trusted_root file; null: the shipped one of Sigstore's public-good instance. */
  readonly rootFile: string | null;
  /** Who vouched for the build's identity: the OIDC issuer. */
  readonly issuer: string;
  /** `https://github.com`. */
  readonly server: string;
  /** Path in the repository: `.github/workflows/release.yml`. */
  readonly workflow: string;
  /** Decimal, as GitHub numbers them: a name can be taken over, a number cannot. */
  readonly repositoryId: string;
  readonly ownerId: string;
}

export interface TrustSettings {
  readonly require: 'signature' | 'checksum' | 'none';
  readonly keys: readonly TrustKey[];
  /** A release so many major versions above what runs is installed only by name. Absent: not bounded. */
  readonly maxMajorJump?: number | undefined;
  /** Absent: none is asked for. */
  readonly attestation?: AttestationSettings | undefined;
  /** Key files that could not be used: told when a release is to be read, so that `--status` still works. */
  readonly problems?: readonly Mistake[];
}

/** A glob over the tree, relative to install_dir, and where it stands in the settings. */
export interface ServicePath { readonly glob: string; readonly where?: Place | undefined }

/** How a process takes a change of its files; `bridge`: by the warm upgrade of the bridge of this name. */
export type OnChange = 'restart' | 'none' | { readonly signal: ReloadSignal } | { readonly bridge: string };

/** The signals a program can take as "look at your files again"; those that end it would be a restart nobody watches. */
export const RELOAD_SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGURG', 'SIGALRM'] as const;
export type ReloadSignal = typeof RELOAD_SIGNALS[number];

export interface ServiceSettings {
  /** Unique; the unit's name without `.service` where only a unit is given. */
  readonly name: string;
  /** `monitoring.service`: managed through systemctl. Exactly one of unit and command. */
  readonly unit: string | null;
  /** argv, started in install_dir by the embedded supervisor; never through a shell. */
  readonly command: readonly string[] | null;
  readonly kind: 'service' | 'hardware';
  /** Names started before this one. */
  readonly dependsOn: readonly string[];
  /** Extra environment of an embedded service. */
  readonly env: Readonly<Record<string, string>>;
  /** Seconds between TERM and KILL. */
  readonly stopTimeout: number;
  /** What it is made of. Absent: everything. */
  readonly paths?: readonly ServicePath[] | undefined;
  /** Absent: restart. */
  readonly onChange?: OnChange | undefined;
  /** The name its instances share: `app` of `app@2`. They are restarted one by one, with health between. Absent: there is one. */
  readonly instanceOf?: string | undefined;
}

export type HealthSettings =
  | { readonly kind: 'http'; readonly name: string; readonly url: string; readonly status: number; readonly timeout: number }
  | { readonly kind: 'tcp'; readonly name: string; readonly host: string; readonly port: number; readonly timeout: number }
  | { readonly kind: 'command'; readonly name: string; readonly command: readonly string[]; readonly timeout: number }
  | { readonly kind: 'service'; readonly name: string; readonly service: string; readonly activeFor: number; readonly timeout: number }
  | { readonly kind: 'bridge'; readonly name: string; readonly bridge: string; readonly timeout: number };

export interface ProbationSettings { readonly seconds: number; readonly interval: number; readonly failures: number; readonly maxRestarts: number }

/** Sizes in bytes. */
export interface ArchiveLimits { readonly payloadBytes: number; readonly unpackedBytes: number; readonly entries: number; readonly depth: number; readonly ratio: number }

/** A test group: what its devices do differently. */
export interface GroupSettings {
  readonly name: string;
  /** Null: the settings' own. */
  readonly channel: string | null;
  /** Semver range of the versions its devices take by themselves; null: any. */
  readonly version: string | null;
  /** So many of the devices that name no group are in it; null: only who names it. */
  readonly percent: number | null;
}

export interface RolloutSettings {
  /** Null: none, or one by percentage. */
  readonly group: string | null;
  /** In the order of the file, which deals the percentages. */
  readonly groups: readonly GroupSettings[];
  /** False: the publisher's rollouts are neither asked for nor obeyed. */
  readonly follow: boolean;
  /** Seconds a statement that says "not yet" is believed without asking again; not with a token, where asking is free. */
  readonly maxAge: number;
  /** Null: a random one, made once and kept. */
  readonly deviceId: string | null;
}

export interface Settings {
  /** The file they came from; null when there is none. */
  readonly file: string | null;
  /** `owner/name`. */
  readonly githubRepo: string;
  readonly githubApiUrl: string;
  /** Releases are tagged `PREFIX-v1.2.3`; null: plain tags. */
  readonly tagPrefix: string | null;
  /** Which component these settings are of; null where they are the app's. */
  readonly component: ComponentFacts | null;
  /** One whole view for each component, in the order of the file; null: the app is one component, and these are its settings. */
  readonly components: readonly ComponentSettings[] | null;
  /** Names of components that commit or revert as one. */
  readonly together: readonly (readonly string[])[];
  /** Never logged. Read from GITHUB_TOKEN or the settings' directory's .env. */
  readonly githubToken: string | null;
  readonly app: string;
  readonly installDir: string;
  readonly stateDir: string;
  /** What all components share (domain/layout); equal to stateDir where there is one component. */
  readonly sharedDir: string;
  readonly runtimeDir: string;
  readonly checkInterval: number;
  readonly autoUpdate: boolean;
  readonly backupEnabled: boolean;
  readonly backupPath: string;
  readonly maxBackups: number;
  /** Seconds without progress. */
  readonly downloadTimeout: number;
  readonly downloadDeadline: number;
  readonly maxRetries: number;
  readonly retryDelay: number;
  readonly managedPaths: readonly string[];
  /** Globs below the managed paths whose content on the device survives an update as it is. */
  readonly preserve: readonly string[];
  readonly channel: string;
  /** Asset name pattern for releases without a manifest. */
  readonly asset: string | null;
  readonly trust: TrustSettings;
  /** Seconds without an answer of the source, after which the device says so; 0: never. */
  readonly freshness: { readonly alarmAfter: number };
  readonly policy: PolicySettings;
  readonly windows: WindowSettings;
  readonly holds: HoldSettings;
  readonly rollout: RolloutSettings;
  readonly services: readonly ServiceSettings[];
  readonly health: readonly HealthSettings[];
  /** The program of the release that updates something else; null: the release is all there is to update. */
  readonly module: ModuleSettings | null;
  /** Programs that are called at moments of an update. */
  readonly hooks: HooksSettings;
  readonly probation: ProbationSettings;
  readonly archive: { readonly links: 'inside' | 'none' };
  readonly limits: ArchiveLimits;
  readonly requirements: RequirementSettings;
  readonly network: NetworkSettings;
  readonly regression: RegressionSettings;
  readonly incompleteReleaseWait: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** https_proxy and no_proxy as found; null where unset. */
  readonly proxy: { readonly https: string | null; readonly http: string | null; readonly no: string | null };
  /** Sentences to show at each start (`trust.require: none`, a check_interval that spends the quota, …). */
  readonly warnings: readonly string[];
}

/** The settings of one component: complete, so that everything below the orchestration works on them as on an app's. */
export type ComponentSettings = Settings & { readonly component: ComponentFacts };
