import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { nodeSystemCalls } from '../../src/platform/node-system-calls.js';
import { EFFECTS } from '../../src/platform/system-calls.js';
import { isTemporaryName, temporaryName } from '../../src/domain/temporary-names.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { faultyCalls } from '../support/faulty-calls.js';

const fs = createFilesystem();
let dir = '';
const at = (...parts: string[]): string => join(dir, ...parts);
const codeOf = (action: () => unknown): unknown => {
  try { action(); } catch (thrown) { return (thrown as { code?: unknown }).code; }
  return undefined;
};
beforeEach(() => { dir = makeTempFolder('fs'); });
afterEach(() => removeTempFolder(dir));

describe('reading', () => {
  it('tells kinds apart and does not follow links', () => {
    writeFileSync(at('file'), 'abc', { mode: 0o640 });
    mkdirSync(at('folder'));
    symlinkSync('nowhere', at('link'));
    execFileSync('mkfifo', [at('fifo')]);
    expect(['file', 'folder', 'link', 'fifo'].map((name) => fs.stat(at(name))?.kind)).toEqual(['file', 'directory', 'link', 'other']);
    expect(fs.stat(at('file'))).toMatchObject({ size: 3, mode: 0o640, links: 1 });
    expect(fs.stat(at('missing'))).toBeUndefined();
    expect(fs.stat(at('file', 'below'))).toBeUndefined();
  });

  it.each([
    ['a folder', (p: string) => mkdirSync(p), 'EISDIR'],
    ['a FIFO, which would block for ever', (p: string) => execFileSync('mkfifo', [p]), 'EINVAL'],
    ['too much', (p: string) => writeFileSync(p, 'x'.repeat(11)), 'EFBIG'],
    ['nothing', () => undefined, 'ENOENT'],
  ])('refuses to read %s', (_, make, code) => {
    make(at('it'));
    expect(codeOf(() => fs.readBytes(at('it'), 10))).toBe(code);
  });

  it('hashes and reads in pieces what is larger than one buffer', () => {
    const content = Buffer.alloc(700_001, 'holdline');
    writeFileSync(at('big'), content);
    expect(fs.hash(at('big'))).toBe(execFileSync('sha256sum', [at('big')]).toString().slice(0, 64));
    const pieces: Buffer[] = [];
    for (const piece of fs.readChunks(at('big'), 1000)) pieces.push(Buffer.from(piece));
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    expect(fs.readBytes(at('big')).equals(content)).toBe(true);
  });

  it('closes the file of a loop that was left early', () => {
    writeFileSync(at('big'), Buffer.alloc(10_000));
    const before = readdirSync('/proc/self/fd').length;
    for (const piece of fs.readChunks(at('big'), 10)) if (piece.length > 0) break;
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('lists in byte order, and says which name is not UTF-8', () => {
    for (const name of ['b', 'a', 'Z', 'é', '\u{1F600}', '\uFF5E']) writeFileSync(at(name), '');
    expect(fs.list(dir)).toEqual(['Z', 'a', 'b', 'é', '\uFF5E', '\u{1F600}']);
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/bad-`), Buffer.from([0xe9])]), '');
    expect(codeOf(() => fs.list(dir))).toBe('EILSEQ');
  });
});

describe('writing', () => {
  it.each([
    ['a given mode', 0o600, undefined, 0o600],
    ['the mode of what it replaces', undefined, 0o640, 0o640],
    ['0644 for a new file', undefined, undefined, 0o644],
    ['a mode the umask would cut', 0o666, undefined, 0o666],
  ])('writeDurably keeps %s', (_, mode, before, expected) => {
    if (before !== undefined) {
      writeFileSync(at('f'), 'old');
      chmodSync(at('f'), before);
    }
    fs.writeDurably(at('f'), 'new', mode);
    expect(readFileSync(at('f'), 'utf8')).toBe('new');
    expect(statSync(at('f')).mode & 0o7777).toBe(expected);
    expect(readdirSync(dir)).toEqual(['f']);
  });

  it('writeDurably leaves other hard links of the old file alone', () => {
    writeFileSync(at('f'), 'old');
    linkSync(at('f'), at('twin'));
    fs.writeDurably(at('f'), 'new');
    expect(readFileSync(at('twin'), 'utf8')).toBe('old');
  });

  it('writeDurably manages names as long as names may be', () => {
    const name = '\u{1F600}'.repeat(63);
    fs.writeDurably(at(name), 'x');
    expect(readdirSync(dir)).toEqual([name]);
  });

  it('syncs the file before the rename and the folder after it', () => {
    const faulty = faultyCalls(nodeSystemCalls());
    createFilesystem(faulty.calls).writeDurably(at('f'), 'x');
    expect(faulty.effects.map((line) => line.split(' ')[0])).toEqual(['openWrite', 'write', 'fsync', 'rename', 'fsync']);
  });

  it('is old or new and leaves no rubbish when any call of it fails', () => {
    for (let n = 1; ; n += 1) {
      writeFileSync(at('f'), 'old');
      const faulty = faultyCalls(nodeSystemCalls(), { kind: 'error', at: n, code: 'ENOSPC' });
      const code = codeOf(() => createFilesystem(faulty.calls).writeDurably(at('f'), 'new'));
      expect(['old', 'new']).toContain(readFileSync(at('f'), 'utf8'));
      expect(readdirSync(dir)).toEqual(['f']);
      if (!faulty.fired()) break;
      expect(code).toBe('ENOSPC');
    }
    expect(readFileSync(at('f'), 'utf8')).toBe('new');
  });

  it('steps over the leftovers of a dead process with the same pid', () => {
    for (let n = 1; n <= 3; n += 1) writeFileSync(at(temporaryName('f', process.pid, n)), 'left');
    createFilesystem().writeDurably(at('f'), 'new');
    expect(readFileSync(at('f'), 'utf8')).toBe('new');
    expect(readdirSync(dir).filter(isTemporaryName)).toHaveLength(3);
  });

  it('copies into a new file and never through a hard link', () => {
    writeFileSync(at('from'), 'content');
    writeFileSync(at('shared'), 'kept');
    linkSync(at('shared'), at('to'));
    fs.copyFile(at('from'), at('to'), 0o750);
    expect(readFileSync(at('shared'), 'utf8')).toBe('kept');
    expect(readFileSync(at('to'), 'utf8')).toBe('content');
    expect(statSync(at('to')).mode & 0o7777).toBe(0o750);
  });

  it.runIf(process.getuid?.() === 0)('keeps the owner of a file that root rewrites or copies', () => {
    writeFileSync(at('f'), 'old');
    execFileSync('chown', ['1234:1234', at('f')]);
    fs.writeDurably(at('f'), 'new');
    fs.copyFile(at('f'), at('copy'), 0o600);
    expect([statSync(at('f')).uid, statSync(at('copy')).gid]).toEqual([1234, 1234]);
  });

  it('linkDurably replaces a link', () => {
    fs.linkDurably('a', at('l'));
    fs.linkDurably('b', at('l'));
    expect(readlinkSync(at('l'))).toBe('b');
  });

  it('makes folders through a link to one and complains about a file in the way', () => {
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    fs.makeDirectory(at('link', 'a', 'b'));
    fs.makeDirectory(at('link', 'a', 'b'));
    expect(statSync(at('real', 'a', 'b')).isDirectory()).toBe(true);
    writeFileSync(at('file'), '');
    expect(codeOf(() => fs.makeDirectory(at('file')))).toBe('EEXIST');
    expect(codeOf(() => fs.makeDirectory(at('file', 'x')))).toBe('ENOTDIR');
  });

  it('exchanges a folder and a link in one call', () => {
    mkdirSync(at('d'));
    writeFileSync(at('d', 'in'), '');
    symlinkSync('target', at('l'));
    expect(fs.exchange(at('d'), at('l'))).toBe(true);
    expect(readlinkSync(at('d'))).toBe('target');
    expect(readdirSync(at('l'))).toEqual(['in']);
    expect(codeOf(() => fs.exchange(at('d'), at('missing')))).toBe('ENOENT');
  });

  it('syncs a filesystem, a folder and a file; says when there is none', () => {
    fs.syncFilesystem(dir);
    fs.sync(dir);
    expect(codeOf(() => fs.syncFilesystem(at('missing')))).toBe('EIO');
    expect(fs.free(dir).bytes).toBeGreaterThan(0);
  });
});

describe('removing', () => {
  it('removes read-only folders and odd names, and never what a link points to', () => {
    mkdirSync(at('outside'));
    writeFileSync(at('outside', 'kept'), 'x');
    mkdirSync(at('t', 'a b', 'ünï'), { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(`${at('t')}/bad-`), Buffer.from([0xe9, 0x0a])]), '');
    writeFileSync(at('t', 'a b', 'locked'), 'x', { mode: 0 });
    symlinkSync('../outside', at('t', 'link'));
    symlinkSync('outside', at('link'));
    chmodSync(at('t', 'a b'), 0o500);
    fs.remove(at('t'));
    fs.remove(`${at('link')}/`);
    fs.remove(at('missing'));
    expect(existsSync(at('t'))).toBe(false);
    expect(existsSync(at('link'))).toBe(false);
    expect(readFileSync(at('outside', 'kept'), 'utf8')).toBe('x');
  });

  it.each(['/', '', '///'])('refuses %j', (path) => {
    expect(codeOf(() => fs.remove(path))).toBe('EINVAL');
  });
});

it('names every changing call as an effect', () => {
  const looking = ['lstat', 'fstat', 'readdir', 'readlink', 'realpath', 'statfs', 'open', 'read', 'close'];
  expect(Object.keys(nodeSystemCalls()).sort()).toEqual([...looking, ...EFFECTS].sort());
  expect(lstatSync(dir).isDirectory()).toBe(true);
});
