// One release of several components as its publisher builds it: a payload each, one manifest and one signature over all of them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { choosePart } from '../../src/artifact/choose-part.js';
import { parseFilesList } from '../../src/artifact/files-list.js';
import { parseManifest } from '../../src/artifact/manifest.js';
import { verifySignature } from '../../src/artifact/minisign.js';
import { readTree } from '../../src/artifact/read-tree.js';
import { parseTrustedComment } from '../../src/artifact/trusted-comment.js';
import { treeDigest } from '../../src/domain/tree.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { buildReleaseOfSeveral, type SeveralRequest } from '../../src/publish/build-release.js';
import { makeKey } from '../../src/publish/make-key.js';
import { parseSecretKey, type SecretKey } from '../../src/publish/secret-key.js';
import { codeOfAsync } from '../support/code-of.js';
import { writeFiles } from '../support/device-world.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const LIMITS = { payloadBytes: 1e9, unpackedBytes: 1e9, entries: 1000, depth: 64, ratio: 200 };
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const fs = createFilesystem();
let root: string;
let publicKey: string;
let key: SecretKey;
const at = (...path: string[]): string => join(root, ...path);
beforeEach(() => {
  root = makeTempFolder('several ü');
  for (const name of ['app', 'database']) writeFiles(at(name), { 'VERSION': '1.3.0\n', 'src/main.js': `of ${name}\n`, 'config/x.yaml': 'a: 1\n' });
  publicKey = makeKey(fs, { secretFile: at('k.key'), publicFile: at('k.pub'), password: null }).publicKey;
  key = parseSecretKey(readFileSync(at('k.key'), 'utf8'), null);
});
afterEach(() => removeTempFolder(root));

const build = (change: Partial<SeveralRequest> = {}) => buildReleaseOfSeveral({ fs, log: QUIET }, {
  parts: { database: { directory: at('database') }, app: { directory: at('app'), requires: { components: { database: '>=1.3' } } } }, repo: 'acme/suite', tag: 'v1.3.0', out: at('out'), key, ...change,
});
const bytesOf = (out: string): Record<string, string> => Object.fromEntries(readdirSync(at(out)).sort().map((name) => [name, createHash('sha256').update(readFileSync(at(out, name))).digest('hex')]));

describe('buildReleaseOfSeveral', () => {
  it('makes a payload and a list for each, and binds all of them by one signature', async () => {
    const { files, manifest, warnings } = await build();
    expect(files.map((path) => path.slice(at('out').length + 1))).toEqual([
      'app-1.3.0.tar.gz', 'database-1.3.0.tar.gz', 'holdline.app.files.json.gz', 'holdline.database.files.json.gz', 'holdline.json', 'holdline.json.minisig', 'SHA256SUMS',
    ]);
    expect(readdirSync(at('out')).sort()).toEqual(files.map((path) => path.slice(at('out').length + 1)).sort());
    expect(warnings).toEqual([]);
    const bytes = readFileSync(at('out/holdline.json'));
    expect(parseManifest(bytes, LIMITS)).toEqual(manifest);
    expect(parseTrustedComment(verifySignature(bytes, readFileSync(at('out/holdline.json.minisig')), [{ name: 'k', publicKey }]).trustedComment)).toEqual({ repo: 'acme/suite', tag: 'v1.3.0' });
    expect(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: at('out'), encoding: 'utf8' }).match(/: OK/g)).toHaveLength(6);
    for (const name of ['app', 'database']) {
      const choice = choosePart(manifest, { name, tagMates: [] });
      const tree = readTree(fs, at(name));
      expect(choice).toMatchObject({ kind: 'part', manifest: { version: '1.3.0', type: 'minor', tree_digest: treeDigest(tree), payload: { asset: `${name}-1.3.0.tar.gz` }, requires: name === 'app' ? { components: { database: '>=1.3' } } : {} } });
      expect(parseFilesList(readFileSync(at('out', `holdline.${name}.files.json.gz`)), treeDigest(tree), LIMITS)).toEqual(tree);
    }
  });

  it('is byte-identical for a second build, in whatever order they are named', async () => {
    await build();
    await build({ out: at('second'), parts: { app: { directory: at('app'), requires: { components: { database: '>=1.3' } } }, database: { directory: at('database') } } });
    expect(bytesOf('second')).toEqual(bytesOf('out'));
  });

  it('may carry one alone: then it is said whose it is', async () => {
    const { manifest } = await build({ parts: { app: { directory: at('app') } } });
    expect(choosePart(manifest, { name: 'database', tagMates: ['app'] })).toMatchObject({ kind: 'foreign', foreign: { carries: ['app'] } });
  });

  it.each<[string, () => Partial<SeveralRequest>, string, RegExp]>([
    ['a version of another tag in one of them', () => { writeFileSync(at('database/VERSION'), '1.2.9\n'); return {}; }, 'version-invalid', /database: VERSION says "1\.2\.9", the tag says 1\.3\.0/],
    ['a name that no device can have', () => ({ parts: { '1.3': { directory: at('app') } } }), 'usage', /components\.1\.3: is no name of a component/],
    ['a requirement that is none', () => ({ parts: { app: { directory: at('app'), requires: { node: 'twenty' } } } }), 'usage', /components\.app\.requires\.node: is not a semver range/],
    ['a folder that is not there', () => ({ parts: { app: { directory: at('nowhere') } } }), 'usage', /nowhere is not a folder/],
    ['a folder with nothing in it', () => { mkdirSync(at('empty')); return { parts: { app: { directory: at('empty') } } }; }, 'usage', /nothing in .*empty was chosen/],
    ['the folder of one of them for the assets', () => ({ out: at('database') }), 'usage', /the assets would go into the folder/],
    ['nobody', () => ({ parts: {} }), 'usage', /its components name none/],
    ['a tag without a version', () => ({ tag: 'suite-v1.3.0' }), 'usage', /is not a semver version/],
  ])('refuses %s, and writes nothing', async (_, change, code, words) => {
    const changes = change();
    expect(await codeOfAsync(() => build(changes))).toBe(code);
    await expect(build(changes)).rejects.toThrow(words);
    expect(readdirSync(root)).not.toContain('out');
    expect(readdirSync(at('database')).sort()).toEqual(['VERSION', 'config', 'src']);
  });

  it('warns of each without a VERSION, and of no signature', async () => {
    const { warnings } = await build({ key: null, exclude: ['VERSION'] });
    expect(warnings).toEqual(['app: There is no VERSION file: devices will write one from the tag.', 'database: There is no VERSION file: devices will write one from the tag.', expect.stringContaining('not signed')]);
  });
});
