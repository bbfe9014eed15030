// Several components on one device, through the commands: updated in their order, undone apart from each other, gone back one by one.
import { cpSync, existsSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatTrustedComment } from '../../src/artifact/trusted-comment.js';
import { rolloutPath } from '../../src/domain/rollout.js';
import { parseSecretKey } from '../../src/publish/secret-key.js';
import { signMessage } from '../../src/publish/sign-message.js';
import { writeFiles } from '../support/device-world.js';
import { appFiles } from '../support/e2e/app-files.js';
import { createPlant, NAMES, served, type Plant } from '../support/e2e/plant.js';
import { runCommand } from '../support/e2e/run-command.js';
import { REPO } from '../support/e2e/world.js';
import { rolloutOf, signRollout } from '../support/rollout.js';
import { waitUntil } from '../support/services/wait-until.js';

let plant: Plant;
beforeEach(async () => { plant = await createPlant(); });
afterEach(() => plant.close());

const versions = (): string[] => NAMES.map((name) => plant.version(name));
const listings = (): number => plant.github.requests.filter(({ path }) => /\/releases\?/u.test(path)).length;

test('each by its own tag, in their order, with one listing of the repository for all of them', async () => {
  await plant.release('app', '1.1.0', 'good', { needs: { database: '>=2' } });
  await plant.release('database', '2.0.0');
  await plant.release('dashboard', '1.5.0');
  const check = await plant.holdline(['--check', '--json', '--exit-code']);
  expect(check.code).toBe(10);
  expect(check.json).toMatchObject({
    outcome: 'available', update_available: true,
    components: [
      { component: 'database', outcome: 'available', latest_version: '2.0.0' },
      // Judged on what runs now: after the database has been updated it may come.
      { component: 'app', outcome: 'waiting', waiting: { reason: 'dependency', detail: 'app 1.1.0 needs database >=2, here is 1.0.0' } },
      { component: 'dashboard', outcome: 'available', latest_version: '1.5.0' },
    ],
  });
  const before = listings();
  const update = await plant.holdline(['--update', '--json']);
  expect(listings() - before).toBe(1);
  expect(update.json).toMatchObject({ outcome: 'updated', components: [{ component: 'database', outcome: 'updated', from: '1.0.0', to: '2.0.0' }, { component: 'app', outcome: 'updated', to: '1.1.0' }, { component: 'dashboard', outcome: 'updated', to: '1.5.0' }] });
  expect(update.code).toBe(0);
  expect(versions()).toEqual(['2.0.0', '1.1.0', '1.5.0']);
  // Each has its own books; what is shared stands above them.
  for (const name of NAMES) expect(existsSync(join(plant.stateDir, 'components', name, 'state.json'))).toBe(true);
  expect(existsSync(join(plant.stateDir, 'components', 'app', 'lock'))).toBe(false);
  const status = (await plant.holdline(['--status', '--json'])).json;
  expect(status).toMatchObject({
    state: 'idle', update_available: false,
    components: [
      { component: 'database', version: '2.0.0', last_safe_version: '2.0.0', last_applied: { version: '2.0.0', outcome: 'committed' }, enabled: true, pin: null, tree_digest: expect.stringMatching(/^[0-9a-f]{64}$/u) },
      { component: 'app', version: '1.1.0', depends_on: { database: '>=1 <3' } }, { component: 'dashboard', version: '1.5.0' },
    ],
  });
  expect((await plant.holdline(['--status'])).stdout).toMatch(/components\n\s+database\s+2\.0\.0/u);
});

test('one that fails is put back, what depends on it is left alone with the reason, the others go on', async () => {
  plant.components({ database: { health: [{ command: ['grep', '-q', 'good', 'src/verdict'] }] } });
  for (const [name, word] of [['database', 'bad'], ['app', 'good'], ['dashboard', 'good']] as const) await plant.release(name, `1.1.${NAMES.indexOf(name)}`, 'good', { files: { 'src/verdict': `${word}\n` } });
  const update = await plant.holdline(['--update', '--json']);
  expect(update.code).toBe(20);
  expect(update.json).toMatchObject({
    outcome: 'rolled_back', code: 'health-failed',
    components: [
      { component: 'database', outcome: 'rolled_back', code: 'health-failed', from: '1.0.0', to: '1.1.0' },
      { component: 'app', outcome: 'waiting', code: 'dependency', from: '1.0.0', reason: expect.stringContaining('app waits: it depends on database, which was put back') },
      { component: 'dashboard', outcome: 'updated', to: '1.1.2' },
    ],
  });
  expect(versions()).toEqual(['1.0.0', '1.0.0', '1.1.2']);
  const { components } = (await plant.holdline(['--status', '--json'])).json as { components: { component: string }[] };
  expect(components).toMatchObject([
    { component: 'database', version: '1.0.0', last_safe_version: null, last_applied: { version: '1.1.0', outcome: 'reverted' }, blocked: [{ version: '1.1.0' }] },
    { component: 'app', waiting: { reason: 'dependency' } }, { component: 'dashboard', last_safe_version: '1.1.2' },
  ]);
  // The next turn: the bad one is blocked, what runs is what the app needs, so it goes on.
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', components: [{ component: 'database', outcome: 'current' }, { component: 'app', outcome: 'updated', to: '1.1.1' }, { component: 'dashboard', outcome: 'current' }] });
});

