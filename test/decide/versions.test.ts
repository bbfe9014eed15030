import { describe, expect, it } from 'vitest';
import { nextUpdateType } from '../../src/decide/next-update-type.js';
import { compareVersions, getNextVersion, isNewer, isValidVersion, parseVersion } from '../../src/decide/versions.js';

describe('versions', () => {
  it.each([['1.2.3', true], ['0.0.0', true], ['1.2.3-rc.1', true], ['1.2.3+build.5', true], ['1.2', false], ['v1.2.3', false], ['=1.2.3', false], ['1.2.3.4', false], [' 1.2.3', false], ['1.2.3\n', false], ['01.2.3', false], ['', false], ['latest', false], [`1.2.3-${'a'.repeat(300)}`, false], [1.2, false], [null, false], [undefined, false]])('%j is valid: %s', (version, valid) => {
    expect(isValidVersion(version)).toBe(valid);
    expect(parseVersion(version) !== null).toBe(valid);
  });
  it('takes a version apart', () => {
    expect(parseVersion('1.2.3-rc.1+b.5')).toEqual({ major: 1, minor: 2, patch: 3, prerelease: ['rc', 1], build: ['b', '5'] });
  });
  it.each([['1.10.0', '1.9.9', 1], ['1.2.3', '1.2.3', 0], ['1.2.3-rc.1', '1.2.3', -1], ['1.2.3-rc.10', '1.2.3-rc.9', 1], ['1.2.3+a', '1.2.3+b', 0]] as const)('%s compared with %s is %d', (a, b, expected) => {
    expect(compareVersions(a, b)).toBe(expected);
    expect(isNewer(a, b)).toBe(expected > 0);
  });
  it.each([['1.2.3', 'patch', '1.2.4'], ['1.2.3', 'minor', '1.3.0'], ['1.2.3', 'major', '2.0.0'], ['1.2.3-rc.1', 'patch', '1.2.3'], ['1.2.3+b', 'patch', '1.2.4']] as const)('after %s by %s comes %s', (version, type, expected) => {
    expect(getNextVersion(version, type)).toBe(expected);
  });
  it('throws for what is no version', () => {
    for (const call of [() => compareVersions('v1.2.3', '1.2.3'), () => isNewer('1.2.3', ''), () => getNextVersion('1.2', 'patch'), () => getNextVersion('1.2.3', 'huge' as 'major')]) expect(call).toThrow(RangeError);
  });
});

describe('nextUpdateType', () => {
  it.each([['1.2.3', '1.2.4', 'patch'], ['1.2.3', '1.3.0', 'minor'], ['1.2.3', '2.0.0', 'major'], ['2.0.0', '1.9.0', 'major'], ['1.2.3-rc.1', '1.2.3', 'patch'], ['1.2.3', '1.3.0-rc.1', 'minor'], [null, '1.0.0', 'major'], ['junk', '1.0.0', 'major'], ['1.2.3', '1.2.3', 'patch']] as const)('%s to %s is %s', (from, to, type) => {
    expect(nextUpdateType(from, to)).toBe(type);
  });
});
