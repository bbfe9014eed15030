// Who holds updates back, for `--status` and `holds`. Asks nobody, changes nothing.
import type { HoldsReport } from '../../domain/holds.js';
import type { Layout } from '../../domain/layout.js';
import type { Filesystem } from '../../domain/ports.js';
import type { Settings } from '../../domain/settings.js';
import type { DeviceState } from '../../domain/state.js';
import { judgeHeld } from '../../decide/judge-holds.js';
import { readStandingHolds } from '../../engine/look-at-holds.js';
import { systemClock } from '../../platform/clock.js';
import { createHoldWorld } from '../hold-world.js';

export interface Places { readonly settings: Settings; readonly layout: Layout; readonly fs: Filesystem }

/** @param states of the app, or of each component: the one that has waited longest counts */
export function reportHolds({ settings, layout, fs }: Places, states: readonly Pick<DeviceState, 'held_since'>[]): HoldsReport {
  const since = states.map(({ held_since: at }) => at).filter((at) => at !== null).sort()[0] ?? null;
  const standing = readStandingHolds({ settings, layout, fs, clock: systemClock, holdWorld: createHoldWorld() });
  return { standing, since, alarm: judgeHeld(since, settings.holds.limit, systemClock.now(), standing) };
}
