// Releases that are incomplete, wrongly signed, moved, or whose archive is an attack: refused by name, the device as it was.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sortTree, type Tree } from '../../src/domain/tree.js';
import { sha256 } from '../support/fake-source.js';
import { expectRefused, heldBy } from '../support/e2e/expect-refused.js';
import { createWorld, REPO, type World } from '../support/e2e/world.js';
import { makeSignedRelease, makeTestKey, signAs, type ReleaseParts } from '../support/signed-release.js';
import { END, file, folder, link, rawTar, rawTarGz, type RawEntry } from '../support/tar-builder.js';

let world: World;
const UPDATE = ['--update'];
beforeAll(async () => {
  world = await createWorld({ github: { limits: { anonymous: 1000 } } });
  await world.publish('1.0.5');
  expect((await world.holdline([...UPDATE, '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.0.5' });
});
let tags: string[] = [];
beforeEach(() => { tags = []; });
afterEach(() => { for (const tag of tags) world.github.removeRelease(REPO, tag); world.configure({}); forgetReleases(); });
afterAll(() => world.close());

/** Each test shows another v2.0.0; a device that remembers the last one refuses it for that alone (trust.test.ts). */
function forgetReleases(): void {
  const file = join(world.stateDir, 'state.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')) as object, seen: {} }));
}

async function show(tag: string, assets: Parameters<World['github']['addRelease']>[1]['assets'] = {}): Promise<void> {
  tags.push(tag);
  await world.github.addRelease(REPO, { tag, assets });
}

const treeOf = (entries: readonly RawEntry[]): Tree => sortTree(entries.filter((entry) => (entry.type ?? '0') === '0').map((entry) => {
  const body = Buffer.from((entry.body ?? '') as string);
  return { path: String(entry.name), mode: '0644' as const, size: body.length, sha256: sha256(body) };
}));

const GOOD: readonly RawEntry[] = [file('VERSION', '2.0.0\n'), folder('src'), file('src/server.js', 'run()'), folder('config'), file('config/app.yaml', 'a: 1\n')];

function signed(change: Partial<ReleaseParts> = {}): Record<string, Buffer> {
  return makeSignedRelease({ repo: REPO, tag: 'v2.0.0', key: world.handKey, payload: rawTarGz(GOOD), tree: treeOf(GOOD), ...change });
}

const changed = (assets: Record<string, Buffer>, name: string, to: (before: Buffer) => Buffer): Record<string, Buffer> => ({ ...assets, [name]: to(assets[name] ?? Buffer.alloc(0)) });
const without = (assets: Record<string, Buffer>, name: string): Record<string, Buffer> => Object.fromEntries(Object.entries(assets).filter(([key]) => key !== name));
const text = (change: (before: string) => string) => (before: Buffer): Buffer => Buffer.from(change(before.toString()));

test('the hand-made release is a good one: what is refused below is refused for its fault alone', async () => {
  await show('v2.0.0', signed());
  expect(await world.holdline([...UPDATE, '--dry-run', '--json'])).toMatchObject({ code: 0, json: { to: '2.0.0' } });
});

