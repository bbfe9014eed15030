// A rollback of one component must not take away what another one needs.
import { HoldlineError } from '../../domain/errors.js';
import { findBrokenBound, judgeDependencies } from '../../decide/judge-dependencies.js';
import { readDevice } from '../read-device.js';
import { findTarget } from '../rollback.js';
import type { Member } from './app-parts.js';

/** @throws HoldlineError `dependency` before anything is changed */
export function assertMayGoBack({ name, parts }: Member, target: string | undefined): void {
  const neighbours = parts.neighbours?.();
  if (neighbours === undefined) return;
  const found = findTarget(parts, readDevice(parts), target);
  const { version, requires } = found.kind === 'version' ? found.version.record : found.backup.manifest.record;
  const broken = findBrokenBound(version, neighbours.bounds);
  const unmet = judgeDependencies({ component: name, version, requires: requires ?? {} }, { ...neighbours, needs: {} });
  const why = broken?.why ?? unmet?.detail;
  if (why !== undefined) throw new HoldlineError('dependency', `cannot roll ${name} back to ${version}: ${why}; nothing was changed`, { hint: 'Roll back the other component first.' });
}