test('a version that another component cannot bear is not taken; a lower one that it can is', async () => {
  await plant.release('database', '3.0.0');
  expect((await plant.holdline(['--check', '--json', '--component', 'database'])).json).toMatchObject({ components: [{ component: 'database', outcome: 'waiting', waiting: { reason: 'dependency', detail: 'database-v3.0.0 is not taken: app needs database >=1 <3' } }] });
  const named = await plant.holdline(['--update', '3.0.0', '--component', 'database', '--json']);
  expect(named).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'dependency' } });
  await plant.release('database', '2.1.0');
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ components: [{ component: 'database', outcome: 'updated', to: '2.1.0' }, {}, {}] });
});

test('goes back one by one: to a kept version, to a backup, never below what another one needs', async () => {
  await plant.release('database', '2.0.0');
  await plant.release('app', '1.1.0', 'good', { needs: { database: '>=2' } });
  await plant.holdline(['--update']);
  await plant.release('app', '1.2.0', 'good', { needs: { database: '>=2' } });
  await plant.holdline(['--update', '--component', 'app']);
  expect(plant.version('app')).toBe('1.2.0');
  const refused = await plant.holdline(['rollback', 'database', '--json']);
  expect(refused).toMatchObject({ code: 1, json: { outcome: 'failed', code: 'dependency', reason: expect.stringContaining('app 1.2.0 needs database >=2') } });
  expect(plant.version('database')).toBe('2.0.0');
  const list = (await plant.holdline(['versions', 'app', '--json'])).json as { components: { versions: object[] }[] };
  expect(list.components).toMatchObject([{ component: 'app', versions: [{ version: '1.2.0', running: true, tag: 'app-v1.2.0' }, { version: '1.1.0', kept: true, running: false, tag: 'app-v1.1.0' }, { version: '1.0.0', tag: null, backups: [expect.stringMatching(/^backup_1\.0\.0_/u)] }] }]);
  expect((await plant.holdline(['versions'])).stdout).toMatch(/^database\n {2}2\.0\.0 +runs; database-v2\.0\.0/mu);
  expect((await plant.holdline(['rollback', 'app', '1.0.0', '--json'])).json).toMatchObject({ outcome: 'rolled_back', components: [{ component: 'app', from: '1.2.0', to: '1.0.0', code: null }] });
  expect(versions()).toEqual(['2.0.0', '1.0.0', '1.0.0']);
  expect((await plant.holdline(['rollback', 'database', '--json'])).code).toBe(0);
  expect(realpathSync(join(plant.folder('database'), 'src'))).toContain('/1.0.0-');
});

test('a component is named where a version or a way back is meant, and unknown names are told', async () => {
  for (const [args, words] of [
    [['--update', '1.1.0'], '--component NAME (app, dashboard, database)'], [['rollback'], 'holdline rollback NAME'], [['rollback', 'databse'], 'did you mean database?'],
    [['--check', '--component', 'x'], 'There are: app, dashboard, database.'], [['unblock', '1.0.0'], '--component'],
  ] as const) {
    const ran = await plant.holdline(args);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(words);
  }
});

test('two that a link leads to one folder are refused before anything is touched', async () => {
  symlinkSync(plant.folder('database'), join(plant.root, 'linked'));
  plant.components({ dashboard: { install_dir: join(plant.root, 'linked') } });
  await plant.release('dashboard', '2.0.0');
  const refused = await plant.holdline(['--update', '--json']);
  expect(refused).toMatchObject({ code: 2, json: { code: 'settings-invalid' } });
  expect(refused.stdout + refused.stderr).toContain('dashboard and database lie in the same folder');
  expect(plant.version('database')).toBe('1.0.0');
});

test('one that is not enabled is left out, unless a person names it', async () => {
  plant.components({ dashboard: { enabled: false }, app: { pin: '~1.1', depends_on: {} } });
  await plant.release('dashboard', '2.0.0');
  await plant.release('app', '1.2.0');
  await plant.release('app', '1.1.5');
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ components: [{ component: 'app', to: '1.1.5' }, { component: 'database', outcome: 'current' }] });
  expect((await plant.holdline(['--status', '--json'])).json).toMatchObject({ components: [{ component: 'app', pin: '~1.1' }, { component: 'dashboard', enabled: false, version: '1.0.0' }, {}] });
  expect((await plant.holdline(['--update', '--component', 'dashboard', '--json'])).json).toMatchObject({ outcome: 'updated', components: [{ component: 'dashboard', to: '2.0.0' }] });
});

