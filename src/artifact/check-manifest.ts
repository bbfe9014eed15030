// Is this manifest the description of the release that was asked for, and is it still valid? Pure.
// A signature covers bytes; these checks are what ties the bytes to repo, tag, version and time.
import semver from 'semver';
import { HoldlineError } from '../domain/errors.js';
import type { ManifestHead } from '../domain/manifest.js';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import { parseTrustedComment } from './trusted-comment.js';

export interface ExpectedRelease {
  readonly repo: string;
  readonly tag: string;
  readonly version: string;
  /** The signed comment; null where no signature was asked for. */
  readonly trustedComment: string | null;
}

/** Throws `manifest-mismatch`, naming both values. */
export function checkManifest(manifest: ManifestHead, expected: ExpectedRelease): void {
  assertSame('repo', manifest.repo.toLowerCase(), expected.repo.toLowerCase());
  assertSame('tag', manifest.tag, expected.tag);
  assertSame('version', manifest.version, expected.version);
  if (expected.trustedComment === null) return;
  const signed = parseTrustedComment(expected.trustedComment);
  assertSame('signed repo', signed.repo.toLowerCase(), expected.repo.toLowerCase());
  assertSame('signed tag', signed.tag, expected.tag);
}

/** How far a device's clock may be behind the publisher's before it counts as not set. */
const CLOCK_TOLERANCE_MS = 24 * 3600 * 1000;

/** `clock`: the manifest has an expiry and the device's clock is too far in the past to judge it: waiting, not an error. */
export function judgeManifestTime(manifest: Pick<ManifestHead, 'created' | 'expires'>, now: Date): 'valid' | 'expired' | 'clock' {
  if (manifest.expires === null) return 'valid';
  if (now.getTime() < PLAUSIBLE_SINCE || now.getTime() < Date.parse(manifest.created) - CLOCK_TOLERANCE_MS) return 'clock';
  return now.getTime() >= Date.parse(manifest.expires) ? 'expired' : 'valid';
}

/** Throws `manifest-expired` when a plausible clock says so. */
export function assertNotExpired(manifest: Pick<ManifestHead, 'version' | 'created' | 'expires'>, now: Date): void {
  if (judgeManifestTime(manifest, now) !== 'expired') return;
  throw new HoldlineError('manifest-expired', `cannot install ${manifest.version}: its publisher let it expire at ${manifest.expires ?? ''}, the clock here says ${now.toISOString()}`, {
    hint: 'Look for a newer release; if there is none, ask the publisher to publish again.', context: { expires: manifest.expires, now: now.toISOString() },
  });
}

/** Throws `version-floor` for a version below the highest ever committed, unless a person named exactly this one. */
export function assertAboveFloor(version: string, floor: string | null, named: string | null): void {
  if (floor === null || version === named || semver.gte(version, floor)) return;
  throw new HoldlineError('version-floor', `cannot install ${version}: this device already ran ${floor}, and older versions may have known holes`, {
    hint: `If you mean it, name it: holdline --update ${version}`, context: { version, floor },
  });
}

function assertSame(what: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new HoldlineError('manifest-mismatch', `cannot trust this release: its manifest says ${what} ${JSON.stringify(found)}, but ${JSON.stringify(expected)} was asked for`, {
    hint: 'The release was put together wrongly, or someone moved files between releases. Nothing was installed; ask the publisher.',
    context: { what, found, expected },
  });
}
