// Gathers what the gates must know of the device and of this moment, and has them decide. Reads, changes nothing.
import { decideAdmission, type Admission, type AdmissionRequest, type Asker } from '../decide/decide-admission.js';
import { estimateUpdate } from '../decide/estimate-update.js';
import type { StandingHold } from '../domain/holds.js';
import { nextUpdateType } from '../decide/next-update-type.js';
import type { Ruling } from '../domain/ruling.js';
import type { Settings } from '../domain/settings.js';
import type { Waiting } from '../domain/state.js';
import { readDeviceState } from './device-state.js';
import type { Candidate } from './find-update.js';
import { readHistory } from './history.js';
import { judgeDevice } from './judge-device.js';
import { lookAtHolds } from './look-at-holds.js';
import type { EngineParts } from './parts.js';
import { peekVersion } from './read-device.js';

/** Who wants an update, and of what. */
export interface Asked {
  readonly who: 'daemon' | 'person';
  /** A version or a tag. */
  readonly named: string | undefined;
  /** Only the plan is to be shown: holds are told and do not matter. */
  readonly dryRun?: boolean;
  /** A person asks what the daemon would do. */
  readonly looks?: boolean;
  /** Versions whose block counts no longer: what they went back with has something newer. */
  readonly lifted?: readonly string[];
}

export const askerOf = ({ who, named }: Asked): Asker => (who === 'person' && named !== undefined ? 'named' : who);

/** More than the estimate looks at, since reverted ones lie between. */
const HISTORY_LINES = 50;
/** Stopping, one rename and starting take seconds; this is for services that take their time. */
const SWITCH_S = 60;

export interface AdmitOptions {
  readonly asker: Asker;
  readonly holds: readonly StandingHold[];
  /** `begin`: nothing is fetched yet; `switch`: all that is left is the switch and the probation. */
  readonly left: 'begin' | 'switch';
}

export function admitRelease(parts: EngineParts, release: AdmissionRequest['release'], { asker, holds, left }: AdmitOptions): Admission {
  const { settings, fs, layout, clock } = parts;
  const { policy, windows, probation } = settings;
  const state = readDeviceState(fs, layout);
  return decideAdmission({
    asker, release, now: clock.now(), policy, windows, holds,
    timeZone: timeZoneOf(settings), estimate: left === 'begin' ? estimateOf(parts) : probation.seconds + SWITCH_S,
    approval: state.approvals.find(({ version }) => version === release.version) ?? null,
  });
}

export const timeZoneOf = ({ windows }: Pick<Settings, 'windows'>): string => windows.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Seconds from now to the end of the probation, the margin included. */
export function estimateOf({ fs, layout, settings }: Pick<EngineParts, 'fs' | 'layout' | 'settings'>): number {
  return estimateUpdate(readHistory(fs, layout, HISTORY_LINES), settings.probation.seconds, settings.windows.margin);
}

/** The second look: minutes may lie between the decision and the switch. Null: go on. */
export async function admitSwitch(parts: EngineParts, candidate: Candidate, asked: Asked, signal: AbortSignal): Promise<Waiting | null> {
  const from = peekVersion(parts);
  const { release, manifest } = candidate;
  const { tag, version, publishedAt } = release;
  const type = manifest?.type ?? nextUpdateType(from, version);
  const holds = await lookAtHolds(parts, { from, to: version, type }, signal);
  const admission = admitRelease(parts, { tag, version, type, publishedAt }, { asker: askerOf(asked), holds, left: 'switch' });
  if (!admission.go) return admission.waiting ?? refusal(admission.rulings);
  return judgeDevice(parts, { ...candidate, type }, from, await parts.facts(), 'switch').waiting;
}

/** Of a release that is refused although somebody is about to install it. */
export function refusal(rulings: readonly Ruling[]): Waiting {
  const refused = rulings.find(({ verdict }) => verdict === 'refuse');
  return { reason: refused?.rule === 'rollout' ? 'rollout' : 'approval', detail: refused?.detail ?? 'it is refused', until: null };
}
