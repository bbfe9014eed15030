// One release that carries several components, through the commands: published, taken part by part, undone apart, moved as one, from a folder.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFiles } from '../support/device-world.js';
import { appFiles } from '../support/e2e/app-files.js';
import { createPlant, NAMES, type Name, type Plant } from '../support/e2e/plant.js';
import { runCommand } from '../support/e2e/run-command.js';
import { REPO, TOKEN } from '../support/e2e/world.js';

let plant: Plant;
beforeEach(async () => { plant = await createPlant(); });
afterEach(() => plant.close());

const PLAIN = { tag_prefix: '' };
const PROBE = { health: [{ command: ['grep', '-q', 'good', 'src/verdict'] }] };
const versions = (): string[] => NAMES.map((name) => plant.version(name));
const outcomes = (json: Readonly<Record<string, unknown>>): Record<string, string> => Object.fromEntries((json['components'] as { component: string; outcome: string }[]).map(({ component, outcome }) => [component, outcome]));

interface Part { readonly verdict?: string; readonly needs?: Readonly<Record<string, string>> }

/** By the built command; the folder of the assets. */
async function build(version: string, parts: Partial<Record<Name, Part>>, ...more: readonly string[]): Promise<string> {
  const out = join(plant.root, `set ${version}`);
  const args = Object.entries(parts).flatMap(([name, { verdict = 'good', needs }]) => {
    const folder = join(plant.root, `${name} ${version}`);
    writeFiles(folder, appFiles(version, 'good', { 'src/verdict': `${verdict}\n` }));
    if (needs === undefined) return ['--component', `${name}=${folder}`];
    writeFiles(plant.root, { [`${name} ${version}.json`]: JSON.stringify({ components: needs }) });
    return ['--component', `${name}=${folder}`, '--requires', `${name}=${join(plant.root, `${name} ${version}.json`)}`];
  });
  const made = await runCommand(['publish', ...args, '--repo', REPO, '--key', plant.secretFile, '--out', out, '--json', ...more], { env: { GITHUB_API_URL: plant.github.apiUrl, GITHUB_TOKEN: TOKEN } });
  expect(made).toMatchObject({ code: 0, stderr: '', json: { facts: { version, tag: `v${version}` } } });
  return out;
}

async function release(version: string, parts: Partial<Record<Name, Part>>): Promise<void> {
  await build(version, parts, '--upload');
}

