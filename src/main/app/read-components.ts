// Each component for `--status`, read from what is on the disk.
import isNewer from 'semver/functions/gt.js';
import { placesInOrder } from '../../domain/order-components.js';
import type { Filesystem } from '../../domain/ports.js';
import type { ComponentStatus } from '../../domain/results.js';
import type { ComponentSettings, Settings } from '../../domain/settings.js';
import type { UpdateState } from '../../domain/state.js';
import { peekRunning } from '../../engine/read-device.js';
import { layoutOf } from '../layout-of.js';
import type { ReadState } from './read-status.js';

export interface ComponentReading { readonly fs: Filesystem; readonly readState: ReadState; stateOf(settings: Settings): UpdateState }

export function readComponents(components: readonly ComponentSettings[], together: Settings['together'], reading: ComponentReading): readonly ComponentStatus[] {
  const order = placesInOrder(components.map(({ component: { name, dependsOn } }) => ({ name, dependsOn: Object.keys(dependsOn) })), together);
  return [...components].sort((a, b) => order.indexOf(a.component.name) - order.indexOf(b.component.name)).map((settings) => readComponent(settings, together, reading));
}

function readComponent(settings: ComponentSettings, together: Settings['together'], { fs, readState, stateOf }: ComponentReading): ComponentStatus {
  const { name, enabled, pin, dependsOn } = settings.component;
  const layout = layoutOf(settings);
  const running = peekRunning({ fs, layout, settings });
  const { state, problem } = readState(fs, layout);
  const version = running?.version ?? null;
  const { latest_version: latest } = state;
  // Of one that only went back with another component the last check has the word: it may come again.
  return {
    component: name, enabled, install_dir: settings.installDir, version, last_safe_version: state.last_safe_version, last_applied: state.last_applied, tree_digest: running?.tree_digest ?? null,
    pin, depends_on: dependsOn, together: together.find((group) => group.includes(name))?.filter((other) => other !== name) ?? [],
    latest_version: latest, update_available: enabled && state.update_available !== false && latest !== null && (version === null || isNewer(latest, version)) && !state.blocked.some((entry) => entry.version === latest && entry.went_with === undefined),
    state: stateOf(settings), waiting: state.waiting, last_update: state.last_update, last_error: problem ?? state.last_error, blocked: state.blocked, approvals: state.approvals,
  };
}
