// Real processes under the daemon: a graph of eight and one that owns hardware, changed one by one and in sets. Who is touched is judged
// by process ids: an untouched process is the same process afterwards.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { UpdateResult } from '../../src/domain/results.js';
import type { Files } from '../support/device-world.js';
import type { Running } from '../support/e2e/run-command.js';
import { createWorld, type SettingsValues, type World } from '../support/e2e/world.js';
import { waitUntil } from '../support/services/wait-until.js';

let world: World;
beforeEach(() => { world = undefined as never; });
afterEach(() => world.close());

/** Lives until it is told to end; writes down each time it is told to look at its files again, with what it then finds there. */
const program = (name: string, content: string): string => `# ${content}
trap 'exit 0' TERM
trap 'cat config/${name}.yaml >> told-${name}.txt' HUP
while :; do sleep 1000 & wait; kill $!; done
`;

const DEPENDENCIES: Readonly<Record<string, readonly string[]>> = { db: [], cache: ['db'], api: ['db', 'cache'], web: ['api'], worker: ['db'], log: [], stats: ['log'], files: [], meter: ['db'] };
const NAMES = Object.keys(DEPENDENCIES);
const service = (name: string): SettingsValues => ({
  name, command: ['sh', `src/${name}/main.sh`], depends_on: DEPENDENCIES[name], stop_timeout: 5, paths: [`src/${name}/**`, `config/${name}.yaml`, ...(name === 'web' || name === 'stats' ? ['src/shared'] : [])],
  ...(name === 'meter' ? { kind: 'hardware' } : {}), ...(name === 'log' ? { on_change: { signal: 'SIGHUP' } } : {}), ...(name === 'files' ? { on_change: 'none' } : {}),
});

interface Step { readonly why: string; readonly change: Files; readonly restarted: readonly string[]; readonly reloaded?: readonly string[] }
const code = (name: string, content: string): Files => ({ [`src/${name}/main.sh`]: program(name, content) });
const STEPS: readonly Step[] = [
  { why: 'one at the end', change: code('web', 'two'), restarted: ['web'] },
  { why: 'one that most depend on', change: code('db', 'two'), restarted: ['db', 'cache', 'api', 'web', 'worker'] },
  { why: 'config of one in the middle', change: { 'config/api.yaml': 'port: 2\n' }, restarted: ['api', 'web'] },
  { why: 'one that is told, and one that depends on it', change: { 'config/log.yaml': 'level: debug\n' }, restarted: ['stats'], reloaded: ['log'] },
  { why: 'one that sees changes by itself', change: code('files', 'two'), restarted: [] },
  { why: 'the hardware one, which the policy holds back', change: code('meter', 'two'), restarted: [] },
  { why: 'nobody', change: { 'src/unused.txt': 'new\n' }, restarted: [] },
  { why: 'a set', change: { ...code('worker', 'two'), ...code('cache', 'two') }, restarted: ['cache', 'api', 'web', 'worker'] },
  { why: 'what two share', change: { 'src/shared/lib.sh': 'two\n' }, restarted: ['web', 'stats'] },
];

async function pids(): Promise<Record<string, number>> {
  const { services } = (await world.holdline(['--status', '--json'])).json as unknown as { services: readonly { name: string; pid: number }[] };
  return Object.fromEntries(services.map(({ name, pid }) => [name, pid]));
}
const differing = (before: Record<string, number>, after: Record<string, number>): string[] => Object.keys(before).filter((name) => before[name] !== after[name]).sort();
const update = async (): Promise<UpdateResult> => (await world.holdline(['--update', '--json'])).json as unknown as UpdateResult;

test('a graph of eight processes and a hardware one, changed one by one and in sets', async () => {
  let files: Files = {
    ...Object.assign({}, ...NAMES.map((name) => ({ ...code(name, 'one'), [`config/${name}.yaml`]: 'port: 1\n' }))) as Files, 'VERSION': '1.0.0\n', 'src/shared/lib.sh': 'one\n',
  };
  world = await createWorld({ installed: files, settings: { check_interval: 3600, auto_update: false, backup_enabled: false, services: NAMES.map(service) } });
  let daemon = await world.startDaemon();
  await waitUntil('all run', async () => Object.values(await pids()).every((pid) => pid > 0));
  let now = await pids();
  let minor = 0;
  const release = async (change: Files): Promise<void> => {
    minor += 1;
    files = { ...files, ...change, VERSION: `1.${minor}.0\n` };
    await world.publish(`1.${minor}.0`, files);
  };
  for (const { why, change, restarted, reloaded = [] } of STEPS) {
    await release(change);
    expect(await update(), why).toMatchObject({ outcome: 'updated', to: `1.${minor}.0`, restarted, reloaded });
    const after = await pids();
    expect(differing(now, after), why).toEqual([...restarted].sort());
    now = after;
  }
  // The one that was told read the new file, once.
  await waitUntil('log has read its config', () => readFileSync(join(world.appDir, 'told-log.txt'), 'utf8') !== '');
  expect(readFileSync(join(world.appDir, 'told-log.txt'), 'utf8')).toBe('level: debug\n');
  // Those that run from versions long gone are the same processes under the next daemon, too.
  await daemon.kill('SIGKILL');
  world.configure({ policy: { hardware: 'auto' } });
  daemon = await world.startDaemon();
  await waitUntil('all are there', async () => Object.values(await pids()).every((pid) => pid > 0));
  expect(differing(now, await pids())).toEqual([]);
  // The hardware one takes now what it has missed, and a bad release touches exactly the same ones back.
  await release({ ...code('stats', 'two') });
  const shown = await world.holdline(['--update', '--dry-run']);
  expect(shown.stdout).toMatch(/stats +restarted: src\/stats\/main\.sh changes/u);
  expect(shown.stdout).toMatch(/meter +restarted: src\/meter\/main\.sh changes/u);
  expect(shown.stdout).toMatch(/start order: stats, meter|start order: meter, stats/u);
  expect(differing(now, await pids())).toEqual([]);
  expect((await update()).outcome).toBe('updated');
  const touched = await pids();
  expect(differing(now, touched)).toEqual(['meter', 'stats']);
  await release({ 'src/db/main.sh': 'echo out of tables >&2; exit 3\n' });
  expect(await update()).toMatchObject({ outcome: 'rolled_back', code: 'service-start', reason: expect.stringContaining('out of tables') });
  expect(differing(touched, await pids())).toEqual(['api', 'cache', 'db', 'web', 'worker']);
});

