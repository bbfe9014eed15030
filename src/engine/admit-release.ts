// Gathers what the gates must know of the device and of this moment, and has them decide. Reads, changes nothing.
import { decideAdmission, type Admission, type AdmissionRequest, type Asker } from '../decide/decide-admission.js';
import { estimateUpdate } from '../decide/estimate-update.js';
import type { StandingHold } from '../domain/holds.js';
import { readDeviceState } from './device-state.js';
import { readHistory } from './history.js';
import type { EngineParts } from './parts.js';

/** Who wants an update, and of what. */
export interface Asked {
  readonly who: 'daemon' | 'person';
  /** A version or a tag. */
  readonly named: string | undefined;
  /** Only the plan is to be shown: holds are told and do not matter. */
  readonly dryRun?: boolean;
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
    timeZone: windows.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    estimate: left === 'begin' ? estimateUpdate(readHistory(fs, layout, HISTORY_LINES), probation.seconds, windows.margin) : probation.seconds + SWITCH_S,
    approval: state.approvals.find(({ version }) => version === release.version) ?? null,
  });
}