test.each([
  ['no manifest', () => without(without(signed(), 'holdline.json'), 'holdline.json.minisig'), 'manifest-missing', 'v2.0.0'],
  ['another key', () => signed({ key: makeTestKey('stranger', Buffer.from('1111111111111111', 'hex')) }), 'signature-key', /key/u],
  ['another key that says it is ours', () => signed({ key: makeTestKey('stranger') }), 'signature-invalid', /signature/u],
  ['an edited manifest', () => changed(signed(), 'holdline.json', text((t) => t.replace('"minor"', '"patch"'))), 'signature-invalid', /signature/u],
  ['an edited trusted comment', () => changed(signed(), 'holdline.json.minisig', text((t) => t.replace('v2.0.0', 'v2.0.1'))), 'signature-invalid', /signature|comment/u],
  ['the signature of another version', () => ({ ...signed(), 'holdline.json.minisig': signed({ tag: 'v1.9.0' })['holdline.json.minisig'] ?? Buffer.alloc(0) }), 'signature-invalid', /signature/u],
  ['a signature that is no signature', () => changed(signed(), 'holdline.json.minisig', () => Buffer.from('hello\n')), 'signature-invalid', /signature/u],
  ['an older version under a new tag', () => signed({ tag: 'v1.0.1' }), 'manifest-mismatch', '1.0.1'],
  ['another repository\'s release', () => signed({ repo: 'evil/app' }), 'manifest-mismatch', 'evil/app'],
  ['a signed manifest that is no JSON', () => { const body = Buffer.from('{'); return { ...signed(), 'holdline.json': body, 'holdline.json.minisig': signAs(world.handKey, body, `repo:${REPO} tag:v2.0.0`) }; }, 'manifest-invalid', /./u],
  ['a manifest of another format', () => signed({ change: (m) => ({ ...m, format: 2 }) }), 'manifest-invalid', /format/u],
  ['an expired manifest', () => signed({ change: (m) => ({ ...m, expires: '2026-11-02T00:00:00Z' }) }), 'manifest-expired', '2026-11-02'],
  ['another payload of the same size', () => changed(signed(), 'app-2.0.0.tar.gz', (b) => Buffer.from(b.map((byte, at) => (at === 20 ? byte ^ 1 : byte)))), 'artifact-digest', 'app-2.0.0.tar.gz'],
  ['a longer payload', () => changed(signed(), 'app-2.0.0.tar.gz', (b) => Buffer.concat([b, b])), 'manifest-mismatch', 'app-2.0.0.tar.gz'],
  ['another list of files', () => changed(signed(), 'holdline.files.json.gz', (b) => Buffer.from(b.map((byte, at) => (at === 20 ? byte ^ 1 : byte)))), 'artifact-digest', 'holdline.files.json.gz'],
  ['a list that is not the archive\'s', () => signed({ tree: treeOf([...GOOD, file('src/more.js', 'x')]) }), 'tree-digest', /./u],
  ['a VERSION that is not the tag\'s', () => { const entries = [file('VERSION', '2.0.1\n'), ...GOOD.slice(1)]; return signed({ payload: rawTarGz(entries), tree: treeOf(entries) }); }, 'version-invalid', '2.0.1'],
] as const)('%s', async (_what, assets, code, names) => {
  await show('v2.0.0', assets());
  await expectRefused(world, UPDATE, { exit: 1, code, names });
  // The release that runs is never given up for it.
  expect(world.version()).toBe('1.0.5');
});

const evil = (...entries: RawEntry[]): (() => RawEntry[]) => () => [...GOOD, ...entries];
const BOMB = Buffer.alloc(40 * 1024 * 1024);

test.each([
  ['..', evil(file('../evil', 'x')), 'archive-forbidden'],
  ['an absolute path', evil(file('/tmp/holdline-e2e-evil', 'x')), 'archive-forbidden'],
  ['a link that escapes', evil(link('src/escape', '../../..')), 'archive-forbidden'],
  ['a file written through a link', evil(link('src/tmp', '/tmp'), file('src/tmp/holdline-e2e-evil', 'x')), 'archive-forbidden'],
  ['a device node', evil({ name: 'src/null', type: '3' }), 'archive-forbidden'],
  ['a setuid program', evil(file('src/root', 'x', 0o4755)), 'archive-forbidden'],
  ['twins that differ in case', evil(file('src/SERVER.js', 'x')), 'archive-forbidden'],
  ['our own folder', evil(file('.holdline/current/x', 'x')), 'archive-forbidden'],
  ['a bomb', evil(file('src/zeros', BOMB)), /archive-limit/u],
  ['no managed path', () => [file('other/a', 'x')], /archive-/u],
  ['no end', () => GOOD, 'archive-invalid'],
] as const)('an archive with %s', async (what, entries, code) => {
  const list = entries();
  const payload = what === 'no end' ? gzipSync(rawTar(list, Buffer.alloc(0))) : rawTarGz(list, END);
  // Signed with the list an honest reading would give: the archive itself is what must be refused.
  await show('v2.0.0', signed({ payload, tree: treeOf(list.filter((entry) => !/^(?:\.\.|\/|\.holdline)/u.test(String(entry.name)))) }));
  const before = heldBy(world);
  const ran = await world.holdline([...UPDATE, '--json']);
  expect(ran).toMatchObject({ code: 1, json: { outcome: 'failed', code: typeof code === 'string' ? code : expect.stringMatching(code), hint: expect.any(String) } });
  expect(heldBy(world)).toEqual(before);
  expect(existsSync('/tmp/holdline-e2e-evil')).toBe(false);
  expect(existsSync(join(world.root, 'evil'))).toBe(false);
  expect((await world.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
});

test('a half-uploaded asset: waits, says what is missing, and goes on when it is there', async () => {
  const assets = signed();
  await show('v2.0.0', { ...assets, 'app-2.0.0.tar.gz': { content: assets['app-2.0.0.tar.gz'] ?? Buffer.alloc(0), state: 'open' } });
  const before = heldBy(world);
  const waiting = await world.holdline([...UPDATE, '--json']);
  expect(waiting).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'incomplete-release', reason: expect.stringContaining('app-2.0.0.tar.gz') } });
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'waiting', waiting: { reason: 'incomplete-release', until: expect.any(String) } });
  expect(heldBy(world)).toEqual(before);
  await world.github.changeAsset(REPO, 'v2.0.0', 'app-2.0.0.tar.gz', { state: 'uploaded' });
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available', latest_version: '2.0.0' });
});

