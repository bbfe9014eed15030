// Which processes run on from an older version directory once a version is committed, because nothing touched them. Pure.
// What they run from must not be pruned, and what they have not taken yet is compared with the next version.
import type { Plan } from '../domain/plan.js';
import type { ServiceSettings } from '../domain/settings.js';
import type { OlderProcess } from '../domain/state.js';

export interface SeenProcesses {
  readonly bootId: string;
  /** By service; null: it does not run. A service that is not in it could not be asked. */
  readonly pids: ReadonlyMap<string, number | null>;
}

type Older = Readonly<Record<string, OlderProcess>>;

/** @param seen null: nobody could be asked, so everything that was not touched counts as running on. @param alone planned, but left alone after all */
export function olderProcesses(before: Older, plan: Plan, services: readonly ServiceSettings[], seen: SeenProcesses | null, alone: ReadonlySet<string>): Older {
  const { from, to } = plan;
  if (from === null) return {};
  const found = services.flatMap((service): (readonly [string, OlderProcess])[] => {
    const pid = seen?.pids.get(service.name);
    if (pid === null || (isNew(service, plan) && !alone.has(service.name))) return [];
    const known = before[service.name];
    const same = known !== undefined && (seen === null || pid === undefined || (known.pid === pid && known.boot_id === seen.bootId)) ? known : undefined;
    const directory = same?.directory ?? from.directory;
    const isHeldBack = plan.heldBack?.some(({ name }) => name === service.name) === true;
    const taken = isHeldBack ? same?.taken ?? from.directory : to.directory;
    if (directory === to.directory && taken === to.directory) return [];
    return [[service.name, { directory, taken, pid: pid ?? same?.pid ?? null, boot_id: seen?.bootId ?? same?.boot_id ?? null }]];
  });
  return Object.fromEntries(found);
}

/** It was started from the new version: by us, or as a bridge by its predecessor. */
function isNew({ name, onChange }: ServiceSettings, { touched, services }: Plan): boolean {
  if (touched === undefined) return services.includes(name);
  const action = touched.find((entry) => entry.name === name)?.action;
  return action === 'restart' || action === 'roll' || (action === 'reload' && typeof onChange === 'object' && 'bridge' in onChange);
}

/** Does the process that runs now still stand where this says? */
export const isStill = (older: OlderProcess, pid: number | null, bootId: string): boolean => pid !== null && older.pid === pid && older.boot_id === bootId;
