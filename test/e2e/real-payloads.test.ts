// Payloads nobody here wrote: published packages through `holdline publish`, the local GitHub, an update and a rollback, compared file by file
// with what plain tar makes of the originals.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest';
import { sha256 } from '../support/fake-source.js';
import { installedPackage, NoPackages, packedPackage } from '../support/e2e/npm-packages.js';
import { runCommand } from '../support/e2e/run-command.js';
import { createWorld, REPO, type World } from '../support/e2e/world.js';
import { snapshotFolder, type Snapshot } from '../support/folder-snapshot.js';

let world: World;
beforeEach(async () => { world = await createWorld({ installed: null, onDisk: true }); mkdirSync(world.appDir); });
afterEach(() => world.close());

function fetched<Result>(context: TestContext, fetch: () => Result): Result {
  try { return fetch(); } catch (thrown) {
    if (thrown instanceof NoPackages) context.skip(thrown.message);
    throw thrown;
  }
}

/** As tar unpacks it, below one folder. */
function unpack(archive: string, name: string): string {
  const folder = join(world.root, name);
  mkdirSync(folder);
  execFileSync('tar', ['xzf', archive, '-C', folder, '--strip-components=1']);
  return folder;
}

const topOf = (folder: string): string[] => readdirSync(folder).sort();

/** Content, links and the executable bit: what a release carries. Who may write is the device's business. */
const carried = (snapshot: Snapshot): Snapshot => Object.fromEntries(Object.entries(snapshot).flatMap(([path, entry]) => {
  const [kind = '', mode = '', hash = ''] = entry.split(' ');
  return kind === 'directory' ? [] : [[path, kind === 'file' ? `file ${(Number.parseInt(mode, 8) & 0o100) === 0 ? '' : 'x'} ${hash}` : entry]];
}));

/** What the running version consists of, without the VERSION we add. */
function running(): Snapshot {
  const { VERSION: _ours, ...rest } = carried(snapshotFolder(join(world.appDir, '.holdline', 'current', '.')));
  return rest;
}

async function publish(folder: string, version: string): Promise<void> {
  const out = join(world.root, `assets ${version}`);
  const made = await runCommand(['publish', folder, '--repo', REPO, '--tag', `v${version}`, '--out', out, '--key', world.secretFile, '--json']);
  expect(made).toMatchObject({ code: 0, json: { facts: { version } } });
  await world.github.addRelease(REPO, { tag: `v${version}`, assets: Object.fromEntries(readdirSync(out).map((name) => [name, join(out, name)])) });
  // What was published is what plain tar sees in it.
  const payload = readdirSync(out).find((name) => name.endsWith('.tar.gz') && name !== 'holdline.files.json.gz') ?? '';
  const again = join(world.root, `again ${version}`);
  mkdirSync(again);
  execFileSync('tar', ['xzf', join(out, payload), '-C', again]);
  expect(carried(snapshotFolder(again))).toEqual(carried(snapshotFolder(folder)));
}

