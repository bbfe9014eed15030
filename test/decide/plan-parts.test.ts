// The small decisions a plan is made of.
import { describe, expect, it } from 'vitest';
import { checkManagedPaths } from '../../src/decide/check-managed-paths.js';
import { chooseDirectoryName } from '../../src/decide/choose-directory-name.js';
import { mergeOpaque } from '../../src/decide/merge-opaque.js';
import { nameBackup, parseBackupName, partialPrefix } from '../../src/decide/name-backup.js';
import { chooseSurplusBackups } from '../../src/engine/backups.js';
import type { Backup } from '../../src/domain/device.js';
import { codeOf } from '../support/code-of.js';

it.each<[readonly string[], string]>([
  [['src', 'config', 'VERSION'], 'accepted'], [['app/src', 'app/config'], 'accepted'], [['ünï code'], 'accepted'], [['src', 'src2'], 'accepted'],
  [[], 'settings-invalid'], [[''], 'settings-invalid'], [['.'], 'settings-invalid'], [['..'], 'settings-invalid'], [['a/../..'], 'settings-invalid'], [['../x'], 'settings-invalid'],
  [['/etc'], 'settings-invalid'], [['.holdline'], 'settings-invalid'], [['.holdline/x'], 'settings-invalid'], [['src', 'src'], 'settings-invalid'],
  [['src', 'src/lib'], 'settings-invalid'], [['src/lib', 'src'], 'settings-invalid'], [['src/'], 'settings-invalid'], [['./src'], 'settings-invalid'], [['a//b'], 'settings-invalid'], [['a\0b'], 'settings-invalid'],
])('managed paths %j: %s', (paths, code) => {
  expect(codeOf(() => checkManagedPaths(paths))).toBe(code);
});

describe('backup names', () => {
  const at = new Date('2026-11-21T09:30:00.999Z');
  it('count within a second', () => {
    const names: string[] = [];
    for (let count = 0; count < 3; count += 1) names.push(nameBackup('1.2.0', at, names));
    expect(names).toEqual(['backup_1.2.0_20261121_093000', 'backup_1.2.0_20261121_093000-2', 'backup_1.2.0_20261121_093000-3']);
  });
  it.each([['backup_1.2.0_20261121_093000', '1.2.0', 1], ['backup_1.2.0-rc.1_20261121_093000-2', '1.2.0-rc.1', 2], ['backup_1.0.0_x_20261121_093000', '1.0.0_x', 1]])('%s is read back', (name, version, number) => {
    expect(parseBackupName(name)).toEqual({ version, stamp: '20261121_093000', number });
  });
  it.each(['', 'backup_', 'backup_1.2.0', 'backup_1.2.0_2026_093000', '.partial-x', 'xbackup_1.2.0_20261121_093000'])('%j is none', (name) => {
    expect(parseBackupName(name)).toBeUndefined();
  });
  it('differ by app while they are partial', () => { expect(partialPrefix('/opt/a')).not.toBe(partialPrefix('/opt/b')); });
});

it.each<[string, string | undefined, string | undefined, string | undefined, boolean, string, boolean]>([
  ['untouched follows the release', 'a', 'a', 'b', true, 'theirs', false],
  ['untouched goes with the release', 'a', 'a', undefined, true, 'nothing', false],
  ['edited stays', 'a', 'x', 'a', true, 'ours', false],
  ['both edited', 'a', 'x', 'b', true, 'ours', true],
  ['deleted here, changed there', 'a', undefined, 'b', true, 'nothing', true],
  ['edited here, deleted there', 'a', 'x', undefined, true, 'ours', true],
  ['added here', undefined, 'x', undefined, true, 'ours', false],
  ['added there', undefined, undefined, 'b', true, 'theirs', false],
  ['unknown base, equal', undefined, 'b', 'b', false, 'ours', false],
  ['unknown base, differing', undefined, 'x', 'b', false, 'ours', true],
  ['unknown base, only there', undefined, undefined, 'b', false, 'theirs', false],
  ['unknown base, only here', undefined, 'x', undefined, false, 'ours', false],
])('%s', (_, base, ours, theirs, baseKnown, keep, conflict) => {
  expect(mergeOpaque({ base, ours, theirs, baseKnown })).toEqual({ keep, conflict });
});

it('never names a version directory like the current one', () => {
  const base = '1.0.0-aaaaaaaaaaaa';
  const names = [undefined, 'other', base, `${base}-2`].map((current) => chooseDirectoryName('1.0.0', 'a'.repeat(64), current));
  expect(names).toEqual([base, base, `${base}-2`, base]);
});

describe('surplus backups', () => {
  const backups = ['1.3.0', '1.2.0', '1.2.0', '1.1.0', '1.0.0'].map((version, index) => ({ name: `b${index}`, path: '', manifest: { version } }) as unknown as Backup);
  it.each<[number, readonly string[], readonly string[]]>([
    [3, [], ['b3', 'b4']], [1, ['1.2.0'], ['b2', 'b3', 'b4']], [1, ['1.2.0', '1.0.0'], ['b2', 'b3']], [5, [], []], [9, ['1.0.0'], []],
  ])('of 5 with max %i and %j protected: %j', (maxBackups, protectedVersions, surplus) => {
    expect(chooseSurplusBackups(backups, { maxBackups, protectedVersions }).map(({ name }) => name)).toEqual(surplus);
  });
});
