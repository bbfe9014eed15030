// Which release is next for this device, and what keeps it from it? Reads, decides, changes nothing.
import type { DeviceFacts } from '../domain/device-facts.js';
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import type { Manifest } from '../domain/manifest.js';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import type { StandingHold } from '../domain/holds.js';
import type { ReleaseSource } from '../domain/ports.js';
import type { Release, UpdateType } from '../domain/release.js';
import type { RequirementReport } from '../domain/requirement-report.js';
import type { CheckResult, ReleaseRulings } from '../domain/results.js';
import type { AcceptedStatement } from '../domain/keys.js';
import type { RememberedRollout } from '../domain/rollout.js';
import type { Ruling } from '../domain/ruling.js';
import type { DeviceState, SeenRelease, Waiting } from '../domain/state.js';
import { chooseRelease, type Choice, type SeenRelease as Verdict } from '../decide/choose-release.js';
import { assertAllowed } from '../decide/judge-claims.js';
import { judgeHold } from '../decide/judge-hold.js';
import { nextUpdateType } from '../decide/next-update-type.js';
import { admitRelease, askerOf, refusal, type Asked } from './admit-release.js';
import { createForeignReleases, MAX_FOREIGN_SEEN, type ForeignReleases } from './foreign-releases.js';
import { lookAtRollout, type RolloutLook } from './consult-rollout.js';
import { readDeviceState } from './device-state.js';
import { judgeDevice, type DeviceJudgement } from './judge-device.js';
import { lookAtHolds } from './look-at-holds.js';
import type { EngineParts, VerifiedManifest } from './parts.js';
import { findHeldBack, judgeNeeds } from './judge-needs.js';
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
  /** What each release was found to be, highest first; empty where the source was not asked. */
  readonly seen: readonly Verdict[];
  /** What the gates said of those that could be next, in the order in which they were looked at. */
  readonly rulings: readonly ReleaseRulings[];
  /** What the source said about rollouts; null where it was not asked. */
  readonly rollout: RememberedRollout | null;
  /** Why what runs should not: the publisher has withdrawn it. */
  readonly withdrawn: string | null;
}

/** What is known of every answer, until a candidate says more. */
const nothingProven = (answered: boolean): Pick<Found, 'answered' | 'verified' | 'signedBy' | 'statement' | 'rollout' | 'withdrawn'> =>
  ({ answered, verified: {}, signedBy: null, statement: null, rollout: null, withdrawn: null });

/** A chain of stepping stones longer than this is a mistake in the releases. */
const MAX_STEPS_DOWN = 50;
/** Lower releases that are looked at while a higher one must wait or was refused: each costs a manifest. */
const MAX_PASSED_OVER = 5;
/** Releases in one look that turn out to be other components': they are remembered, so the next look goes on below them. */
const MAX_FOREIGN = 10;

export async function findUpdate(parts: EngineParts, source: ReleaseSource, asked: Asked, signal: AbortSignal): Promise<Found> {
  const state = readDeviceState(parts.fs, parts.layout);
  const current = peekVersion(parts);
  const look: Look = { parts, source, asked, state, current, unreachable: new Set(), passedOver: new Set(), rulings: [], foreign: createForeignReleases(parts.settings.component, state.seen), rollout: lookAtRollout({ parts, source, byPerson: asked.who === 'person', looks: asked.looks === true }), ofRollout: new Map() };
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
  try {
    const found = await choose(look, releases, signal);
    const withdrawn = await look.rollout.withdrawn(current, releases, signal);
    return { ...found, verified: { ...look.foreign.proven(), ...found.verified }, ...(withdrawn === null ? {} : { result: tellWithdrawn(found, withdrawn) }), rollout: look.rollout.news(), withdrawn };
  } catch (thrown) {
    const limited = rateLimitWait(thrown);
    if (limited === undefined) throw thrown;
    return { ...waiting(look, null, limited), rollout: look.rollout.news() };
  }
}

/** Nothing newer comes: then that is what this device waits for. */
function tellWithdrawn({ candidate, result }: Found, withdrawn: string): CheckResult {
  return candidate === null && result.waiting === null ? { ...result, outcome: 'waiting', waiting: { reason: 'rollout', detail: withdrawn, until: null } } : result;
}

interface Look {
  readonly parts: EngineParts;
  readonly source: ReleaseSource;
  readonly asked: Asked;
  readonly state: DeviceState;
  readonly current: string | null;
  /** Versions whose min_version is above us. */
  readonly unreachable: Set<string>;
  /** Versions that a gate keeps away. */
  readonly passedOver: Set<string>;
  readonly rulings: ReleaseRulings[];
  /** Releases with these tags that are other components'. */
  readonly foreign: ForeignReleases;
  readonly rollout: RolloutLook;
  /** What the rollout said of each version. */
  readonly ofRollout: Map<string, Ruling>;
  /** The highest one that waits: the answer when nothing lower may come meanwhile. */
  highest?: Found;
  holds?: readonly StandingHold[];
  facts?: DeviceFacts;
}

