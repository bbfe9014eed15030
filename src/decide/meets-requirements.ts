// Does this device meet what a release requires? A report of values, for people and for the policy. Pure.
import semver from 'semver';
import type { Requirements } from '../domain/manifest.js';

export interface DeviceProperties {
  /** Plain semver of what runs; null when nothing does. */
  readonly currentVersion: string | null;
  /** `process.versions.node`. */
  readonly node: string;
  /** `process.arch`. */
  readonly arch: string;
  readonly memoryMb: number;
  /** Free where the versions are. */
  readonly diskMb: number;
  /** Versions of separately released parts. */
  readonly components?: Readonly<Record<string, string>>;
}

export interface RequirementCheck { readonly name: string; readonly needed: string; readonly have: string; readonly ok: boolean }

export interface RequirementReport {
  readonly ok: boolean;
  /** Only `min_version` fails: a release in between leads there. */
  readonly needsSteppingStone: boolean;
  readonly checks: readonly RequirementCheck[];
  /** One sentence naming what is missing; empty when nothing is. */
  readonly detail: string;
}

/** A board sold as 1 GB shows less: the kernel and the GPU keep their share. */
const MEMORY_TOLERANCE = 0.85;

export function meetsRequirements(requires: Requirements, device: DeviceProperties): RequirementReport {
  const checks: RequirementCheck[] = [];
  const add = (name: string, needed: string, have: string, ok: boolean): void => { checks.push({ name, needed, have, ok }); };
  const { min_version: minVersion, node, arch, memory_mb: memory, disk_mb: disk } = requires;
  // A fresh device comes from nowhere: nothing to step over.
  if (minVersion !== undefined) add('min_version', minVersion, device.currentVersion ?? 'nothing installed', device.currentVersion === null || isAtLeast(device.currentVersion, minVersion));
  if (node !== undefined) add('node', node, device.node, satisfies(device.node, node));
  if (arch !== undefined) add('arch', arch.join(' or '), device.arch, arch.includes(device.arch));
  if (memory !== undefined) add('memory_mb', `${memory}`, `${Math.floor(device.memoryMb)}`, device.memoryMb >= memory * MEMORY_TOLERANCE);
  if (disk !== undefined) add('disk_mb', `${disk}`, `${Math.floor(device.diskMb)}`, device.diskMb >= disk);
  for (const [name, range] of Object.entries(requires.components ?? {})) {
    const have = device.components?.[name];
    add(`component ${name}`, range, have ?? 'none', have !== undefined && satisfies(have, range));
  }
  const missing = checks.filter((check) => !check.ok);
  return {
    ok: missing.length === 0,
    needsSteppingStone: missing.length === 1 && missing[0]?.name === 'min_version',
    checks,
    detail: missing.length === 0 ? '' : `it needs ${missing.map(({ name, needed, have }) => `${name} ${needed} (here: ${have})`).join(', ')}`,
  };
}

/** A range nobody can read is met by nobody. */
const satisfies = (version: string, range: string): boolean => semver.validRange(range) !== null && semver.satisfies(version, range, { includePrerelease: true });

const isAtLeast = (version: string, lowest: string): boolean => semver.valid(version) !== null && semver.valid(lowest) !== null && semver.gte(version, lowest);
