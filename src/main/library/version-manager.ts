// The version of an app folder, and versions in general. Strict semver everywhere; nothing is coerced.
import { join } from 'node:path';
import { HoldlineError } from '../../domain/errors.js';
import { compareVersions, getNextVersion, isNewer, isValidVersion, parseVersion, type ParsedVersion } from '../../decide/versions.js';
import { createFilesystem } from '../../platform/filesystem.js';

export class VersionManager {
  readonly #file: string;

  /** @param installDir the app's folder, the one with VERSION in it */
  constructor(installDir: string) { this.#file = join(installDir, 'VERSION'); }

  /** Plain semver, or null where VERSION is missing or is none. */
  getCurrentVersion(): string | null {
    const fs = createFilesystem();
    try {
      const text = fs.readText(this.#file, 4096).trim();
      return isValidVersion(text) ? text : null;
    } catch { return null; }
  }

  /**
   * Writes VERSION durably; through the link where the folder is adopted. For set-up and tests: an update does it itself.
   * @throws HoldlineError `version-invalid` for anything but plain semver, the system's error when it cannot be written
   */
  setCurrentVersion(version: string): void {
    if (!isValidVersion(version)) throw new HoldlineError('version-invalid', `cannot set the version to ${JSON.stringify(version)}: it is not plain semver`, { hint: 'Write it like 1.2.0 or 1.2.0-beta.1, without v.' });
    const fs = createFilesystem();
    const target = fs.stat(this.#file)?.kind === 'link' ? fs.realPath(this.#file) : this.#file;
    fs.writeDurably(target, `${version}\n`, 0o644);
  }

  isValidVersion(version: unknown): version is string { return isValidVersion(version); }
  /** Null for anything but plain semver. */
  parseVersion(version: unknown): ParsedVersion | null { return parseVersion(version); }
  /** -1, 0 or 1. @throws RangeError for anything but plain semver */
  compareVersions(a: string, b: string): -1 | 0 | 1 { return compareVersions(a, b); }
  /** @throws RangeError for anything but plain semver */
  isNewer(candidate: string, than: string): boolean { return isNewer(candidate, than); }
  /** @throws RangeError for anything but plain semver */
  getNextVersion(version: string, type: 'patch' | 'minor' | 'major'): string { return getNextVersion(version, type); }
}
