// What a look at the source leaves behind: state, the releases it has proven, a change of signing keys. The caller holds the lock.
import { choosePayload } from '../domain/choose-payload.js';
import { HoldlineError } from '../domain/errors.js';
import type { Release } from '../domain/release.js';
import type { RememberedRollout } from '../domain/rollout.js';
import type { DeviceState, SeenRelease } from '../domain/state.js';
import { changeDeviceState, readDeviceState } from './device-state.js';
import type { Found } from './find-update.js';
import { MAX_FOREIGN_SEEN } from './foreign-releases.js';
import type { EngineParts } from './parts.js';

/** Older ones are forgotten: their tags lie below the floor long since. */
const MAX_SEEN = 100;

/** @param fromSource false for a folder by hand, which says nothing of what the source shows */
export function rememberFound(parts: EngineParts, found: Found, fromSource: boolean): void {
  const { result, statement, verified } = found;
  const at = parts.clock.now().toISOString();
  if (statement !== null && found.candidate !== null) {
    parts.artifact(found.candidate.source).rememberStatement(statement);
    parts.audit.note({ event: 'keys-changed', reason: `a signed change of keys came with ${statement.tag}`, facts: { tag: statement.tag } });
  }
  if (fromSource && found.rollout !== null) rememberRollout(parts, found.rollout);
  const before = readDeviceState(parts.fs, parts.layout);
  if (fromSource && isNews(before, found)) parts.audit.note({ event: 'checked', reason: result.waiting?.detail ?? null, facts: { outcome: result.outcome, current: result.current_version, latest: result.latest_version } });
  for (const [tag, { version, sha256, carries }] of Object.entries(verified)) {
    if (before.seen[tag] === undefined && carries === undefined) parts.audit.note({ event: 'verified', facts: { tag, version, sha256, signed_by: found.signedBy } });
  }
  changeDeviceState(parts.fs, parts.layout, (state) => {
    const seen = addSeen(state, verified);
    if (!fromSource) return { ...state, seen };
    return {
      ...state, seen, last_check: at, waiting: result.waiting, held_since: heldSince(state, found, at),
      latest_version: result.latest_version ?? state.latest_version, update_available: found.answered ? result.update_available : state.update_available, incomplete_since: found.incompleteSince,
      last_answer: found.answered ? at : state.last_answer ?? at,
      // A check that went through shows that what failed in reaching the source is over; an update's own failure stays.
      last_error: state.last_error?.code.startsWith('source-') === true ? null : state.last_error,
    };
  });
}

/** An hour in which nobody could be asked ends no hold. */
function heldSince({ held_since: since }: DeviceState, { answered, result }: Found, at: string): string | null {
  if (result.waiting?.reason === 'hold') return since ?? at;
  return answered ? null : since;
}

/** Said once: a statement that changed, or one that is not believed. */
function rememberRollout({ rollouts, audit, report }: EngineParts, news: RememberedRollout): void {
  if (rollouts === undefined) return;
  const before = rollouts.recall();
  rollouts.remember(news);
  if (news.signed !== null && news.signed.text !== before?.signed?.text) {
    const { statement } = rollouts.inForce(news);
    if (statement !== null) audit.note({ event: 'rollout', facts: { serial: statement.serial, version: statement.version, percent: statement.percent, paused: statement.paused, withdrawn: statement.withdrawn.join(' ') } });
  }
  if (news.problem === null || news.problem === before?.problem) return;
  audit.note({ event: 'refused', reason: news.problem, facts: { code: 'rollout-invalid' } });
  report({ type: 'note', level: 'warn', message: news.problem });
}

function isNews(state: DeviceState, { result }: Found): boolean {
  return state.last_check === null || (result.latest_version ?? state.latest_version) !== state.latest_version || result.waiting?.reason !== state.waiting?.reason;
}

function addSeen(state: DeviceState, more: Readonly<Record<string, SeenRelease>>): DeviceState['seen'] {
  // The same content, and found to be for another component since the settings have changed.
  const news = Object.entries(more).filter(([tag, { carries }]) => state.seen[tag] === undefined || (carries !== undefined && state.seen[tag].carries === undefined));
  if (news.length === 0) return state.seen;
  const all = Object.entries({ ...state.seen, ...Object.fromEntries(news) }).sort(([, a], [, b]) => a.at.localeCompare(b.at));
  const ours = all.filter(([, { carries }]) => carries === undefined).slice(-MAX_SEEN);
  return Object.fromEntries([...all.filter(([, { carries }]) => carries !== undefined).slice(-MAX_FOREIGN_SEEN), ...ours]);
}

/** Throws `release-changed` when this tag was seen here with other content. */
export function assertUnchanged(seen: DeviceState['seen'], release: Pick<Release, 'tag' | 'version'>, sha256: string): void {
  const before = seen[release.tag];
  if (before === undefined || before.sha256 === sha256) return;
  throw new HoldlineError('release-changed', `cannot trust release ${release.tag}: it was ${before.sha256} when this device saw it at ${before.at}, and is ${sha256} now; nothing was installed`, {
    hint: `A published release never changes: ask the publisher, who should raise the version. If they confirm the change: holdline unblock ${release.version}`,
    context: { tag: release.tag, before: before.sha256, now: sha256 },
  });
}

/** A release without a manifest is known by its payload, whichever of its assets that is. The caller holds the lock. */
export function rememberPayload({ fs, layout, clock, settings }: EngineParts, release: Release, sha256: string): void {
  const choice = choosePayload(release, settings.asset);
  // A source tarball is packed anew at each request: its bytes say nothing.
  if (choice.kind !== 'asset') return;
  const tag = `${release.tag} ${choice.asset.name}`;
  changeDeviceState(fs, layout, (state) => {
    assertUnchanged(state.seen, { ...release, tag }, sha256);
    return { ...state, seen: addSeen(state, { [tag]: { version: release.version, sha256, expires: null, at: clock.now().toISOString() } }) };
  });
}
