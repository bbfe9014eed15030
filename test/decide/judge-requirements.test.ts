// What a release requires, what the owner asks of the device, and room for it, against what the device is.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeRequirements, rulingOfRequirements, type DeviceProperties, type RequirementRequest } from '../../src/decide/judge-requirements.js';
import { NO_NEED } from '../../src/decide/requirements/room.js';
import type { Requirements } from '../../src/domain/manifest.js';

const device: DeviceProperties = {
  currentVersion: '1.5.0', node: '20.19.2', arch: 'arm64', memoryMb: 905, diskMb: 4000, os: { id: 'raspbian', like: ['debian'], version: '12' }, availableMb: 400,
  disks: { install_dir: { freeMb: 4000, device: 1 }, state_dir: { freeMb: 4000, device: 1 }, backup_path: { freeMb: 4000, device: 1 } },
  load: 0.5, temperature: 48, underVoltage: 'no', metered: false,
};
const NOW = new Date('2026-11-26T10:00:00Z');
const usual: RequirementRequest = {
  requires: {}, device, rules: { diskMarginMb: 64, memoryMb: 64, maxTemperature: 80, underVoltage: 'refuse', maxLoad: 4 }, network: { metered: 'wait', pass: [] }, need: NO_NEED, type: 'patch', now: NOW,
};
const judge = (change: Partial<RequirementRequest> = {}): ReturnType<typeof judgeRequirements> => judgeRequirements({ ...usual, ...change });
const of = (report: ReturnType<typeof judge>, verdict: string): string[] => report.checks.filter((check) => check.verdict === verdict).map(({ name }) => name);

it.each<[string, Requirements, Partial<DeviceProperties>, string[], boolean]>([
  ['nothing required', {}, {}, [], false],
  ['all met', { min_version: '1.5.0', node: '>=20.19', arch: ['arm', 'arm64'], os: { raspbian: '>=11' }, memory_mb: 1024, disk_mb: 4000 }, {}, [], false],
  ['a stepping stone is needed', { min_version: '1.6.0' }, {}, ['min_version'], true],
  ['a stepping stone is needed, and heat passes by itself', { min_version: '1.6.0' }, { temperature: 90 }, ['min_version', 'temperature'], true],
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
  ['another operating system', { os: { ubuntu: '>=24' } }, {}, ['os'], false],
  ['an operating system too old', { os: { raspbian: '>=13' } }, {}, ['os'], false],
  ['a version like 24.04', { os: { ubuntu: '>=24.04 <=24.10' } }, { os: { id: 'ubuntu', like: ['debian'], version: '24.04' } }, [], false],
  ['what it descends from, any version of it', { os: { debian: '*' } }, {}, [], false],
  ['the version of what it descends from is not its own', { os: { debian: '>=12' } }, {}, ['os'], false],
  ['its own name counts before', { os: { debian: '*', raspbian: '>=13' } }, {}, ['os'], false],
  ['a rolling one has no version', { os: { arch: '>=1' } }, { os: { id: 'arch', like: [], version: null } }, ['os'], false],
  ['a rolling one, any version', { os: { arch: '*' } }, { os: { id: 'arch', like: [], version: null } }, [], false],
  ['an operating system that does not tell is not held against it', { os: { debian: '>=12' } }, { os: null }, [], false],
])('stated: %s', (_name, requires, change, missing, steppingStone) => {
  const report = judge({ requires, device: { ...device, ...change } });
  expect(of(report, 'failed')).toEqual(missing);
  expect([report.ok, report.needsSteppingStone, report.detail === '']).toEqual([missing.length === 0, steppingStone, missing.length === 0]);
});

it.each<[string, Partial<DeviceProperties>, Partial<RequirementRequest>, string[], string[]]>([
  ['all well', {}, {}, [], []],
  ['too hot', { temperature: 80.1 }, {}, ['temperature'], []],
  ['nearly too hot', { temperature: 75 }, {}, [], ['temperature']],
  ['heat not looked at', { temperature: 150 }, { rules: { ...usual.rules, maxTemperature: 0 } }, [], []],
  ['too busy', { load: 4.5 }, {}, ['load'], []],
  ['no memory left', { availableMb: 30 }, {}, ['memory'], []],
  ['supply too weak now', { underVoltage: 'now' }, {}, ['supply voltage'], []],
  ['supply too weak now, only a word', { underVoltage: 'now' }, { rules: { ...usual.rules, underVoltage: 'warn' } }, [], ['supply voltage']],
  ['supply was too weak', { underVoltage: 'earlier' }, {}, [], ['supply voltage']],
  ['supply not looked at', { underVoltage: 'now' }, { rules: { ...usual.rules, underVoltage: 'ignore' } }, [], []],
  ['a metered network', { metered: true }, {}, ['network'], []],
  ['a metered network that does not matter', { metered: true }, { network: { metered: 'ignore', pass: [] } }, [], []],
  ['a metered network that a security update may use', { metered: true }, { type: 'security', network: { metered: 'wait', pass: ['security'] } }, [], ['network']],
  ['no clock', {}, { now: new Date('1970-01-01T00:10:00Z') }, ['clock'], []],
])('condition: %s', (_name, change, request, failed, warned) => {
  const report = judge({ device: { ...device, ...change }, ...request });
  expect([of(report, 'failed'), of(report, 'warned')]).toEqual([failed, warned]);
  for (const { verdict, remedy } of report.checks) expect(remedy === null).toBe(verdict === 'passed' || verdict === 'unknown');
});

