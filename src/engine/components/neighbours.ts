// What a component must know of the others at this moment: read from the device, so that what an earlier one of the same turn has done counts.
import type { Neighbours, VersionBound } from '../../domain/components.js';
import { peekRunning } from '../read-device.js';
import type { Member } from './app-parts.js';

/** @param fellows members that change together with it */
export function readNeighbours(member: Member, members: readonly Member[], fellows: readonly string[] = []): Neighbours {
  const others = members.filter(({ name }) => name !== member.name).map((other) => ({ ...other, running: peekRunning(other.parts) }));
  const bounds = others.filter(({ name, running }) => running !== null && !fellows.includes(name)).flatMap(({ name, facts, running }): VersionBound[] => {
    const byDevice = facts.dependsOn[member.name];
    const byRelease = running?.requires?.[member.name];
    return [
      ...(byDevice === undefined ? [] : [{ range: byDevice, why: `${name} needs ${member.name} ${byDevice}` }]),
      ...(byRelease === undefined ? [] : [{ range: byRelease, why: `${name} ${running?.version ?? ''} needs ${member.name} ${byRelease}` }]),
    ];
  });
  return {
    bounds, needs: member.facts.dependsOn, fellows, versions: Object.fromEntries(others.map(({ name, running }) => [name, running?.version ?? null])),
  };
}
