// Which files change for the processes: code by the shipped lists, config and data by what is on the device.
import { describe, expect, it } from 'vitest';
import { listChanges, type DeviceFiles, type TreesToCompare } from '../../src/decide/list-changes.js';
import type { Tree } from '../../src/domain/tree.js';
import { sortTree } from '../../src/domain/tree.js';

const tree = (files: Readonly<Record<string, string>>): Tree => sortTree(Object.entries(files).map(([path, content]) => ({ path, mode: '0644', size: content.length, sha256: content })));
const device = (config: Readonly<Record<string, string>> = {}, more: Partial<DeviceFiles> = {}): DeviceFiles => ({ config: new Map(Object.entries(config)), configBase: true, preserved: new Set(), ...more });
const BASE = { 'VERSION': '1', 'src/a.js': 'a', 'src/b.js': 'b', 'config/app.yaml': 'shipped' };
const changes = (to: Readonly<Record<string, string>>, more: Partial<TreesToCompare> = {}): readonly string[] | string => {
  const found = listChanges({
    from: tree(BASE), to: tree(to), fromVersion: '1.0.0', toVersion: '1.0.0', managedPaths: ['src', 'config', 'VERSION'], device: device({ 'config/app.yaml': 'shipped' }), keepConfig: false, ...more,
  });
  return found.kind === 'paths' ? found.paths : found.why;
};

describe('listChanges', () => {
  it.each<[string, Readonly<Record<string, string>>, Partial<TreesToCompare>, readonly string[]]>([
    ['nothing', BASE, {}, []],
    ['another version alone', BASE, { toVersion: '1.1.0' }, ['VERSION']],
    ['a VERSION that is written from the tag', { ...BASE, VERSION: 'odd' }, {}, []],
    ['changed, added and removed code', { 'VERSION': '1', 'src/a.js': 'A', 'src/c.js': 'c', 'config/app.yaml': 'shipped' }, {}, ['src/a.js', 'src/b.js', 'src/c.js']],
    ['a path the release lacks stays as it is', { 'VERSION': '1', 'config/app.yaml': 'shipped' }, {}, []],
    ['config the release changes', { ...BASE, 'config/app.yaml': 'new' }, {}, ['config/app.yaml']],
    ['config that was edited here, and the release leaves alone', BASE, { device: device({ 'config/app.yaml': 'edited' }) }, []],
    ['config that has the new content already', { ...BASE, 'config/app.yaml': 'new' }, { device: device({ 'config/app.yaml': 'new' }) }, []],
    ['config that was deleted here, and the release leaves alone', BASE, { device: device() }, []],
    ['no config in the release', { 'VERSION': '1', 'src/a.js': 'a', 'src/b.js': 'b' }, {}, []],
    ['without a base, what the release may add to', BASE, { device: device({ 'config/app.yaml': 'edited' }, { configBase: false }) }, ['config/app.yaml']],
    ['without a base, own files stay', BASE, { device: device({ 'config/app.yaml': 'shipped', 'config/own.yaml': 'mine' }, { configBase: false }) }, []],
    ['a backup restores config exactly, own files too', BASE, { keepConfig: true, device: device({ 'config/app.yaml': 'edited', 'config/own.yaml': 'mine' }) }, ['config/app.yaml', 'config/own.yaml']],
    ['preserved data is a copy in the new version, whatever was shipped', { ...BASE, 'src/data.db': 'shipped rows' }, { device: device({ 'config/app.yaml': 'shipped' }, { preserved: new Set(['src/data.db']) }) }, ['src/data.db']],
  ])('%s', (_, to, more, expected) => {
    expect(changes(to, more)).toEqual(expected);
  });
  it.each<[string, Partial<TreesToCompare>, string]>([
    ['a first version', { from: null, fromVersion: null }, 'it is the first version here'],
    ['a running version nobody knows', { from: null }, 'the files of the running version are not known'],
    ['a new version nobody knows', { to: null }, 'the files of 1.0.0 are not known'],
  ])('%s cannot be compared', (_, more, why) => {
    expect(changes(BASE, more)).toBe(why);
  });
  it('leaves to the merge what was edited here', () => {
    const to = { ...BASE, 'config/app.yaml': 'new', 'config/b.yaml': 'new' };
    const doubtful = (more: Partial<DeviceFiles>, config: Readonly<Record<string, string>>, keepConfig = false): readonly string[] => {
      const found = listChanges({ from: tree({ ...BASE, 'config/b.yaml': 'old' }), to: tree(to), fromVersion: '1', toVersion: '1', managedPaths: ['src', 'config', 'VERSION'], device: device(config, more), keepConfig });
      return found.kind === 'paths' ? [...found.doubtful] : [];
    };
    expect(doubtful({}, { 'config/app.yaml': 'edited', 'config/b.yaml': 'old' })).toEqual(['config/app.yaml']);
    expect(doubtful({ configBase: false }, { 'config/app.yaml': 'edited', 'config/b.yaml': 'old' })).toEqual(['config/app.yaml', 'config/b.yaml']);
    expect(doubtful({}, { 'config/app.yaml': 'edited', 'config/b.yaml': 'old' }, true)).toEqual([]);
  });
});
