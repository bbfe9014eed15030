// The assets of a release: the same bytes twice, readable by everybody's tools, and nothing a device would refuse.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extractPayload } from '../../src/artifact/extract.js';
import { parseFilesList } from '../../src/artifact/files-list.js';
import { parseManifest } from '../../src/artifact/manifest.js';
import { verifySignature } from '../../src/artifact/minisign.js';
import { parseTrustedComment } from '../../src/artifact/trusted-comment.js';
import { readTree } from '../../src/artifact/read-tree.js';
import { treeDigest } from '../../src/domain/tree.js';
import { buildRelease, type BuildRequest } from '../../src/publish/build-release.js';
import { makeKey } from '../../src/publish/make-key.js';
import { parseSecretKey, type SecretKey } from '../../src/publish/secret-key.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { silentLog, TEST_LIMITS } from '../support/extraction.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const fs = createFilesystem();
const deps = { fs, log: silentLog };
let root: string;
let key: SecretKey;
let publicKey: string;
const at = (...parts: string[]): string => join(root, ...parts);
const LONG = `src/${'long-name-'.repeat(9)}/${'deeper-'.repeat(20)}.js`;
const MIDDLE = `src/${'m'.repeat(80)}/${'n'.repeat(80)}`;

beforeEach(() => {
  root = makeTempFolder('publish');
  for (const folder of ['app/src/empty', 'app/config', 'app/.git', `app/${LONG}/..`, `app/${MIDDLE}/..`]) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at('app/VERSION'), '1.2.3\n');
  writeFileSync(at('app/src/main.js'), 'run()'.repeat(5000));
  writeFileSync(at('app/src/ä ö 猫.txt'), 'unicode');
  writeFileSync(at('app/src/run'), '#!/bin/sh\n', { mode: 0o775 });
  writeFileSync(at('app', LONG), 'long');
  writeFileSync(at('app', MIDDLE), 'middle');
  writeFileSync(at('app/config/app.yaml'), 'port: 1\n', { mode: 0o600 });
  writeFileSync(at('app/.git/HEAD'), 'ref');
  symlinkSync('../VERSION', at('app/src/link'));
  symlinkSync(`${'n/'.repeat(60)}ä`, at('app/src/dangling'));
  publicKey = makeKey(fs, { secretFile: at('k.key'), publicFile: at('k.pub'), password: null }).publicKey;
  key = parseSecretKey(readFileSync(at('k.key'), 'utf8'), null);
});
afterEach(() => removeTempFolder(root));

const build = async (change: Partial<BuildRequest> = {}) => await buildRelease(deps, { directory: at('app'), repo: 'acme/monitoring', tag: 'v1.2.3', out: at('out'), key, ...change });
const bytesOf = (out: string): Record<string, string> => Object.fromEntries(readdirSync(at(out)).sort().map((name) => [name, createHash('sha256').update(readFileSync(at(out, name))).digest('hex')]));

describe('buildRelease', () => {
  it('makes assets that agree with each other and with the tree', async () => {
    const { files, manifest, warnings } = await build({ notes: 'Fixes', requires: { min_version: '1.0.0' }, expires: '2099-01-01T00:00:00Z' });
    expect(files.map((path) => path.slice(at('out').length + 1))).toEqual(['monitoring-1.2.3.tar.gz', 'holdline.files.json.gz', 'holdline.json', 'holdline.json.minisig', 'SHA256SUMS']);
    expect(warnings).toEqual([]);
    expect(parseManifest(readFileSync(at('out/holdline.json')), TEST_LIMITS)).toEqual(manifest);
    const signed = verifySignature(readFileSync(at('out/holdline.json')), readFileSync(at('out/holdline.json.minisig')), [{ name: 'k', publicKey }]);
    expect(parseTrustedComment(signed.trustedComment)).toEqual({ repo: 'acme/monitoring', tag: 'v1.2.3' });
    const tree = readTree(fs, at('app'), { skip: (path) => path === '.git' });
    expect(manifest).toMatchObject({ tree_digest: treeDigest(tree), version: '1.2.3', channel: 'stable', type: 'patch' });
    expect(parseFilesList(readFileSync(at('out/holdline.files.json.gz')), manifest.tree_digest, TEST_LIMITS)).toEqual(tree);
    expect(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: at('out'), encoding: 'utf8' }).match(/: OK/g)).toHaveLength(4);
  });

  it('unpacks with plain tar and with ours to the same tree', async () => {
    const { manifest } = await build();
    const payload = at('out/monitoring-1.2.3.tar.gz');
    mkdirSync(at('plain'));
    execFileSync('tar', ['xzf', payload, '-C', at('plain')], { stdio: 'pipe' });
    expect(treeDigest(readTree(fs, at('plain')))).toBe(manifest.tree_digest);
    expect(lstatSync(at('plain/src/empty')).isDirectory()).toBe(true);
    const result = await extractPayload({ ...deps, report: () => undefined }, {
      payload, into: at('ours'), strip: 'auto', managedPaths: ['src', 'config', 'VERSION'], limits: TEST_LIMITS, links: 'inside', reuse: null,
    }, new AbortController().signal);
    expect(treeDigest(result.tree)).toBe(manifest.tree_digest);
    expect(snapshotFolder(at('ours'))).toEqual(snapshotFolder(at('plain')));
    const listed = execFileSync('tar', ['tvzf', payload, '--numeric-owner', '--utc'], { encoding: 'utf8' });
    expect(listed.split('\n').filter((line) => line !== '' && !/^\S+ 0\/0 +\d+ 1970-01-01 00:00 /.test(line))).toEqual([]);
  });

  it('is byte-identical for a second build, whatever umask, time, owner bits or order', async () => {
    await build();
    cpSync(at('app'), at('copy'), { recursive: true, verbatimSymlinks: true });
    chmodSync(at('copy/VERSION'), 0o600);
    chmodSync(at('copy/src/run'), 0o700);
    const mask = process.umask(0o077);
    try {
      await build({ directory: at('copy'), out: at('second') });
    } finally {
      process.umask(mask);
    }
    expect(bytesOf('second')).toEqual(bytesOf('out'));
    writeFileSync(at('copy/src/main.js'), 'other');
    await build({ directory: at('copy'), out: at('fourth') });
    expect(bytesOf('fourth')['monitoring-1.2.3.tar.gz']).not.toBe(bytesOf('out')['monitoring-1.2.3.tar.gz']);
  });

  it('names no system and no time in the gzip header', async () => {
    await build();
    expect(readFileSync(at('out/monitoring-1.2.3.tar.gz')).subarray(0, 10).toString('hex')).toBe('1f8b08000000000002ff');
  });

  it.each<[string, Partial<BuildRequest>, string[]]>([
    ['exclude', { exclude: ['src/**'] }, ['VERSION', 'config/app.yaml']],
    ['include', { include: ['VERSION', 'config'] }, ['VERSION', 'config/app.yaml']],
    ['files', { files: ['VERSION', 'src/main.js'] }, ['VERSION', 'src/main.js']],
  ])('chooses by %s', async (_name, change, paths) => {
    await build(change);
    expect(parseFilesList(readFileSync(at('out/holdline.files.json.gz')), JSON.parse(readFileSync(at('out/holdline.json'), 'utf8')).tree_digest as string, TEST_LIMITS).map(({ path }) => path)).toEqual(paths);
  });

  it('leaves its own output out, and an old signature does not survive an unsigned build', async () => {
    await build({ out: at('app/dist') });
    const first = bytesOf('app/dist');
    await build({ out: at('app/dist') });
    expect(bytesOf('app/dist')).toEqual(first);
    const { warnings } = await build({ out: at('app/dist'), key: null });
    expect(Object.keys(bytesOf('app/dist'))).not.toContain('holdline.json.minisig');
    expect(warnings.join()).toMatch(/not signed/);
  });

  it.each([['v2.0.0', 'major', 'stable'], ['2.1.0', 'minor', 'stable'], ['v2.1.0-beta.3', 'minor', 'beta'], ['v1.0.1', 'patch', 'stable']])('reads type and channel from %s', async (tag, type, channel) => {
    writeFileSync(at('app/VERSION'), tag.replace('v', ''));
    expect((await build({ tag })).manifest).toMatchObject({ tag, type, channel });
  });

  it('takes the version of a component from its caller', async () => {
    expect((await build({ tag: 'meter-v1.2.3-20261121', version: '1.2.3' })).manifest).toMatchObject({ tag: 'meter-v1.2.3-20261121', version: '1.2.3' });
  });
});

