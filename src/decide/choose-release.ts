// Which release is next? Strict semver, the channel, what is blocked, the floor, what is complete: one answer, and why not the others. Pure.
import semver from 'semver';
import type { VersionBound } from '../domain/components.js';
import { HoldlineError } from '../domain/errors.js';
import type { Release } from '../domain/release.js';
import type { Blocked, Waiting } from '../domain/state.js';
import { findBrokenBound } from './judge-dependencies.js';
import { whyIncomplete, type PayloadRule } from './release-completeness.js';

export interface ChooseRequest extends PayloadRule {
  readonly releases: readonly Release[];
  /** Plain semver of what runs; null when nothing does. */
  readonly current: string | null;
  /** The highest version ever committed; null for none. */
  readonly floor: string | null;
  readonly blocked: readonly Blocked[];
  /** `stable`, or the name that prerelease identifiers start with. */
  readonly channel: string;
  /** Major versions above the current one that may be taken without being named; undefined: any. */
  readonly maxMajorJump?: number | undefined;
  /** Semver ranges (a version is one, too) that a version must lie in to come by itself; null or absent: any. */
  readonly pin?: string | null;
  readonly range?: string | null;
  /** A version or tag a person named; null for the highest. It may be older, blocked, or of another channel. */
  readonly named: string | null;
  /** Ranges that others set to it; absent: none. */
  readonly bounds?: readonly VersionBound[] | undefined;
  /** Releases that are not for this component, by tag, and why: they do not exist for it, unless a person names one. */
  readonly foreign?: ReadonlyMap<string, string> | undefined;
  /** Versions found unfit meanwhile (their min_version is above us): the next lower one is asked for. */
  readonly skip?: ReadonlySet<string>;
  readonly now: Date;
  /** When a release was first seen incomplete (ISO 8601 UTC), by tag: `state.incomplete_since`. */
  readonly incompleteSince: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly incompleteWait: number;
}

export type NotChosen = 'foreign' | 'channel' | 'pin' | 'range' | 'blocked' | 'below-floor' | 'too-far' | 'bound' | 'not-newer' | 'incomplete' | 'skipped' | 'lower' | 'same-version' | 'not-named';

export interface SeenRelease {
  readonly tag: string;
  readonly version: string;
  /** Null for the chosen one. */
  readonly why: NotChosen | null;
  /** One clause for people. */
  readonly detail: string;
}

interface Common {
  /** The highest version of the channel that is for this component, whatever may keep us from it; null for none. */
  readonly latest: string | null;
  readonly seen: readonly SeenRelease[];
  /** To be remembered as `state.incomplete_since`. */
  readonly incompleteSince: Readonly<Record<string, string>>;
  /** Sentences to show: a newer one was passed over because it stays incomplete, or is too far ahead. */
  readonly notes: readonly string[];
}

export type Choice =
  /** No release of this channel at all. */
  | (Common & { readonly kind: 'none' })
  | (Common & { readonly kind: 'current' })
  /** `blocked`: the person named a version that was reverted before. */
  | (Common & { readonly kind: 'candidate'; readonly release: Release; readonly blocked: Blocked | null })
  | (Common & { readonly kind: 'waiting'; readonly release: Release; readonly waiting: Waiting });

