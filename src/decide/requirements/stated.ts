// What the publisher states a release needs, against what the device is. Pure.
import semver from 'semver';
import type { DeviceFacts, OsRelease } from '../../domain/device-facts.js';
import type { Requirements } from '../../domain/manifest.js';
import { plainOsVersion } from '../../domain/os-version.js';
import type { RequirementCheck } from '../../domain/requirement-report.js';
import { lasting } from './check.js';

interface Stated extends DeviceFacts { readonly currentVersion: string | null }

/** A board sold as 1 GB shows less: the kernel and the GPU keep their share. */
const MEMORY_TOLERANCE = 0.85;

export function checkStated(requires: Requirements, device: Stated): RequirementCheck[] {
  const { min_version: minVersion, node, arch, os, memory_mb: memory, components } = requires;
  const { currentVersion } = device;
  const checks: RequirementCheck[] = [];
  // A fresh device comes from nowhere: nothing to step over.
  if (minVersion !== undefined) checks.push(lasting('min_version', minVersion, currentVersion ?? 'nothing installed', currentVersion === null || isAtLeast(currentVersion, minVersion), 'A release in between leads there: keep it published.'));
  if (arch !== undefined) checks.push(lasting('arch', arch.join(' or '), device.arch, arch.includes(device.arch), 'The publisher must build for this architecture.'));
  if (node !== undefined) checks.push(lasting('node', node, device.node, satisfies(device.node, node), 'Install another Node, and restart holdline with it.'));
  if (os !== undefined) checks.push(checkOs(os, device.os ?? null));
  if (memory !== undefined) checks.push(lasting('memory_mb', `${memory}`, `${Math.floor(device.memoryMb)}`, device.memoryMb >= memory * MEMORY_TOLERANCE, 'It needs a board with more memory.'));
  for (const [name, range] of Object.entries(components ?? {})) {
    const have = device.components?.[name];
    checks.push(lasting(`component ${name}`, range, have ?? 'none', have !== undefined && satisfies(have, range), `Bring ${name} to such a version first.`));
  }
  return checks;
}

/** By its own name before those it descends from: `{"raspbian": ">=12", "debian": ">=11"}`. */
function checkOs(wanted: Readonly<Record<string, string>>, os: OsRelease | null): RequirementCheck {
  const needed = Object.entries(wanted).map(([id, range]) => `${id} ${range}`).join(' or ');
  if (os === null) return { ...lasting('os', needed, 'not told', true, ''), verdict: 'unknown' };
  const have = os.version === null ? os.id : `${os.id} ${os.version}`;
  const name = [os.id, ...os.like].find((id) => Object.hasOwn(wanted, id));
  const range = name === undefined ? undefined : wanted[name];
  // What descends from it counts its versions its own way.
  const meets = range !== undefined && (range === '*' || (name === os.id && os.version !== null && satisfies(semver.coerce(plainOsVersion(os.version))?.version ?? '', plainOsVersion(range))));
  return lasting('os', needed, have, meets, 'Upgrade the operating system, or ask the publisher to admit this one.');
}

/** A range nobody can read is met by nobody. */
const satisfies = (version: string, range: string): boolean => semver.validRange(range) !== null && semver.satisfies(version, range, { includePrerelease: true });

const isAtLeast = (version: string, lowest: string): boolean => semver.valid(version) !== null && semver.valid(lowest) !== null && semver.gte(version, lowest);