async function choose(look: Look, releases: readonly Release[], signal: AbortSignal): Promise<Found> {
  const { parts, source, state, current, unreachable, passedOver } = look;
  const named = look.asked.named ?? null;
  const neighbours = parts.neighbours?.();
  for (let step = 0; step < MAX_STEPS_DOWN; step += 1) {
    const { settings } = parts;
    const choice = chooseRelease({
      releases, current, floor: state.highest_version, blocked: state.blocked.filter(({ version }) => look.asked.lifted?.includes(version) !== true), channel: settings.channel, pin: settings.component?.pin ?? settings.policy.pin, range: settings.policy.range,
      maxMajorJump: settings.trust.maxMajorJump, named, bounds: neighbours?.bounds, foreign: look.foreign.of(releases), skip: new Set([...unreachable, ...passedOver]), now: parts.clock.now(),
      incompleteSince: state.incomplete_since, incompleteWait: settings.incompleteReleaseWait, asset: settings.asset, trust: settings.trust.require,
    });
    if (step === 0) for (const message of choice.notes) parts.report({ type: 'note', level: 'warn', message });
    const enough = passedOver.size > MAX_PASSED_OVER || look.foreign.count() > MAX_FOREIGN || countForeignAbove(choice) >= MAX_FOREIGN_SEEN;
    if (look.highest !== undefined && (choice.kind !== 'candidate' || enough)) return { ...look.highest, seen: choice.seen, rulings: look.rulings };
    if (choice.kind === 'waiting') return waiting(look, choice, choice.waiting);
    if (choice.kind !== 'candidate' || enough) {
      const held = findHeldBack(choice.seen, neighbours);
      return held === null ? upToDate(look, choice) : waiting(look, choice, held);
    }
    // Before anything of it is fetched: a fleet that waits for its turn asks for nothing else.
    if (isKept(look, choice, choice.release, await look.rollout.judge(choice.release, signal))) continue;
    // A name that led here was a version or a tag of this very release.
    const admit = { floor: state.highest_version, named: named === null ? null : choice.release.version };
    const obtained = await parts.artifact(source).obtainManifest(choice.release, admit, signal);
    const { manifest, clockIsBehind, sha256 } = obtained;
    if (sha256 !== null) assertUnchanged(state.seen, choice.release, sha256);
    if (obtained.foreign !== undefined && obtained.foreign !== null) {
      look.foreign.found({ ...choice.release, ...obtained.foreign, sha256, at: parts.clock.now(), named: named !== null });
      continue;
    }
    if (clockIsBehind) return waiting(look, choice, clockWait(parts));
    if (manifest !== null) assertAllowed(manifest, settings.services);
    const type = manifest?.type ?? nextUpdateType(current, choice.release.version);
    look.facts ??= await parts.facts();
    const judged = judgeDevice(parts, { source, release: choice.release, manifest, type }, current, look.facts, 'fetch');
    const { report } = judged;
    if (report.ok || !report.needsSteppingStone || named !== null) {
      const found = report.ok ? await judge(look, choice, choice.release, obtained, judged, signal) : unfit(look, choice, choice.release, type, judged);
      if (found !== undefined) return found;
      continue;
    }
    parts.report({ type: 'note', level: 'info', message: `${choice.release.tag}: ${report.detail}; looking for a release in between` });
    unreachable.add(choice.release.version);
  }
  throw new HoldlineError('manifest-invalid', 'cannot find a way to the newest release: the chain of min_version is too long');
}

/** Other components' releases that are higher than the one that could be next. */
function countForeignAbove(choice: Choice): number {
  if (choice.kind !== 'candidate') return 0;
  return choice.seen.slice(0, choice.seen.findIndex(({ tag }) => tag === choice.release.tag)).filter(({ why }) => why === 'foreign').length;
}

/** A lower one may still come: a rollout is of one version, and every other is everybody's. */
function isKept(look: Look, choice: Choice, { tag, version }: Release, ruling: Ruling): boolean {
  look.ofRollout.set(version, ruling);
  if (ruling.verdict === 'pass') return false;
  look.rulings.push({ tag, version, type: nextUpdateType(look.current, version), rulings: [ruling] });
  look.passedOver.add(version);
  look.highest ??= waiting(look, choice, ruling.verdict === 'wait' ? ruling.waiting : { reason: 'rollout', detail: `${ruling.detail}; it waits for a newer one`, until: null });
  return true;
}

