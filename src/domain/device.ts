// A device as it stands on the disk, read once under the lock, and what its backups say. Data only.
import type { VersionReference } from './plan.js';
import type { VersionRecord } from './state.js';
import type { TreeEntry } from './tree.js';

export interface KeptVersion extends VersionReference {
  readonly record: VersionRecord;
}

/**
 * What stands at a managed path: `linked` is our link; `own` a real file or folder; `foreign` a link that is not ours, or
 * something that is neither file, folder nor link; `missing` nothing.
 */
export interface ManagedPath {
  readonly path: string;
  readonly status: 'linked' | 'own' | 'foreign' | 'missing';
}

export interface Device {
  /** `empty`: the folder exists and holds none of the managed paths. */
  readonly kind: 'adopted' | 'plain' | 'empty';
  /** Plain semver of what runs; null when empty. */
  readonly version: string | null;
  readonly current: KeptVersion | null;
  /** What ran before, where it is still kept. */
  readonly previous: KeptVersion | null;
  /** All kept versions, the current one included, newest record first. */
  readonly versions: readonly KeptVersion[];
  readonly managed: readonly ManagedPath[];
}

/** `target`: of a link, its text, so that a backup on a filesystem without links can still be restored. */
export interface BackupEntry extends TreeEntry {
  readonly target?: string;
}

/** `<backup>/.holdline/backup.json`: what a backup is. Small, so that a status stays quick; the long list stands beside it. */
export interface BackupManifest {
  readonly format: 1;
  readonly version: string;
  /** Whose it is: several apps may share a backup path. */
  readonly install_dir: string;
  /** Name of the version directory it was taken from. */
  readonly directory: string;
  /** ISO 8601 UTC. */
  readonly created: string;
  readonly bytes: number;
  readonly files: number;
  readonly record: VersionRecord;
  /** Of `entries.json` beside it: path, mode, size and sha256 of every file, those of the version's record below `.holdline/record/` included. */
  readonly entries_sha256: string;
}

export interface Backup {
  /** `backup_1.2.0_20261121_093000`. */
  readonly name: string;
  readonly path: string;
  readonly manifest: BackupManifest;
}