/** Throws only `version-unknown`, for a name nobody has. */
export function chooseRelease(request: ChooseRequest): Choice {
  const sorted = [...request.releases].sort(compareReleases);
  const latest = sorted.find((release) => isOfChannel(release, request.channel) && request.foreign?.has(release.tag) !== true)?.version ?? null;
  const named = request.named === null ? undefined : findNamed(sorted, request.named);
  const verdicts = sorted.map((release) => judge(release, request, named));
  const incompleteSince = rememberIncomplete(verdicts, request);
  const waiting = verdicts.find((verdict) => verdict.why === 'incomplete' && isStillAwaited(verdict.release, incompleteSince, request));
  const fit = verdicts.find((verdict) => verdict.why === null);
  const chosen = waiting !== undefined && (fit === undefined || verdicts.indexOf(waiting) < verdicts.indexOf(fit)) ? waiting : fit;
  const common: Common = { latest, incompleteSince, notes: notesOf(verdicts, fit), seen: verdicts.map((verdict) => toSeen(verdict, chosen)) };
  if (chosen === undefined) {
    const runs = request.current !== null && (named === undefined || semver.eq(named.version, request.current));
    return { ...common, kind: latest === null && named === undefined || !runs ? 'none' : 'current' };
  }
  const { release } = chosen;
  if (chosen === waiting) return { ...common, kind: 'waiting', release, waiting: describeWaiting(chosen, incompleteSince, request) };
  return { ...common, kind: 'candidate', release, blocked: request.blocked.find((entry) => entry.version === release.version) ?? null };
}

interface Verdict { readonly release: Release; readonly why: NotChosen | null; readonly detail: string }

/** Highest first; of equal versions the one published last, then by tag, so that the order never depends on the source. */
function compareReleases(a: Release, b: Release): number {
  return semver.rcompare(a.version, b.version) || b.publishedAt.localeCompare(a.publishedAt) || (a.tag < b.tag ? -1 : 1);
}

/** `beta` admits 1.2.0-beta.3, -beta3 and -beta-3, not -betamax. */
export function isOfChannel(release: Release, channel: string): boolean {
  const first = semver.prerelease(release.version)?.[0];
  if (first === undefined) return !release.prerelease;
  if (channel === 'stable') return false;
  const name = String(first);
  return name.startsWith(channel) && !/^[A-Za-z]/.test(name.slice(channel.length));
}

function judge(release: Release, request: ChooseRequest, named: Release | undefined): Verdict {
  const no = (why: NotChosen, detail: string): Verdict => ({ release, why, detail });
  const { current, floor } = request;
  if (named !== undefined && release !== named) return no('not-named', `${named.tag} was asked for`);
  if (current !== null && semver.eq(release.version, current)) return no('not-newer', 'it runs already');
  if (request.skip?.has(release.version) === true) return no('skipped', 'this device cannot go there directly');
  if (named === undefined) {
    const foreign = request.foreign?.get(release.tag);
    if (foreign !== undefined) return no('foreign', foreign);
    if (!isOfChannel(release, request.channel)) return no('channel', `not of the channel ${request.channel}`);
    const outside = whyOutside(release, request);
    if (outside !== undefined) return no(...outside);
    const blocked = request.blocked.find((entry) => entry.version === release.version);
    if (blocked !== undefined) return no('blocked', `blocked: ${blocked.reason}`);
    if (current !== null && semver.lt(release.version, current)) return no('not-newer', `older than ${current}`);
    if (floor !== null && semver.lt(release.version, floor)) return no('below-floor', `${floor} was installed before; an older one only by name`);
    const ahead = current === null ? 0 : semver.major(release.version) - semver.major(current);
    if (ahead > (request.maxMajorJump ?? Infinity)) return no('too-far', `${ahead} major versions above ${current ?? ''}, trust.max_major_jump is ${request.maxMajorJump ?? ''}; if it is meant: holdline --update ${release.version}`);
    const broken = findBrokenBound(release.version, request.bounds ?? []);
    if (broken !== undefined) return no('bound', broken.why);
  }
  const missing = whyIncomplete(release, request.releases, request);
  return missing === undefined ? { release, why: null, detail: 'the next one' } : no('incomplete', missing);
}

function whyOutside({ version }: Release, { pin, range }: ChooseRequest): readonly [NotChosen, string] | undefined {
  const outside = (allowed: string | null | undefined): boolean => typeof allowed === 'string' && !semver.satisfies(version, allowed, { includePrerelease: true });
  if (outside(pin)) return ['pin', `this device is pinned to ${pin ?? ''}`];
  return outside(range) ? ['range', `not in the range ${range ?? ''} (policy.range)`] : undefined;
}