it('takes the time it is given, else one that no clock has a part in', async () => {
  expect((await build({ created: '2027-01-15T08:00:00Z' })).manifest.created).toBe('2027-01-15T08:00:00Z');
  expect((await build()).manifest.created).toBe('2026-01-01T00:00:00.000Z');
});

describe('what cannot be published', () => {
  it.each<[string, string, () => void, Partial<BuildRequest>?]>([
    ['VERSION that differs', 'version-invalid', () => writeFileSync(at('app/VERSION'), '1.2.4\n')],
    ['VERSION with a v', 'version-invalid', () => writeFileSync(at('app/VERSION'), 'v1.2.3\n')],
    ['tag that is no version', 'usage', () => undefined, { tag: 'latest' }], ['version that is not in the tag', 'usage', () => undefined, { version: '9.9.9' }], ['odd name', 'usage', () => undefined, { name: '../x' }],
    ['folder into itself', 'usage', () => undefined, { out: undefined as never }], ['nothing chosen', 'usage', () => undefined, { exclude: ['**'] }], ['missing file in the list', 'usage', () => undefined, { files: ['VERSION', 'dist'] }],
    ['expiry that is no time', 'usage', () => undefined, { expires: 'tomorrow' }], ['repository that is none', 'usage', () => undefined, { repo: 'nobody' }],
    ['link to an absolute path', 'archive-forbidden', () => symlinkSync('/etc/passwd', at('app/src/abs'))], ['link out of the tree', 'archive-forbidden', () => symlinkSync('../../outside', at('app/src/out'))],
    ['FIFO', 'archive-forbidden', () => { execFileSync('mkfifo', [at('app/src/fifo')]); }], ['case twins', 'archive-forbidden', () => { writeFileSync(at('app/src/a'), ''); writeFileSync(at('app/src/A'), ''); }],
    ['newline in a name', 'archive-forbidden', () => writeFileSync(at('app/src/a\nb'), '')], ['backslash in a name', 'archive-forbidden', () => writeFileSync(at('app/src/a\\b'), '')],
    ['own secret key', 'archive-forbidden', () => linkSync(at('k.key'), at('app/config/key'))], ['a bomb', 'archive-limit', () => writeFileSync(at('app/src/zeros'), Buffer.alloc(30_000_000))],
  ])('%s -> %s', async (_name, code, prepare, change = {}) => {
    prepare();
    const out = 'out' in change ? at('app') : at('out');
    await expect(build({ ...change, out })).rejects.toMatchObject({ name: 'HoldlineError', code, message: expect.stringMatching(/^cannot /) as string });
    if (out !== at('app')) expect(spawnSync('ls', [at('out')], { encoding: 'utf8' }).stdout).toBe('');
  });

  it('a missing VERSION is only a warning', async () => {
    expect((await build({ exclude: ['VERSION', 'src/link'] })).warnings.join()).toMatch(/no VERSION/);
  });
});
