// A rollback of one component must not take away what another one needs.
import type { Neighbours } from '../../domain/components.js';
import { HoldlineError } from '../../domain/errors.js';
import type { VersionRecord } from '../../domain/state.js';
import { findBrokenBound, judgeDependencies } from '../../decide/judge-dependencies.js';

/** @throws HoldlineError `dependency`, before anything is changed */
export function assertMayGoBack({ name, neighbours }: { readonly name: string; readonly neighbours: Neighbours }, { version, requires }: Pick<VersionRecord, 'version' | 'requires'>): void {
  const broken = findBrokenBound(version, neighbours.bounds);
  // What the settings ask of others is theirs to say also of what runs now.
  const unmet = judgeDependencies({ component: name, version, requires: requires ?? {} }, { ...neighbours, needs: {} });
  const why = broken?.why ?? unmet?.detail;
  if (why !== undefined) throw new HoldlineError('dependency', `cannot roll ${name} back to ${version}: ${why}; nothing was changed`, { hint: 'Roll back the other component first.' });
}