test.each([
  ['no assets at all', () => ({}), 'v2.0.0'],
  ['a manifest without its payload', () => without(signed(), 'app-2.0.0.tar.gz'), 'v2.0.0'],
])('%s: waits, and after incomplete_release_wait goes on without it and says so', async (_what, assets, names) => {
  await show('v2.0.0', assets());
  const before = heldBy(world);
  expect(await world.holdline([...UPDATE, '--json'])).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'incomplete-release' } });
  world.configure({ incomplete_release_wait: 0 });
  const ran = await world.holdline([...UPDATE, '--json']);
  expect(ran).toMatchObject({ code: 0, json: { outcome: 'current', from: '1.0.5' } });
  expect(ran.stderr).toContain(names);
  expect(heldBy(world)).toEqual(before);
});

test('retagged, drafts, prereleases, odd tags and other components are not taken for something else', async () => {
  await show('v2.0.0', signed());
  world.github.retag(REPO, 'v2.0.0', 'v9.0.0');
  tags.push('v9.0.0');
  await expectRefused(world, UPDATE, { exit: 1, code: 'manifest-mismatch', names: /2\.0\.0|9\.0\.0/u });
  world.github.removeRelease(REPO, 'v9.0.0');
  for (const tag of ['latest', 'v2', '2.0', 'v2.0.0.1', 'release-2.0.0', 'other-v2.0.0', 'v3.0.0-beta.1']) await show(tag, signed());
  tags.push('v4.0.0');
  await world.github.addRelease(REPO, { tag: 'v4.0.0', draft: true, assets: signed() });
  expect((await world.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'current', latest_version: '1.0.5' });
});

test('below the floor only by name; an unknown version by name says what there is', async () => {
  world.github.removeRelease(REPO, 'v1.0.5');
  await show('v1.0.1', signed({ tag: 'v1.0.1', ...(() => { const entries = [file('VERSION', '1.0.1\n'), ...GOOD.slice(1)]; return { payload: rawTarGz(entries), tree: treeOf(entries) }; })() }));
  expect((await world.holdline([...UPDATE, '--json'])).json).toMatchObject({ outcome: 'current', from: '1.0.5' });
  await expectRefused(world, [...UPDATE, '7.7.7'], { exit: 1, code: 'version-unknown', names: '7.7.7' });
  expect((await world.holdline([...UPDATE, '1.0.1', '--dry-run', '--json'])).json).toMatchObject({ to: '1.0.1' });
});

test('without manifests: an asset by pattern, several that fit, none, SHA256SUMS that disagree or say nothing', async () => {
  const payload = rawTarGz(GOOD);
  const sums = (digest: string): Buffer => Buffer.from(`${digest}  app-arm64.tar.gz\n`);
  world.configure({ trust: { require: 'checksum' } });
  await show('v2.0.0', { 'app-arm64.tar.gz': payload, 'app-x64.tar.gz': payload });
  await expectRefused(world, UPDATE, { exit: 1, code: 'source-not-found', names: 'app-x64.tar.gz' });
  world.configure({ trust: { require: 'checksum' }, asset: 'app-riscv*.tar.gz' });
  expect((await world.holdline([...UPDATE, '--json'])).json).toMatchObject({ outcome: 'waiting', code: 'incomplete-release' });
  world.configure({ trust: { require: 'checksum' }, asset: 'app-arm64*.tar.gz' });
  expect(await world.holdline([...UPDATE, '--dry-run', '--json'])).toMatchObject({ code: 0, json: { to: '2.0.0' } });
  await world.github.changeAsset(REPO, 'v2.0.0', 'SHA256SUMS', { content: sums('0'.repeat(64)) });
  await expectRefused(world, UPDATE, { exit: 1, code: 'artifact-digest', names: 'app-arm64.tar.gz' });
  world.github.removeRelease(REPO, 'v2.0.0');
  await show('v2.0.0', { 'app-arm64.tar.gz': { content: payload, digest: null } });
  await expectRefused(world, UPDATE, { exit: 1, code: 'artifact-not-covered', names: 'app-arm64.tar.gz' });
});

test('a random file is no archive, whoever vouches for it', async () => {
  const payload = randomBytes(5000);
  world.configure({ trust: { require: 'none' } });
  await show('v2.0.0', { 'app.tar.gz': payload });
  await expectRefused(world, UPDATE, { exit: 1, code: 'archive-invalid', names: 'app.tar.gz' });
  expect(world.version()).toBe('1.0.5');
});
