// The second tree: what is shared, what is copied, and that the first is never changed.
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkTree } from '../../src/artifact/link-tree.js';
import { readTree } from '../../src/artifact/read-tree.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { snapshotFolder } from '../support/folder-snapshot.js';

const fs = createFilesystem();
let root: string;
const from = (path = ''): string => join(root, 'from', path);
const into = (path = ''): string => join(root, 'into', path);
const isWritable = (path: string): boolean => path === 'config' || path.startsWith('config/');
const request = (): { from: string; into: string; isWritable: typeof isWritable } => ({ from: from(), into: into(), isWritable });

beforeEach(() => {
  root = makeTempFolder('link-tree');
  mkdirSync(from('src/empty'), { recursive: true });
  mkdirSync(from('config'));
  mkdirSync(from('.holdline/versions'), { recursive: true });
  writeFileSync(from('src/a b.js'), 'code');
  writeFileSync(from('src/run'), '#!', { mode: 0o755 });
  writeFileSync(from('config/app.yaml'), 'port: 1', { mode: 0o640 });
  writeFileSync(from('VERSION'), '1.0.0\n');
  symlinkSync('run', from('src/link'));
});
afterEach(() => removeTempFolder(root));

const shared = (path: string): boolean => lstatSync(from(path)).ino === lstatSync(into(path)).ino;

describe('linkTree', () => {
  it('links code, copies what the device writes to, keeps links and empty folders, leaves our own folder out', () => {
    const before = snapshotFolder(from());
    const result = linkTree(fs, request());
    expect(result).toEqual({ bytesWritten: 7, filesLinked: 3, others: [], outside: [] });
    expect(['src/a b.js', 'src/run', 'VERSION', 'config/app.yaml'].map(shared)).toEqual([true, true, true, false]);
    expect(readTree(fs, into())).toEqual(readTree(fs, from(), { skip: (path) => path === '.holdline' }));
    expect(lstatSync(into('src/empty')).isDirectory()).toBe(true);
    expect(lstatSync(into('config/app.yaml')).mode & 0o777).toBe(0o640);
    expect(snapshotFolder(from())).toEqual(before);
  });

  it('takes only the paths it is given, nested ones too, and skips missing and unwanted ones', () => {
    mkdirSync(from('app/src/old'), { recursive: true });
    writeFileSync(from('app/src/x'), 'x');
    linkTree(fs, { ...request(), paths: ['app/src', 'VERSION', 'nothing'], skip: (path) => path === 'app/src/old' });
    expect(Object.keys(snapshotFolder(into()))).toEqual(['VERSION', 'app', 'app/src', 'app/src/x']);
  });

  it('copies files that have another name already, when asked', () => {
    linkSync(from('src/run'), join(root, 'store'));
    expect(linkTree(fs, { ...request(), copyShared: true }).filesLinked).toBe(2);
    expect(shared('src/run')).toBe(false);
    expect(lstatSync(into('src/run')).mode & 0o777).toBe(0o755);
  });

  it('names links that lead out, and sockets, FIFOs and devices', () => {
    symlinkSync('/etc/hostname', from('src/absolute'));
    symlinkSync('../../beside', from('src/above'));
    symlinkSync('../VERSION', from('src/fine'));
    execFileSync('mkfifo', [from('src/fifo')]);
    expect(linkTree(fs, request())).toMatchObject({ others: ['src/fifo'], outside: ['src/above', 'src/absolute'] });
    expect(readFileSync(into('src/fine'), 'utf8')).toBe('1.0.0\n');
  });

  it('copies where a link is not possible', () => {
    const refusing = { ...fs, hardLink: () => { throw Object.assign(new Error('EXDEV'), { code: 'EXDEV' }); } };
    expect(linkTree(refusing, request())).toMatchObject({ filesLinked: 0, bytesWritten: 4 + 2 + 6 + 7 });
    expect(() => linkTree({ ...fs, hardLink: () => { throw Object.assign(new Error('EIO'), { code: 'EIO' }); } }, { ...request(), into: join(root, 'other') })).toThrow('EIO');
  });
});

describe('readTree', () => {
  it('sees the executable bit also of read-only files, and no change goes unseen', () => {
    const before = readTree(fs, from());
    chmodSync(from('src/run'), 0o555);
    chmodSync(from('VERSION'), 0o444);
    expect(readTree(fs, from())).toEqual(before);
    chmodSync(from('VERSION'), 0o744);
    expect(readTree(fs, from())).not.toEqual(before);
  });

  it('skips with all that is below, and refuses or reports what no release has', () => {
    expect(readTree(fs, from(), { skip: (path) => path === 'src' || path === '.holdline' }).map(({ path }) => path)).toEqual(['VERSION', 'config/app.yaml']);
    execFileSync('mkfifo', [from('fifo')]);
    expect(() => readTree(fs, from())).toThrow(expect.objectContaining({ code: 'tree-digest' }));
    const others: string[] = [];
    readTree(fs, from(), { onOther: (path) => others.push(path) });
    expect(others).toEqual(['fifo']);
  });
});
