// Is the device fit for this release now? Asked before anything is fetched, and again with fresh facts right before the switch.
import type { DeviceFacts } from '../domain/device-facts.js';
import type { Manifest } from '../domain/manifest.js';
import type { ReleaseSource } from '../domain/ports.js';
import type { Release, UpdateType } from '../domain/release.js';
import type { Ruling } from '../domain/ruling.js';
import type { Waiting } from '../domain/state.js';
import { choosePayload } from '../domain/choose-payload.js';
import { judgeBudget } from '../decide/judge-budget.js';
import { judgeRequirements, rulingOfRequirements, type JudgedRequirements } from '../decide/judge-requirements.js';
import { NO_NEED, type DiskNeed } from '../decide/requirements/room.js';
import { readBytesOfDay } from './byte-budget.js';
import { ownRequirements } from './judge-needs.js';
import type { EngineParts } from './parts.js';

export interface JudgedCandidate { readonly source: ReleaseSource; readonly release: Release; readonly manifest: Manifest | null; readonly type: UpdateType }

export interface DeviceJudgement {
  readonly report: JudgedRequirements;
  readonly rulings: readonly Ruling[];
  /** Of the first ruling that does not pass. */
  readonly waiting: Waiting | null;
}

/** @param before `switch`: everything is on the disk already, so that only the margins must still be free */
export function judgeDevice(parts: EngineParts, candidate: JudgedCandidate, current: string | null, facts: DeviceFacts, before: 'fetch' | 'switch'): DeviceJudgement {
  const { settings, clock } = parts;
  const { release, manifest, type, source } = candidate;
  const now = clock.now();
  const size = before === 'switch' ? 0 : payloadSize(parts, release, manifest);
  const payload = size === null ? null : Math.max(0, size - (before === 'switch' ? 0 : parts.artifact(source).keptBytes(release, manifest)));
  const report = judgeRequirements({
    requires: ownRequirements(manifest, parts.neighbours !== undefined), device: { currentVersion: current, ...facts }, rules: settings.requirements,
    // A folder by hand costs no line; what is switched to has been fetched.
    network: source === parts.source && before === 'fetch' ? settings.network : { metered: 'ignore', pass: [] },
    need: before === 'switch' ? NO_NEED : needOf(parts, manifest, payload ?? 0), type, now,
  });
  const rulings: Ruling[] = [rulingOfRequirements(report, release.tag)];
  if (before === 'fetch' && source === parts.source && settings.network.dailyBytes > 0) {
    rulings.push(judgeBudget({ network: settings.network, spent: readBytesOfDay(parts.fs, parts.layout), needed: payload, tag: release.tag, type, now }));
  }
  return { report, rulings, waiting: rulings.find((ruling) => ruling.verdict === 'wait')?.waiting ?? null };
}

function payloadSize({ settings }: EngineParts, release: Release, manifest: Manifest | null): number | null {
  if (manifest !== null) return manifest.payload.size;
  const choice = choosePayload(release, settings.asset);
  return choice.kind === 'asset' ? choice.asset.size ?? null : null;
}

/** Without a manifest nobody says how large the tree is: a disk too small for it is found while it is written. */
function needOf({ settings }: EngineParts, manifest: Manifest | null, payload: number): DiskNeed {
  const unpacked = manifest?.payload.unpacked_size ?? 0;
  return { payload, unpacked, backup: settings.backupEnabled ? unpacked : 0 };
}