test('each takes its part, with one listing and one look at the manifest; one without a part stays, and says why', async () => {
  plant.components({ app: PLAIN, database: { ...PLAIN, ...PROBE }, dashboard: { ...PLAIN, ...PROBE } });
  await release('1.3.0', { app: { needs: { database: '>=1.3' } }, database: {} });
  const before = plant.github.requests.length;
  const check = await plant.holdline(['--check', '--json']);
  expect(check.json).toMatchObject({ components: [
    { component: 'database', outcome: 'available', latest_version: '1.3.0' }, { component: 'app', outcome: 'waiting', waiting: { reason: 'dependency', detail: 'app 1.3.0 needs database >=1.3, here is 1.0.0' } },
    { component: 'dashboard', outcome: 'current', latest_version: null },
  ] });
  const asked = plant.github.requests.slice(before).map(({ path }) => path);
  expect(asked.filter((path) => /\/releases\?/u.test(path))).toHaveLength(1);
  expect(asked.filter((path) => path.includes('/releases/assets/'))).toHaveLength(2);
  const update = await plant.holdline(['--update', '--json']);
  expect(update).toMatchObject({ code: 0, json: { outcome: 'updated', components: [{ component: 'database', outcome: 'updated', to: '1.3.0' }, { component: 'app', outcome: 'updated', to: '1.3.0' }, { component: 'dashboard', outcome: 'current' }] } });
  expect(versions()).toEqual(['1.3.0', '1.3.0', '1.0.0']);
  const explained = await plant.holdline(['explain', 'dashboard', '--json']);
  expect(explained.json).toMatchObject({ decision: 'nothing', releases: [{ tag: 'v1.3.0', decision: 'leave', why: 'it carries app and database, and nothing for dashboard' }] });
  expect(await plant.holdline(['--update', '1.3.0', '--component', 'dashboard', '--json'])).toMatchObject({ code: 1, json: { outcome: 'failed', code: 'manifest-component' } });
  // One of two fails, and is put back alone; the third has been told of once, and is not asked for again.
  await release('1.4.0', { dashboard: { verdict: 'bad' }, database: {} });
  const failed = await plant.holdline(['--update', '--json']);
  expect(failed).toMatchObject({ code: 20, json: { outcome: 'rolled_back', components: [{ component: 'database', outcome: 'updated', to: '1.4.0' }, { component: 'app', outcome: 'current' }, { component: 'dashboard', outcome: 'rolled_back', code: 'health-failed' }] } });
  expect(versions()).toEqual(['1.4.0', '1.3.0', '1.0.0']);
  const later = plant.github.requests.length;
  expect(outcomes((await plant.holdline(['--check', '--json'])).json)).toEqual({ database: 'current', app: 'current', dashboard: 'current' });
  expect(plant.github.requests.slice(later).filter(({ path }) => path.includes('/releases/assets/'))).toEqual([]);
  const list = (await plant.holdline(['versions', 'app', '--json'])).json as { components: { versions: { version: string }[] }[] };
  expect(list.components[0]?.versions.map(({ version }) => version)).toEqual(['1.3.0', '1.0.0']);
  expect((await plant.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
});

test('two that need each other wait until they are said to move together; then they move, and go back, as one', async () => {
  const components = { app: { ...PLAIN, ...PROBE, depends_on: {} }, database: PLAIN, dashboard: PLAIN };
  const both = (verdict: string): Partial<Record<Name, Part>> => ({ app: { verdict, needs: { database: '>=1.3' } }, database: { needs: { app: '>=1.3' } } });
  plant.components(components);
  await release('1.3.0', both('bad'));
  expect((await plant.holdline(['--update', '--component', 'app', '--json'])).json).toMatchObject({ outcome: 'waiting', reason: expect.stringContaining('they can only move as one: together: [[app, database]] in the settings') });
  expect(versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  plant.components(components, { together: [['app', 'database']] });
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'rolled_back', code: 'health-failed' });
  expect(versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  await release('1.3.1', both('good'));
  expect(outcomes((await plant.holdline(['--update', '--json'])).json)).toEqual({ app: 'updated', database: 'updated', dashboard: 'current' });
  expect(versions()).toEqual(['1.3.1', '1.3.1', '1.0.0']);
});

test('from a folder it is taken the same way, by a payload only for the one whose it is; without components in the settings it is refused', async () => {
  plant.components({ app: PLAIN, database: PLAIN, dashboard: PLAIN });
  const out = await build('1.5.0', { app: {}, dashboard: {} });
  expect(outcomes((await plant.holdline(['--update', '--from', join(out, 'app-1.5.0.tar.gz'), '--json'])).json)).toEqual({ app: 'updated', database: 'current', dashboard: 'current' });
  expect(outcomes((await plant.holdline(['--update', '--from', out, '--json'])).json)).toEqual({ app: 'current', database: 'current', dashboard: 'updated' });
  expect(versions()).toEqual(['1.0.0', '1.5.0', '1.5.0']);
  plant.configure({ install_dir: plant.folder('database') });
  const refused = await plant.holdline(['--update', '--from', out, '--json']);
  expect(refused).toMatchObject({ code: 1, json: { outcome: 'failed', code: 'manifest-component', message: expect.stringContaining('it carries app and dashboard, and the settings of this device name no components') } });
  expect(plant.version('database')).toBe('1.0.0');
  const asked = await runCommand(['publish', out, '--component', 'app', '--component', `database=${out}`, '--repo', REPO, '--json']);
  expect(asked).toMatchObject({ code: 2, json: { code: 'usage' } });
});
