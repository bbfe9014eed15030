// What a release requires against what a device is.
import { expect, it } from 'vitest';
import { meetsRequirements, type DeviceProperties } from '../../src/decide/meets-requirements.js';
import type { Requirements } from '../../src/domain/manifest.js';

const device: DeviceProperties = { currentVersion: '1.5.0', node: '20.19.2', arch: 'arm64', memoryMb: 905, diskMb: 4000 };

it.each<[string, Requirements, Partial<DeviceProperties>, string[], boolean]>([
  ['nothing required', {}, {}, [], false],
  ['all met', { min_version: '1.5.0', node: '>=20.19', arch: ['arm', 'arm64'], memory_mb: 1024, disk_mb: 4000 }, {}, [], false],
  ['a stepping stone is needed', { min_version: '1.6.0' }, {}, ['min_version'], true],
  ['a stepping stone would not help', { min_version: '1.6.0', arch: ['x64'] }, {}, ['min_version', 'arch'], false],
  ['a fresh device steps over nothing', { min_version: '1.6.0' }, { currentVersion: null }, [], false],
  ['a current version that is none', { min_version: '1.0.0' }, { currentVersion: 'dev' }, ['min_version'], true],
  ['a prerelease is below its release', { min_version: '1.5.0' }, { currentVersion: '1.5.0-rc.1' }, ['min_version'], true],
  ['node too old', { node: '>=22' }, {}, ['node'], false],
  ['a range nobody can read', { node: 'newest' }, {}, ['node'], false],
  ['no arch admitted', { arch: [] }, {}, ['arch'], false],
  ['too little memory', { memory_mb: 2048 }, {}, ['memory_mb'], false],
  ['too little disk', { disk_mb: 4001 }, {}, ['disk_mb'], false],
  ['a component it does not have', { components: { bridge: '>=2' } }, {}, ['component bridge'], false],
  ['a component too old, one new enough', { components: { bridge: '>=2', ui: '^1.0.0' } }, { components: { bridge: '1.9.0', ui: '1.2.0' } }, ['component bridge'], false],
])('%s', (_name, requires, change, missing, steppingStone) => {
  const report = meetsRequirements(requires, { ...device, ...change });
  expect(report.checks.filter((check) => !check.ok).map((check) => check.name)).toEqual(missing);
  expect([report.ok, report.needsSteppingStone, report.detail === '']).toEqual([missing.length === 0, steppingStone, missing.length === 0]);
});