async function thereAndBack(first: string, second: string, versions: readonly [string, string]): Promise<Record<string, unknown>> {
  const [one, two] = versions;
  world.configure({ managed_paths: [...new Set([...topOf(first), ...topOf(second), 'VERSION'])] });
  await publish(first, one);
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', from: null, to: one });
  expect(running()).toEqual(carried(snapshotFolder(first)));
  expect(readFileSync(join(world.appDir, 'VERSION'), 'utf8')).toBe(`${one}\n`);
  await publish(second, two);
  const update = (await world.holdline(['--update', '--json'])).json;
  expect(update).toMatchObject({ outcome: 'updated', from: one, to: two });
  expect(running()).toEqual(carried(snapshotFolder(second)));
  // Seen through the links, as the app sees it.
  for (const top of topOf(second)) expect(execFileSync('diff', ['-r', '--no-dereference', join(second, top), realpathSync(join(world.appDir, top))], { encoding: 'utf8' })).toBe('');
  expect((await world.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
  expect((await world.holdline(['rollback', '--json'])).json).toMatchObject({ outcome: 'rolled_back', from: two, to: one });
  expect(running()).toEqual(carried(snapshotFolder(first)));
  expect((await world.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
  return update;
}

test('zigbee2mqtt 1.16.0 -> 1.16.1 and back, signed', async (context) => {
  const [a, b] = ['1.16.0', '1.16.1'].map((version) => fetched(context, () => unpack(packedPackage('zigbee2mqtt', version), `z2m ${version}`)));
  await thereAndBack(a ?? '', b ?? '', ['1.16.0', '1.16.1']);
});

test('node-red 4.1.14 -> 4.1.15 with all its node_modules: 8,000 files, of which the unchanged ones are linked', async (context) => {
  if (process.env['HOLDLINE_FULL'] !== '1' && process.env['CI'] !== 'true') return context.skip('set HOLDLINE_FULL=1 to install two node-red trees and update from one to the other');
  const [a = '', b = ''] = ['4.1.14', '4.1.15'].map((version) => fetched(context, () => installedPackage('node-red', version)));
  const files = Object.values(snapshotFolder(b)).filter((entry) => entry.startsWith('file')).length;
  expect(files).toBeGreaterThanOrEqual(8000);
  const update = await thereAndBack(a, b, ['4.1.14', '4.1.15']);
  const size = Number(execFileSync('du', ['-sb', b], { encoding: 'utf8' }).split('\t')[0]);
  expect(Number(update['bytes_written']) / size).toBeLessThan(0.1);
}, 600_000);

test('packages as they are, without a manifest: SHA256SUMS, a name pattern, GitHub\'s digest, and the source tarball', async (context) => {
  const [a = '', b = ''] = ['1.16.0', '1.16.1'].map((version) => fetched(context, () => packedPackage('zigbee2mqtt', version)));
  const [first, second] = [unpack(a, 'first'), unpack(b, 'second')];
  const managed_paths = [...new Set([...topOf(first), ...topOf(second), 'VERSION'])];
  // npm's own tarball, its top folder `package/` stripped, its VERSION ours from the tag.
  world.configure({ managed_paths, trust: { require: 'checksum' }, asset: 'zigbee2mqtt-*.tgz' });
  const sums = Buffer.from(`${sha256(readFileSync(a))}  zigbee2mqtt-1.16.0.tgz\n`);
  await world.github.addRelease(REPO, { tag: '1.16.0', assets: { 'zigbee2mqtt-1.16.0.tgz': { content: a, digest: null }, 'other.tgz': Buffer.from('x'), 'SHA256SUMS': sums } });
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.16.0' });
  expect(running()).toEqual(carried(snapshotFolder(first)));
  expect(readFileSync(join(world.appDir, 'VERSION'), 'utf8')).toBe('1.16.0\n');
  // The next one is covered by the digest GitHub states.
  await world.github.addRelease(REPO, { tag: '1.16.1', assets: { 'zigbee2mqtt-1.16.1.tgz': b } });
  const update = await world.holdline(['--update', '--json']);
  expect(update.json).toMatchObject({ outcome: 'updated', from: '1.16.0', to: '1.16.1' });
  expect(running()).toEqual(carried(snapshotFolder(second)));
  // A repository that attaches nothing: its source tarball, as GitHub makes them. Nobody states its checksum, so only trust none takes it.
  for (const tag of ['1.16.0', '1.16.1']) world.github.removeRelease(REPO, tag);
  const source = join(world.root, 'lab-app-0123456');
  cpSync(second, source, { recursive: true });
  writeFileSync(join(source, 'index.js'), '// 1.17.0\n');
  const archive = join(world.root, 'source.tar.gz');
  execFileSync('tar', ['czf', archive, '-C', world.root, 'lab-app-0123456']);
  await world.github.addRelease(REPO, { tag: 'v1.17.0', source: archive });
  world.configure({ managed_paths, trust: { require: 'checksum' } });
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'incomplete-release' } });
  world.configure({ managed_paths, trust: { require: 'none' } });
  const fromSource = await world.holdline(['--update', '--json']);
  expect(fromSource.json).toMatchObject({ outcome: 'updated', to: '1.17.0' });
  expect(fromSource.stderr).toMatch(/trust\.require/u);
  expect(running()).toEqual(carried(snapshotFolder(source)));
  expect((await world.holdline(['rollback', '--json'])).json).toMatchObject({ outcome: 'rolled_back', to: '1.16.1' });
  expect(running()).toEqual(carried(snapshotFolder(second)));
});