test('the log of what happened is one for all of them, and whole', async () => {
  await plant.release('database', '1.1.0');
  await plant.release('dashboard', '1.2.0');
  await plant.holdline(['--update']);
  expect((await plant.holdline(['history', '--json'])).json).toMatchObject({ history: expect.arrayContaining([expect.objectContaining({ component: 'database', to: '1.1.0' }), expect.objectContaining({ component: 'dashboard', to: '1.2.0' })]) });
  expect((await plant.holdline(['backups', '--json'])).json).toMatchObject({ backups: expect.arrayContaining([expect.objectContaining({ component: 'dashboard', version: '1.0.0' })]) });
  expect((await plant.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole', findings: expect.arrayContaining([expect.objectContaining({ subject: 'dashboard tree' })]) });
  const audit = (await plant.holdline(['audit', '--verify', '--json'])).json as { damage: string[]; entries: { event: string; facts: { to?: string } }[] };
  expect(audit.damage).toEqual([]);
  expect(audit.entries.filter(({ event }) => event === 'committed').map(({ facts }) => facts.to)).toEqual(expect.arrayContaining(['1.1.0', '1.2.0']));
  expect(readFileSync(join(plant.stateDir, 'state.json'), 'utf8')).toContain('"audit"');
});

const judged = (word: string) => ({ files: { 'src/verdict': `${word}\n` } });
const PROBE = { health: [{ command: ['grep', '-q', 'good', 'src/verdict'] }] };

test('components of a group move as one, and go back as one', async () => {
  const group = { database: { health: [] }, app: { ...PROBE, depends_on: { database: '*' } } };
  plant.components(group, { together: [['app', 'database']] });
  await plant.release('database', '2.0.0');
  // Each needs the other's new version: neither could go first.
  await plant.release('app', '2.0.1', 'good', { needs: { database: '>=2' }, ...judged('bad') });
  expect((await plant.holdline(['--check', '--json'])).json).toMatchObject({ outcome: 'available', components: [{ component: 'database', outcome: 'available' }, { component: 'app', outcome: 'available', latest_version: '2.0.1' }, {}] });
  const failed = await plant.holdline(['--update', '--json']);
  expect(failed).toMatchObject({ code: 20, json: { outcome: 'rolled_back', code: 'health-failed', components: [{ component: 'database', outcome: 'rolled_back', to: '2.0.0' }, { component: 'app', outcome: 'rolled_back', to: '2.0.1' }, { component: 'dashboard' }] } });
  expect(versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  const status = (await plant.holdline(['--status', '--json'])).json;
  expect(status).toMatchObject({ components: [{ component: 'database', together: ['app'], blocked: [{ version: '2.0.0' }], last_safe_version: null }, { component: 'app', blocked: [{ version: '2.0.1' }] }, {}] });
  await plant.release('database', '2.1.0', 'good', { needs: { app: '>=2.1' } });
  // Half of what belongs together waits for the other half.
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'waiting', components: [{ component: 'database', outcome: 'waiting', code: 'dependency', reason: expect.stringContaining('cannot move together') }, { component: 'app', outcome: 'waiting' }, {}] });
  await plant.release('app', '2.1.1', 'good', { needs: { database: '>=2.1' }, ...judged('good') });
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', components: [{ component: 'database', outcome: 'updated', to: '2.1.0' }, { component: 'app', outcome: 'updated', to: '2.1.1' }, {}] });
  expect(versions()).toEqual(['2.1.0', '2.1.1', '1.0.0']);
  // One alone cannot go back to where the other cannot bear it; both can.
  expect(await plant.holdline(['rollback', 'app', '1.0.0', '--json'])).toMatchObject({ code: 1, json: { code: 'dependency' } });
  expect((await plant.holdline(['rollback', 'app', '--json'])).json).toMatchObject({ outcome: 'rolled_back', code: null, components: [{ component: 'database', from: '2.1.0', to: '1.0.0' }, { component: 'app', from: '2.1.1', to: '1.0.0' }] });
  expect(versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  expect((await plant.holdline(['verify', '--json'])).json).toMatchObject({ outcome: 'whole' });
});

test('a version of a group that its publisher withdraws is left by the whole group, by the daemon alone', async () => {
  plant.components({ app: { depends_on: { database: '*' } } }, { together: [['app', 'database']], rollout: { max_age: 0 }, check_interval: 5 });
  await plant.release('database', '2.0.0');
  await plant.release('app', '2.0.1', 'good', { needs: { database: '>=2' } });
  expect((await plant.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated' });
  const { text, signature } = signRollout(plant.handKey, rolloutOf({ repo: REPO, component: 'app', version: '2.0.1', percent: 100, withdrawn: ['2.0.1'] }));
  plant.github.putFile(REPO, rolloutPath('stable', 'app'), text);
  plant.github.putFile(REPO, `${rolloutPath('stable', 'app')}.minisig`, signature ?? '');
  await plant.startDaemon();
  await waitUntil('both have gone back', () => Promise.resolve(versions().join() === '1.0.0,1.0.0,1.0.0'), 60_000);
  await waitUntil('the books are closed', async () => {
    const { components } = (await plant.holdline(['--status', '--json'])).json as { components: { blocked: { reason: string }[] }[] };
    const reasons = components.map(({ blocked }) => blocked.map(({ reason }) => reason).join());
    return reasons[0]?.startsWith('went back together with app 2.0.1: the publisher has withdrawn 2.0.1') === true && reasons[1] === 'the publisher has withdrawn 2.0.1 (rollout 3)' && reasons[2] === '';
  }, 60_000);
});

test('under the daemon each component has its services in its own folder, and an update restarts its own only', async () => {
  plant.components(
    { database: served(plant, 'database'), app: { ...served(plant, 'app'), depends_on: { database: '*' } }, dashboard: served(plant, 'dashboard') },
    { auto_update: false, check_interval: 3600, probation: { seconds: 1, interval: 0.2, failures: 2 } },
  );
  await plant.startDaemon();
  for (const name of NAMES) await waitUntil(`${name} answers`, async () => (await plant.answers(name)) === '1.0.0', 60_000);
  const pids = async (): Promise<Record<string, number>> => Object.fromEntries(((await plant.holdline(['--status', '--json'])).json as { services: { name: string; pid: number }[] }).services.map(({ name, pid }) => [name, pid]));
  const before = await pids();
  await plant.release('app', '1.1.0', 'sick');
  await plant.release('dashboard', '1.2.0');
  const update = await plant.holdline(['--update', '--json']);
  expect(update.json).toMatchObject({ outcome: 'rolled_back', components: [{ component: 'database', outcome: 'current' }, { component: 'app', outcome: 'rolled_back', code: 'health-failed' }, { component: 'dashboard', outcome: 'updated', restarted: ['dashboard'] }] });
  await waitUntil('the app answers as before', async () => (await plant.answers('app')) === '1.0.0', 60_000);
  expect([await plant.answers('database'), await plant.answers('dashboard')]).toEqual(['1.0.0', '1.2.0']);
  const after = await pids();
  expect(after['database']).toBe(before['database']);
  expect(after['app']).not.toBe(before['app']);
  // A person goes back through it, too.
  expect((await plant.holdline(['rollback', 'dashboard', '--json'])).json).toMatchObject({ outcome: 'rolled_back', components: [{ component: 'dashboard', to: '1.0.0', code: null }] });
  expect((await pids())['database']).toBe(before['database']);
});

test('a release that wants more than the device allows is refused by name; one made with publish --component is taken from a folder', async () => {
  const tree = join(plant.root, 'to publish');
  writeFiles(tree, appFiles('1.3.0'));
  const out = join(plant.root, 'made');
  const made = await runCommand(['publish', tree, '--component', 'app', '--repo', REPO, '--key', plant.secretFile, '--out', out, '--json']);
  expect(made.stderr).toBe('');
  expect(made.json).toMatchObject({ facts: { version: '1.3.0', tag: 'app-v1.3.0' } });
  // The same, with a unit of somebody else in its manifest, signed by the publisher's own key.
  const evil = join(plant.root, 'evil');
  cpSync(out, evil, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(out, 'holdline.json'), 'utf8')) as object;
  const bytes = Buffer.from(JSON.stringify({ ...manifest, processes: [{ unit: 'sshd.service' }] }));
  writeFileSync(join(evil, 'holdline.json'), bytes);
  writeFileSync(join(evil, 'holdline.json.minisig'), signMessage(parseSecretKey(readFileSync(plant.secretFile, 'utf8'), null), bytes, formatTrustedComment({ repo: REPO, tag: 'app-v1.3.0' })));
  const refused = await plant.holdline(['--update', '--component', 'app', '--from', evil, '--json']);
  expect(refused).toMatchObject({ code: 1, json: { outcome: 'failed', code: 'manifest-forbidden', reason: expect.stringContaining('it wants the unit sshd.service') } });
  expect(versions()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  expect((await plant.holdline(['--update', '--component', 'app', '--from', out, '--json'])).json).toMatchObject({ outcome: 'updated', components: [{ component: 'app', to: '1.3.0' }] });
});
