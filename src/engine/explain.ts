// Why does it do what it does? The daemon's own decision, made once more and told in full. Changes nothing.
import { toHoldlineError } from '../domain/errors.js';
import type { ExplainedRelease, ExplainReport } from '../domain/explain.js';
import { HOOK_NAMES } from '../domain/hooks.js';
import type { ReleaseRulings } from '../domain/results.js';
import type { Ruling } from '../domain/ruling.js';
import type { SeenRelease } from '../decide/choose-release.js';
import { estimateOf, timeZoneOf } from './admit-release.js';
import { readDeviceState } from './device-state.js';
import { findUpdate, type Found } from './find-update.js';
import { readStandingHolds } from './look-at-holds.js';
import type { EngineParts } from './parts.js';

/**
 * @param named a version whose gates are to be heard as well; then only that one is told of
 * @param lifted versions whose block counts no longer
 */
export async function explain(parts: EngineParts, named: string | undefined, signal: AbortSignal, lifted: readonly string[] = []): Promise<ExplainReport> {
  const { settings, fs, layout } = parts;
  const { policy, windows } = settings;
  const found = await findUpdate(parts, parts.source, { who: 'daemon', named: undefined, looks: true, lifted }, signal);
  const releases = found.seen.map((seen) => explainRelease(seen, found.rulings));
  const { result } = found;
  const tag = found.candidate?.release.tag ?? (result.waiting === null ? null : result.release?.tag ?? null);
  return {
    component: settings.component?.name ?? null, current_version: result.current_version, latest_version: result.latest_version, channel: settings.channel,
    decision: found.candidate === null ? (result.waiting === null ? 'nothing' : 'wait') : 'install', release: tag, waiting: result.waiting,
    policy: {
      types: policy.types, minimum_age: policy.minimumAge, range: policy.range, pin: settings.component?.pin ?? policy.pin, windows: windows.when.map(({ text }) => text),
      time_zone: timeZoneOf(settings), windows_pass: windows.pass, estimate: estimateOf(parts),
    },
    hooks: HOOK_NAMES.flatMap((hook) => { const said = settings.hooks[hook]; return said === undefined ? [] : [{ hook, command: said.command, timeout: said.timeout, user: said.user }]; }),
    requirements: result.requirements ?? null, holds: readStandingHolds(parts), approvals: readDeviceState(fs, layout).approvals,
    releases: named === undefined ? releases : [await explainNamed(parts, named, found, signal)],
  };
}

/** A rule that comes before the gates has spoken: then they are heard for this one alone, so that nothing is left to guess. */
async function explainNamed(parts: EngineParts, named: string, first: Found, signal: AbortSignal): Promise<ExplainedRelease> {
  const alone = await findUpdate(parts, parts.source, { who: 'daemon', named, looks: true }, signal).catch((thrown: unknown) => {
    const error = toHoldlineError(thrown);
    if (signal.aborted || error.code === 'version-unknown') throw error;
    return error;
  });
  const isNamed = ({ tag, version }: { readonly tag: string; readonly version: string }): boolean => tag === named || version === named || `v${version}` === named;
  const seen = first.seen.find(isNamed) ?? { tag: named, version: named, why: null, detail: 'it could be next' };
  if (!('seen' in alone)) return { ...explainRelease(seen, []), decision: 'leave', why: alone.message };
  const rulings = [...first.rulings.filter(isNamed), ...alone.rulings.filter(isNamed)].slice(0, 1);
  const told = explainRelease(seen, rulings);
  const { waiting } = alone.result;
  return rulings.length > 0 || waiting === null ? told : { ...told, decision: 'wait', why: waiting.detail };
}

function explainRelease(seen: SeenRelease, all: readonly ReleaseRulings[]): ExplainedRelease {
  const [judged, ...again] = all.filter(({ tag }) => tag === seen.tag);
  const { tag, version } = seen;
  if (judged === undefined) {
    const isNext = seen.why === null;
    const release: Ruling = { rule: 'release', verdict: isNext ? 'pass' : 'refuse', detail: seen.detail };
    return { tag, version, type: null, decision: isNext || seen.why === 'incomplete' ? 'wait' : 'leave', why: seen.detail, rulings: [release] };
  }
  // A rule that was asked once more has the last word.
  const last = new Map([judged, ...again].flatMap((one) => one.rulings).map((ruling) => [ruling.rule, ruling]));
  const rulings: readonly Ruling[] = [ownRuling(seen), ...last.values()];
  const decisive = rulings.find(({ verdict }) => verdict !== 'pass');
  const decision = decisive === undefined ? 'install' : decisive.verdict === 'wait' ? 'wait' : 'leave';
  return { tag, version, type: judged.type, decision, why: decisive?.detail ?? 'nothing keeps it away', rulings };
}

/** One that the gates were asked about had come through all that stands before them; that it was passed over later is what they say themselves. */
function ownRuling({ why, detail }: SeenRelease): Ruling {
  const passed = why === null || why === 'skipped';
  return { rule: 'release', verdict: passed ? 'pass' : 'refuse', detail: why === 'skipped' ? 'it could be next' : detail };
}