/** Answers its number; the first line of a file decides whether an instance of a number starts at all. */
const instance = (badNumber: number): string => `import { appendFileSync } from 'node:fs';
const [, , number] = process.argv;
if (Number(number) === ${badNumber}) { console.error('no room for number ' + number); process.exit(3); }
process.on('SIGTERM', () => { appendFileSync('life.txt', '-' + number + '\\n'); process.exit(0); });
appendFileSync('life.txt', '+' + number + '\\n');
setInterval(() => undefined, 60_000);
`;

test('instances are rolled one by one, and the first that does not come up takes the others back', async () => {
  const files = (version: string, badNumber = 0): Files => ({ 'VERSION': `${version}\n`, 'src/app.mjs': instance(badNumber), 'src/note.txt': version });
  world = await createWorld({
    installed: files('1.0.0'),
    settings: { check_interval: 3600, auto_update: false, backup_enabled: false, services: [{ name: 'app', command: ['node', 'src/app.mjs', '%i'], instances: '1..4', stop_timeout: 5 }] },
  });
  const daemon: Running = await world.startDaemon();
  const life = (): string[] => { try { return readFileSync(join(world.appDir, 'life.txt'), 'utf8').trim().split('\n'); } catch { return []; } };
  await waitUntil('all four live', () => life().length === 4);
  const before = await pids();
  await world.publish('1.1.0', files('1.1.0'));
  expect(await update()).toMatchObject({ outcome: 'updated', restarted: ['app@1', 'app@2', 'app@3', 'app@4'], downtime_ms: null });
  await waitUntil('all four live again', () => life().length === 12);
  // Each ends before the next one does, and is started in between: never two are away.
  expect(life().slice(4).filter((line) => line.startsWith('-'))).toEqual(['-1', '-2', '-3', '-4']);
  const log = daemon.output();
  const acts = [...log.matchAll(/service (?<name>app@\d) (?<act>stopped|started as)/gu)].map((match) => `${match.groups?.['name'] ?? ''} ${match.groups?.['act'] ?? ''}`).slice(4);
  expect(acts).toEqual(['app@1', 'app@2', 'app@3', 'app@4'].flatMap((name) => [`${name} stopped`, `${name} started as`]));
  const rolled = await pids();
  expect(differing(before, rolled)).toHaveLength(4);
  await world.publish('1.2.0', files('1.2.0', 3));
  expect(await update()).toMatchObject({ outcome: 'rolled_back', reason: expect.stringContaining('no room for number 3') });
  expect(differing(rolled, await pids())).toEqual(['app@1', 'app@2', 'app@3']);
  expect(Object.values(await pids()).every((pid) => pid > 0)).toBe(true);
});

test('a glob that matches nothing stops the update with its place, and everything runs on', async () => {
  const files = (version: string): Files => ({ 'VERSION': `${version}\n`, ...code('web', version) });
  world = await createWorld({ installed: files('1.0.0'), settings: { check_interval: 3600, auto_update: false, services: [{ ...service('web'), depends_on: [], paths: ['src/web/**', 'src/wbe/**'] }] } });
  await world.startDaemon();
  const before = await pids();
  await world.publish('1.1.0', files('1.1.0'));
  const refused = await world.holdline(['--update', '--json']);
  expect(refused).toMatchObject({ code: 2, json: { outcome: 'failed', code: 'service-paths', where: { file: world.settingsFile, line: expect.any(Number), column: expect.any(Number) }, message: expect.stringContaining('src/wbe/**') } });
  const { line, column } = (refused.json['where'] as { line: number; column: number });
  expect(readFileSync(world.settingsFile, 'utf8').split('\n')[line - 1]?.slice(column - 1)).toBe('"src/wbe/**"');
  expect([world.seen()['VERSION'], await pids()]).toEqual(['1.0.0\n', before]);
});

test('the daemon killed in a probation: who was not touched is the same process under the next one, in it and after it', async () => {
  const files = (version: string): Files => ({ 'VERSION': `${version}\n`, ...code('web', version), ...code('db', 'same') });
  world = await createWorld({
    installed: files('1.0.0'),
    settings: { check_interval: 3600, auto_update: false, probation: { seconds: 3, interval: 0.2, failures: 2 }, services: ['web', 'db'].map((name) => ({ ...service(name), depends_on: [], paths: [`src/${name}/**`] })) },
  });
  const first = await world.startDaemon();
  await waitUntil('both run', async () => Object.values(await pids()).every((pid) => pid > 0));
  const before = await pids();
  await world.publish('1.1.0', files('1.1.0'));
  world.start(['--update', '--json']);
  await first.says('"msg":"probing"');
  const inProbation = await pids();
  expect(differing(before, inProbation)).toEqual(['web']);
  await first.kill('SIGKILL');
  await world.startDaemon();
  await waitUntil('it is committed', async () => (await world.holdline(['--status', '--json'])).json['last_update'] !== null);
  expect(differing(inProbation, await pids())).toEqual([]);
});