/** What the gates say of it; undefined where a lower one is to be looked for: what waits for a person or a date must not keep a fix away. */
async function judge(look: Look, choice: Choice, release: Release, obtained: VerifiedManifest, judged: DeviceJudgement, signal: AbortSignal): Promise<Found | undefined> {
  const { parts, asked, current } = look;
  const found = withReport(available(look, choice, release, obtained), judged.report);
  const { tag, version, publishedAt } = release;
  const type = obtained.manifest?.type ?? nextUpdateType(current, version);
  const needs = judgeNeeds(parts, release, obtained.manifest);
  const needed = needs.find((ruling) => ruling.verdict === 'wait');
  look.holds ??= await lookAtHolds(parts, { from: current, to: version, type }, signal);
  if (asked.dryRun === true && look.holds.length > 0) parts.report({ type: 'note', level: 'warn', message: `it would wait now: ${judgeHold({ holds: look.holds }).detail}` });
  const admission = admitRelease(parts, { tag, version, type, publishedAt }, { asker: askerOf(asked), holds: asked.dryRun === true ? [] : look.holds, left: 'begin' });
  const ofRollout = look.ofRollout.get(version);
  look.rulings.push({ tag, version, type, rulings: [...needs, ...(ofRollout === undefined ? [] : [ofRollout]), ...judged.rulings, ...admission.rulings] });
  // Paused or withdrawn since it was last asked: seen now, not in some hours.
  if (admission.go && judged.waiting === null && needed === undefined) return isKept(look, choice, release, await look.rollout.confirm(release, signal)) ? undefined : found;
  const wait = needed?.waiting ?? (admission.go ? judged.waiting : admission.waiting) ?? (asked.named === undefined ? null : refusal(admission.rulings));
  if (wait !== null) look.highest ??= keepWaiting(found, wait);
  // A hold holds them all.
  if (asked.named !== undefined || wait?.reason === 'hold') return look.highest;
  look.passedOver.add(version);
  return undefined;
}

/** Heat or load passes and holds them all; what only another release could mend has that one looked for. */
function unfit(look: Look, choice: Choice, { tag, version }: Release, type: UpdateType, { report, rulings, waiting: wait }: DeviceJudgement): Found | undefined {
  look.rulings.push({ tag, version, type, rulings });
  if (wait !== null) look.highest ??= withReport(waiting(look, choice, wait), report);
  if (look.asked.named !== undefined || (wait?.until ?? null) !== null) return look.highest;
  look.passedOver.add(version);
  return undefined;
}

/** A release that only waits for a person's word is there to be installed: `available`, and it says what the daemon waits for. */
function keepWaiting(found: Found, wait: Waiting): Found {
  return { ...found, candidate: null, statement: null, result: { ...found.result, outcome: wait.reason === 'approval' ? 'available' : 'waiting', waiting: wait } };
}

function available({ parts, source, current, rulings }: Look, choice: Choice, release: Release, { manifest, sha256, signedBy, statement }: VerifiedManifest): Found {
  const type = manifest?.type ?? nextUpdateType(current, release.version);
  const size = manifest?.payload.size ?? release.assets.find((a) => /\.t(ar\.)?gz$/u.test(a.name))?.size ?? null;
  const seen = sha256 === null ? {} : { [release.tag]: { version: release.version, sha256, expires: manifest?.expires ?? null, at: parts.clock.now().toISOString() } };
  return {
    ...nothingProven(true), candidate: { source, release, manifest }, incompleteSince: choice.incompleteSince, verified: seen, signedBy, statement, seen: choice.seen, rulings,
    result: {
      outcome: 'available', current_version: current, latest_version: choice.latest ?? release.version, update_available: true, waiting: null,
      release: { tag: release.tag, type, published_at: release.publishedAt, url: release.url, size },
    },
  };
}

const withReport = (found: Found, { ok, score, checks }: RequirementReport): Found => ({ ...found, result: { ...found.result, requirements: { score, ok, checks } } });

function upToDate({ current, state, unreachable, rulings }: Look, choice: Choice): Found {
  const common = { ...nothingProven(true), candidate: null, incompleteSince: choice.incompleteSince, seen: choice.seen, rulings };
  if (unreachable.size === 0) {
    return { ...common, result: { outcome: 'current', current_version: current, latest_version: choice.latest, update_available: false, waiting: null, release: null } };
  }
  const detail = `${[...unreachable].join(', ')} cannot be reached from ${current ?? 'nothing'}: no release in between is admitted here`;
  return { ...common, result: { outcome: 'waiting', current_version: current, latest_version: choice.latest ?? state.latest_version, update_available: true, waiting: { reason: 'requirements', detail, until: null }, release: null } };
}

function waiting({ current, state, rulings }: Look, choice: Choice | null, wait: Waiting): Found {
  const latest = choice?.latest ?? state.latest_version;
  return {
    ...nothingProven(choice !== null), candidate: null, incompleteSince: choice?.incompleteSince ?? state.incomplete_since, seen: choice?.seen ?? [], rulings,
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