function findNamed(sorted: readonly Release[], name: string): Release {
  const wanted = semver.valid(name);
  const found = sorted.find((release) => release.tag === name) ?? sorted.find((release) => wanted !== null && release.version === wanted);
  if (found !== undefined) return found;
  const near = nearest(sorted, wanted);
  throw new HoldlineError('version-unknown', `cannot find version ${name}: the source has no such release`, {
    hint: near.length === 0 ? 'It has no releases at all with a version in their tag.' : `There are: ${near.join(', ')}.`, context: { named: name, near: near.join(' ') },
  });
}

const MAX_NEAR = 5;

/** The versions around the wanted one, highest first; the highest ones when the name is no version. */
function nearest(sorted: readonly Release[], wanted: string | null): string[] {
  const versions = [...new Set(sorted.map((release) => release.version))];
  const place = wanted === null ? 0 : versions.findIndex((version) => semver.lt(version, wanted));
  const middle = place < 0 ? versions.length : place;
  const start = Math.max(0, Math.min(middle - Math.floor(MAX_NEAR / 2), versions.length - MAX_NEAR));
  return versions.slice(start, start + MAX_NEAR);
}

/** Only releases that are still incomplete and wanted; a time in the future (the clock jumped) starts anew. */
function rememberIncomplete(verdicts: readonly Verdict[], request: ChooseRequest): Record<string, string> {
  return Object.fromEntries(verdicts.filter((verdict) => verdict.why === 'incomplete').map(({ release }) => {
    const since = request.incompleteSince[release.tag];
    const sound = since !== undefined && Date.parse(since) <= request.now.getTime();
    return [release.tag, sound ? since : request.now.toISOString()];
  }));
}

const waitsUntil = (release: Release, since: Readonly<Record<string, string>>, request: ChooseRequest): Date =>
  new Date(Date.parse(since[release.tag] ?? request.now.toISOString()) + request.incompleteWait * 1000);

/** A named one is waited for without end: taking another is not what the person asked. */
const isStillAwaited = (release: Release, since: Readonly<Record<string, string>>, request: ChooseRequest): boolean =>
  request.named !== null || waitsUntil(release, since, request) > request.now;

function describeWaiting(verdict: Verdict, since: Readonly<Record<string, string>>, request: ChooseRequest): Waiting {
  const until = waitsUntil(verdict.release, since, request);
  const last = request.named === null ? `; after ${until.toISOString()} the next lower one is taken` : '';
  return { reason: 'incomplete-release', detail: `${verdict.release.tag} is not complete: ${verdict.detail}${last}`, until: request.named === null ? until.toISOString() : null };
}

function notesOf(verdicts: readonly Verdict[], fit: Verdict | undefined): string[] {
  const above = fit === undefined ? verdicts : verdicts.slice(0, verdicts.indexOf(fit));
  const tooFar = above.filter(({ why }) => why === 'too-far').map(({ release, detail }) => `${release.tag} is left aside: it is ${detail}`);
  const outside = above.filter(({ why }) => why === 'bound').map(({ release, detail }) => `${release.tag} is left aside: ${detail}`);
  return tooFar.slice(0, 1).concat(outside.slice(0, 1), above.filter((verdict) => verdict.why === 'incomplete').map(({ release, detail }) =>
    `${release.tag} stays incomplete (${detail}); ${fit === undefined ? 'there is no lower one to take' : `${fit.release.tag} is taken instead`}`));
}

function toSeen(verdict: Verdict, chosen: Verdict | undefined): SeenRelease {
  const { release: { tag, version }, why, detail } = verdict;
  if (verdict === chosen) return { tag, version, why: why === 'incomplete' ? why : null, detail };
  if (why !== null) return { tag, version, why, detail };
  const same = chosen?.release.version === version;
  return { tag, version, why: same ? 'same-version' : 'lower', detail: same ? `the same version as ${chosen.release.tag}` : `lower than ${chosen?.release.tag ?? 'another'}` };
}