it('holds nothing against a device that tells nothing, and says so', () => {
  const { currentVersion, node, arch, memoryMb, diskMb } = device;
  const report = judge({ device: { currentVersion, node, arch, memoryMb, diskMb, os: null }, requires: { os: { debian: '*' } } });
  expect(report).toMatchObject({ ok: true, score: 100 });
  expect(of(report, 'unknown')).toEqual(['os', 'memory', 'temperature', 'supply voltage', 'load', 'network']);
});

describe('room', () => {
  const MB = 2 ** 20;
  const need = { payload: 100 * MB, unpacked: 300 * MB, backup: 300 * MB };
  const disks = (install: number, state: number | null = null, backup: number | null = null): DeviceProperties => ({
    ...device,
    disks: { install_dir: { freeMb: install, device: 1 }, state_dir: { freeMb: state ?? install, device: state === null ? 1 : 2 }, backup_path: { freeMb: backup ?? install, device: backup === null ? 1 : 3 } },
  });
  it.each<[string, DeviceProperties, string[]]>([
    ['payload, tree and margin on one disk, where backups are links', disks(464), []],
    ['one megabyte short', disks(463), ['disk']],
    ['each disk for itself', disks(364, 164, 364), []],
    ['no room to download', disks(364, 163, 364), ['disk of state_dir']],
    ['no room to back up', disks(364, 164, 363), ['disk of backup_path']],
    ['nowhere', disks(0, 0, 0), ['disk', 'disk of state_dir', 'disk of backup_path']],
  ])('%s', (_name, on, failed) => {
    expect(of(judge({ device: on, need }), 'failed')).toEqual(failed);
    expect(of(judge({ device: on, need, rules: { ...usual.rules, diskMarginMb: 0 } }), 'failed')).toEqual([]);
  });
});

it('looks again soon only when all that is wrong passes by itself', () => {
  expect(judge({ device: { ...device, temperature: 90, load: 9 } }).until).toBe('2026-11-26T10:05:00.000Z');
  expect(judge({ device: { ...device, temperature: 90 }, requires: { arch: ['x64'] } }).until).toBeNull();
  expect(judge().until).toBeNull();
});

it('becomes a ruling that says what is missing', () => {
  expect(rulingOfRequirements(judge({ device: { ...device, temperature: 90 } }), 'v1.6.0')).toEqual({
    rule: 'requirements', verdict: 'wait', detail: 'it needs temperature at most 80 °C (here: 90 °C)',
    waiting: { reason: 'requirements', detail: 'v1.6.0 cannot be installed here: it needs temperature at most 80 °C (here: 90 °C)', until: '2026-11-26T10:05:00.000Z' },
  });
  expect(rulingOfRequirements(judge({ device: { ...device, temperature: 79 } }), 'v1.6.0')).toMatchObject({ verdict: 'pass', detail: 'score 92 of 100; to look at: temperature: 79 °C' });
});

describe('properties', () => {
  const anyDevice = fc.record({
    temperature: fc.option(fc.float({ min: 0, max: 120, noNaN: true })), load: fc.option(fc.float({ min: 0, max: 20, noNaN: true })), availableMb: fc.option(fc.integer({ min: 0, max: 500 })),
    underVoltage: fc.constantFrom('now', 'earlier', 'no', null), metered: fc.constantFrom(true, false, null),
  }).map((change): DeviceProperties => ({ ...device, ...change } as DeviceProperties));
  it('a worse device has never a better score, and is never fit where a better one is not', () => {
    fc.assert(fc.property(anyDevice, fc.float({ min: 0, max: 50, noNaN: true }), fc.integer({ min: 0, max: 500 }), (good, more, less) => {
      const bad: DeviceProperties = {
        ...good, temperature: typeof good.temperature === 'number' ? good.temperature + more : null, load: typeof good.load === 'number' ? good.load + more : null,
        availableMb: typeof good.availableMb === 'number' ? good.availableMb - less : null, metered: good.metered === false ? true : good.metered ?? null,
      };
      const [a, b] = [judge({ device: good }), judge({ device: bad })];
      expect(b.score).toBeLessThanOrEqual(a.score);
      expect(b.ok && !a.ok).toBe(false);
    }));
  });
  it('the score is within 0 and 100, and 100 exactly when no check warned or failed', () => {
    fc.assert(fc.property(anyDevice, (one) => {
      const report = judge({ device: one });
      expect(report.score).toBeGreaterThanOrEqual(0);
      expect(report.score === 100).toBe(of(report, 'failed').length + of(report, 'warned').length === 0);
    }));
  });
});
