// What a good payload becomes on the disk: names, modes, links, the top folder, and what is shared with the current tree.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTree } from '../../src/artifact/read-tree.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { openBench, type Bench } from '../support/extraction.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { file, folder, hardLink, link, paxEntry, rawTarGz, type RawEntry } from '../support/tar-builder.js';

let bench: Bench;
beforeEach(() => { bench = openBench(); });
afterEach(() => bench.remove());

const at = (path: string): string => join(bench.into, path);
const inode = (path: string): number => lstatSync(path).ino;
const modeOf = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

describe('extractPayload', () => {
  it('returns exactly what stands on the disk', async () => {
    const result = await bench.extract(rawTarGz([
      folder('.'), file('./VERSION', '1.0.0\n'), file('src/ä ö/猫 \u{1f408}.js', 'meow'), file('src/run', '#!', 0o775), file('src/empty', ''), folder('src/empty folder'), link('src/bin', 'ä ö/../run'), hardLink('src/copy', 'src/run'),
      file('src/-rf *', 'x'), file('src/$(id)', 'x'), file('src/ lead and trail ', 'x'), file('src/no mode', 'x', 0), link('src/dangling', 'not/there'), { ...file('src/contiguous'), type: '7' }, { ...file('src/old'), type: '\0', magic: '' },
    ]));
    expect(readTree(createFilesystem(), bench.into)).toEqual(result.tree);
    expect(await bench.list(readFileSync(join(bench.root, 'payload.tar.gz')))).toEqual({ tree: result.tree, stripped: null, entries: result.entries, versionText: '1.0.0' });
    expect(statSync(at('src/empty folder')).isDirectory()).toBe(true);
    expect(readlinkSync(at('src/bin'))).toBe('ä ö/../run');
    expect(inode(at('src/copy'))).not.toBe(inode(at('src/run')));
    expect(result.tree.find(({ path }) => path === 'src/copy')?.mode).toBe('0755');
  });

  it('hashes what it unpacks, through the same descriptor, where nothing else covers the tree: a payload changed since it was verified is refused', async () => {
    const [verified, swapped] = [rawTarGz([file('VERSION', '1.0.0\n')]), rawTarGz([file('VERSION', '6.6.6\n')])];
    const sha256 = createHash('sha256').update(verified).digest('hex');
    expect((await bench.extract(verified, { sha256 })).entries).toBe(1);
    bench.clear();
    await expect(bench.extract(swapped, { sha256 })).rejects.toMatchObject({ code: 'artifact-digest' });
    expect(existsSync(bench.into)).toBe(false);
    // Control: with nothing to compare it is taken.
    expect((await bench.extract(swapped)).entries).toBe(1);
  });

  it.each([0o000, 0o022, 0o077, 0o777])('sets modes whatever the umask (%o)', async (mask) => {
    const before = process.umask(mask);
    try {
      await bench.extract(rawTarGz([file('VERSION', 'x', 0o666), file('src/run', 'x', 0o711), file('config/secret', 'x', 0o600)]));
      expect(['', 'src', 'VERSION', 'src/run', 'config/secret'].map((path) => modeOf(at(path)))).toEqual(['755', '755', '644', '755', '644']);
    } finally {
      process.umask(before);
    }
  });

  it('creates code without write bits when told what is code', async () => {
    await bench.extract(rawTarGz([file('src/a'), file('src/run', 'x', 0o755), file('config/c')]), { isCode: (path) => path.startsWith('src/') });
    expect(['src/a', 'src/run', 'config/c', 'src'].map((path) => modeOf(at(path)))).toEqual(['444', '555', '644', '755']);
  });

  it('reads long names as GNU tar and bsdtar write them, also where a shortened name ends with a slash', async () => {
    const long = `src/${'d'.repeat(95)}/${'é'.repeat(120)}/file`;
    const inner = join(bench.root, 'made');
    mkdirSync(join(inner, long, '..'), { recursive: true });
    writeFileSync(join(inner, long), 'long');
    for (const format of ['gnu', 'pax', 'posix']) {
      const payload = execFileSync('tar', [`--format=${format}`, '-cz', '-C', inner, '.']);
      const result = await bench.extract(payload, { into: `${bench.into}-${format}` });
      expect(result.tree.map(({ path }) => path)).toEqual([long]);
    }
    const pieces: RawEntry[] = [paxEntry({ path: long, comment: '€'.repeat(900) }), { ...file('truncated/', 'body') }];
    expect((await bench.extract(rawTarGz(pieces))).tree).toMatchObject([{ path: long, size: 4 }]);
  });

  it('tells progress up to the size of the payload', async () => {
    const payload = rawTarGz([file('src/a')]);
    await bench.extract(payload);
    expect(bench.events.at(-1)).toEqual({ type: 'progress', phase: 'stage', done: payload.length, total: payload.length, unit: 'bytes' });
  });

  it('stops when asked and leaves nothing', async () => {
    const before = snapshotFolder(join(bench.root, 'work'));
    await expect(bench.extract(rawTarGz([file('src/a')]), {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
    expect(snapshotFolder(join(bench.root, 'work'))).toEqual(before);
  });

  it('explains a missing payload and a place that cannot be written', async () => {
    const payload = rawTarGz([file('src/a')]);
    await expect(bench.extract(payload, { payload: join(bench.root, 'none') })).rejects.toMatchObject({ code: 'archive-invalid' });
    await expect(bench.extract(payload, { into: '/proc/holdline/tree' })).rejects.toMatchObject({ name: 'HoldlineError' });
  });
});

describe('the top folder', () => {
  const rows: [string, RawEntry[], { stripped: string | null; paths: string[] }, object?][] = [
    ['is taken away when it is alone', [file('pkg/src/a'), file('pkg/VERSION')], { stripped: 'pkg', paths: ['VERSION', 'src/a'] }],
    ['is taken away below ./', [folder('.'), folder('./pkg'), file('./pkg/src/a')], { stripped: 'pkg', paths: ['src/a'] }],
    ['is taken away after a global header', [paxEntry({ comment: 'f'.repeat(40) }, 'g'), folder('repo-abc'), file('repo-abc/src/a')], { stripped: 'repo-abc', paths: ['src/a'] }],
    ['stays when it is a managed path', [file('src/a'), file('src/b/c')], { stripped: null, paths: ['src/a', 'src/b/c'] }],
    ['stays when it leads to a managed path', [file('app/src/a')], { stripped: null, paths: ['app/src/a'] }, { managedPaths: ['app/src'] }],
    ['goes when the managed path is below it again', [file('app/app/src/a')], { stripped: 'app', paths: ['app/src/a'] }, { managedPaths: ['app/src'] }],
    ['stays when another entry stands beside it', [file('docs/a'), file('src/a')], { stripped: null, paths: ['docs/a', 'src/a'] }],
    ['stays when a file stands beside it', [file('pkg/src/a'), file('src')], { stripped: null, paths: ['pkg/src/a', 'src'] }],
    ['stays when it is a file', [file('VERSION')], { stripped: null, paths: ['VERSION'] }],
    ['goes always for a source tarball, also when it has a managed name', [file('src/src/a'), file('src/b')], { stripped: 'src', paths: ['b', 'src/a'] }, { strip: 'always' }],
    ['goes with its hard links', [file('pkg/src/a', 'same'), hardLink('pkg/src/b', 'pkg/src/a'), link('pkg/src/l', '../src/b')], { stripped: 'pkg', paths: ['src/a', 'src/b', 'src/l'] }],
  ];
  it.each(rows)('%s', async (_name, entries, { stripped, paths }, request = {}) => {
    const result = await bench.extract(rawTarGz(entries), request);
    expect({ stripped: result.stripped, paths: result.tree.map(({ path }) => path) }).toEqual({ stripped, paths });
    expect(readTree(createFilesystem(), bench.into)).toEqual(result.tree);
    expect((await bench.list(rawTarGz(entries), request)).tree).toEqual(result.tree);
  });
});

describe('reuse of the current tree', () => {
  const big = Buffer.alloc(700_000, 'abcdefghij');
  const old = [file('VERSION', '1'), file('src/same', 'same'), file('src/run', 'x', 0o755), file('src/changed', 'old!'), file('src/big', big), file('src/empty', ''), file('config/app', 'cfg'), file('src/sub/deep', 'deep')];
  const current = (): string => join(bench.root, 'current');
  const reuse = (): object => ({ reuse: { directory: current(), isReusable: (path: string) => !path.startsWith('config') } });
  const shared = (path: string): boolean => inode(at(path)) === inode(join(current(), path));
  beforeEach(async () => {
    await bench.extract(rawTarGz(old));
    renameSync(bench.into, current());
  });

  it('links equal code, writes the rest, and copies config', async () => {
    const bigChanged = Buffer.from(big);
    bigChanged[650_000] = 0;
    const next = [file('VERSION', '2'), file('src/same', 'same'), file('src/run', 'x', 0o755), file('src/changed', 'new!'), file('src/big', bigChanged), file('src/empty', ''), file('config/app', 'cfg'), file('src/sub/deep', 'deep'), hardLink('src/also', 'src/same')];
    const before = snapshotFolder(current());
    const result = await bench.extract(rawTarGz(next), reuse());
    expect(Object.fromEntries(['VERSION', 'src/same', 'src/run', 'src/changed', 'src/big', 'src/empty', 'config/app', 'src/sub/deep'].map((path) => [path, shared(path)])))
      .toEqual({ 'VERSION': false, 'src/same': true, 'src/run': true, 'src/changed': false, 'src/big': false, 'src/empty': true, 'config/app': false, 'src/sub/deep': true });
    expect(readFileSync(at('src/big')).equals(bigChanged)).toBe(true);
    expect(result).toMatchObject({ filesLinked: 4, bytesWritten: 1 + 4 + big.length + 3 + 4 });
    expect(readTree(createFilesystem(), bench.into)).toEqual(result.tree);
    expect(snapshotFolder(current())).toEqual(before);
  });

  it.each<[string, () => void]>([
    ['content edited on the device', () => writeFileSync(join(current(), 'src/same'), 'SAME')],
    ['other executable bit', () => chmodSync(join(current(), 'src/same'), 0o755)],
    ['a link instead of the file', () => { renameSync(join(current(), 'src/same'), join(bench.root, 'elsewhere')); symlinkSync(join(bench.root, 'elsewhere'), join(current(), 'src/same')); }],
    ['a folder reached through a link', () => { renameSync(join(current(), 'src'), join(bench.root, 'moved')); symlinkSync(join(bench.root, 'moved'), join(current(), 'src')); }],
    ['gone', () => renameSync(join(current(), 'src'), join(bench.root, 'moved'))],
  ])('never shares: %s', async (_name, change) => {
    change();
    await bench.extract(rawTarGz([file('src/same', 'same')]), reuse());
    expect(readFileSync(at('src/same'), 'utf8')).toBe('same');
    expect(lstatSync(at('src/same')).nlink).toBe(1);
    expect(modeOf(at('src/same'))).toBe('644');
  });

  it('judges by the path in the tree, also where the top folder was guessed wrongly', async () => {
    cpSync(join(current(), 'src/same'), join(current(), 'same'));
    const payload = rawTarGz([file('config2/same', 'same'), file('src/same', 'same')]);
    const result = await bench.extract(payload, { reuse: { directory: current(), isReusable: (path: string) => !path.startsWith('config2') } });
    expect(result).toMatchObject({ stripped: null, filesLinked: 1 });
    expect(lstatSync(at('config2/same')).nlink).toBe(1);
  });

  it('shares with a file that has other names already', async () => {
    linkSync(join(current(), 'src/same'), join(bench.root, 'third'));
    expect(await bench.extract(rawTarGz([file('src/same', 'same')]), reuse())).toMatchObject({ filesLinked: 1 });
    expect(existsSync(join(bench.root, 'third'))).toBe(true);
  });
});

it('takes gzip headers with a name, a comment and extra fields', async () => {
  const plain = gzipSync(execFileSync('tar', ['-c', '--format=ustar', '-C', bench.root, '--transform', 's,^outside,src,', 'outside']));
  const header = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3]), Buffer.from([3, 0, 1, 2, 3]), Buffer.from('name.tar\0comment\0')]);
  const result = await bench.extract(Buffer.concat([header, plain.subarray(10)]));
  expect(result.tree.map(({ path }) => path)).toEqual(['src/passwd']);
});
