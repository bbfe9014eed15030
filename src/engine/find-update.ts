// Which release is next for this device, and what keeps it from it? Reads, decides, changes nothing.
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import type { Manifest } from '../domain/manifest.js';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import type { ReleaseSource } from '../domain/ports.js';
import type { Release } from '../domain/release.js';
import type { CheckResult } from '../domain/results.js';
import type { AcceptedStatement } from '../domain/keys.js';
import type { DeviceState, SeenRelease, Waiting } from '../domain/state.js';
import { chooseRelease, type Choice } from '../decide/choose-release.js';
import { meetsRequirements } from '../decide/meets-requirements.js';
import { nextUpdateType } from '../decide/next-update-type.js';
import { readDeviceState } from './device-state.js';
import type { EngineParts, VerifiedManifest } from './parts.js';
import { assertUnchanged } from './remember-found.js';
import { peekVersion } from './read-device.js';

export interface Candidate { readonly source: ReleaseSource; readonly release: Release; readonly manifest: Manifest | null }

export interface Found {
  readonly result: CheckResult;
  /** What to install; null where there is nothing or it must wait. */
  readonly candidate: Candidate | null;
  readonly incompleteSince: Readonly<Record<string, string>>;
  /** The source has listed its releases. */
  readonly answered: boolean;
  /** Releases whose manifest was proven now, by tag. */
  readonly verified: Readonly<Record<string, SeenRelease>>;
  readonly signedBy: string | null;
  /** A change of signing keys that came with the candidate. */
  readonly statement: AcceptedStatement | null;
}

/** What is known of every answer, until a candidate says more. */
const nothingProven = (answered: boolean): Pick<Found, 'answered' | 'verified' | 'signedBy' | 'statement'> => ({ answered, verified: {}, signedBy: null, statement: null });

/** A chain of stepping stones longer than this is a mistake in the releases. */
const MAX_STEPS_DOWN = 50;

export async function findUpdate(parts: EngineParts, source: ReleaseSource, named: string | undefined, signal: AbortSignal): Promise<Found> {
  const state = readDeviceState(parts.fs, parts.layout);
  const current = peekVersion(parts);
  const look: Look = { parts, source, named: named ?? null, state, current };
  if (parts.clock.now().getTime() < PLAUSIBLE_SINCE) return waiting(look, null, clockWait(parts));
  parts.report({ type: 'state', state: 'checking', detail: source.description });
  let releases: readonly Release[];
  try {
    ({ releases } = await source.list(signal));
  } catch (thrown) {
    const limited = rateLimitWait(thrown);
    if (limited === undefined) throw thrown;
    return waiting(look, null, limited);
  }
  return choose(look, releases, signal);
}

interface Look { readonly parts: EngineParts; readonly source: ReleaseSource; readonly named: string | null; readonly state: DeviceState; readonly current: string | null }

async function choose(look: Look, releases: readonly Release[], signal: AbortSignal): Promise<Found> {
  const { parts, source, state, named, current } = look;
  const skip = new Set<string>();
  for (let step = 0; step < MAX_STEPS_DOWN; step += 1) {
    const choice = chooseRelease({
      releases, current, floor: state.highest_version, blocked: state.blocked, channel: parts.settings.channel, maxMajorJump: parts.settings.trust.maxMajorJump, named, skip, now: parts.clock.now(),
      incompleteSince: state.incomplete_since, incompleteWait: parts.settings.incompleteReleaseWait, asset: parts.settings.asset, trust: parts.settings.trust.require,
    });
    if (step === 0) for (const message of choice.notes) parts.report({ type: 'note', level: 'warn', message });
    if (choice.kind === 'waiting') return waiting(look, choice, choice.waiting);
    if (choice.kind !== 'candidate') return upToDate(look, choice, skip);
    // A name that led here was a version or a tag of this very release.
    const admit = { floor: state.highest_version, named: named === null ? null : choice.release.version };
    const obtained = await parts.artifact(source).obtainManifest(choice.release, admit, signal);
    const { manifest, clockIsBehind, sha256 } = obtained;
    if (sha256 !== null) assertUnchanged(state.seen, choice.release, sha256);
    if (clockIsBehind) return waiting(look, choice, clockWait(parts));
    const report = meetsRequirements(manifest?.requires ?? {}, { currentVersion: current, ...parts.facts() });
    if (report.ok) return available(look, choice, choice.release, obtained);
    if (!report.needsSteppingStone || named !== null) return waiting(look, choice, { reason: 'requirements', detail: `${choice.release.tag} cannot be installed here: ${report.detail}`, until: null });
    parts.report({ type: 'note', level: 'info', message: `${choice.release.tag}: ${report.detail}; looking for a release in between` });
    skip.add(choice.release.version);
  }
  throw new HoldlineError('manifest-invalid', 'cannot find a way to the newest release: the chain of min_version is too long');
}

function available({ parts, source, current }: Look, choice: Choice, release: Release, { manifest, sha256, signedBy, statement }: VerifiedManifest): Found {
  const type = manifest?.type ?? nextUpdateType(current, release.version);
  const size = manifest?.payload.size ?? release.assets.find((a) => /\.t(ar\.)?gz$/u.test(a.name))?.size ?? null;
  const seen = sha256 === null ? {} : { [release.tag]: { version: release.version, sha256, expires: manifest?.expires ?? null, at: parts.clock.now().toISOString() } };
  return {
    candidate: { source, release, manifest }, incompleteSince: choice.incompleteSince, answered: true, verified: seen, signedBy, statement,
    result: {
      outcome: 'available', current_version: current, latest_version: choice.latest ?? release.version, update_available: true, waiting: null,
      release: { tag: release.tag, type, published_at: release.publishedAt, url: release.url, size },
    },
  };
}

function upToDate({ current, state }: Look, choice: Choice, skipped: ReadonlySet<string>): Found {
  if (skipped.size === 0) {
    return { ...nothingProven(true), candidate: null, incompleteSince: choice.incompleteSince, result: { outcome: 'current', current_version: current, latest_version: choice.latest, update_available: false, waiting: null, release: null } };
  }
  const detail = `${[...skipped].join(', ')} cannot be reached from ${current ?? 'nothing'}: no release in between is admitted here`;
  return { ...nothingProven(true), candidate: null, incompleteSince: choice.incompleteSince, result: { outcome: 'waiting', current_version: current, latest_version: choice.latest ?? state.latest_version, update_available: true, waiting: { reason: 'requirements', detail, until: null }, release: null } };
}

function waiting({ current, state }: Look, choice: Choice | null, wait: Waiting): Found {
  const latest = choice?.latest ?? state.latest_version;
  return {
    ...nothingProven(choice !== null), candidate: null, incompleteSince: choice?.incompleteSince ?? state.incomplete_since,
    result: { outcome: 'waiting', current_version: current, latest_version: latest, update_available: choice !== null, waiting: wait, release: null },
  };
}

function clockWait(parts: EngineParts): Waiting {
  return { reason: 'clock', detail: `the clock says ${parts.clock.now().toISOString()}, which cannot be: nothing is checked or judged by date until it is set (timedatectl set-ntp true)`, until: null };
}

function rateLimitWait(thrown: unknown): Waiting | undefined {
  const error = toHoldlineError(thrown);
  if (error.code !== 'source-rate-limited') return undefined;
  const until = error.context['until'];
  return { reason: 'rate-limit', detail: error.message, until: typeof until === 'string' ? until : null };
}
