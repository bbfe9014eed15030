// Settings with a mistake: every command that needs them says where it is and what was meant, exits 2, and touches nothing.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from '../support/e2e/world.js';

let world: World;
let usual = '';
beforeAll(async () => { world = await createWorld(); await world.publish('1.1.0'); });
beforeEach(() => {
  usual = [`github_repo: lab/app`, `github_api_url: ${world.github.apiUrl}`, `install_dir: "${world.appDir}"`, `state_dir: "${world.stateDir}"`, ''].join('\n');
});
afterAll(() => world.close());

const AFTER = 5;

test.each([
  ['an unknown key', 'check_intervall: 60\n', [AFTER, 1], 'check_intervall', 'check_interval'],
  ['a key of another section', `trust: {requires: none}\n`, [AFTER, 9], 'requires', 'require'],
  ['a wrong type', 'max_backups: many\n', [AFTER, 14], 'max_backups', null],
  ['a value out of range', 'max_backups: 0\n', [AFTER, 14], 'max_backups', null],
  ['a word that is none of the choices', 'trust: {require: signatures}\n', [AFTER, 18], 'trust.require', 'signature'],
  ['an unset variable', 'channel: ${HOLDLINE_E2E_NOT_SET}\n', [AFTER, 10], 'HOLDLINE_E2E_NOT_SET', null],
  ['the same key twice', 'github_repo: lab/other\n', [AFTER, 1], 'github_repo', null],
  ['broken YAML', 'services: [\n', [AFTER + 1, 1], '', null],
  ['an embedded service of an unknown kind', 'services:\n  - {name: web, command: [node], kind: servcie}\n', [AFTER + 1, 40], 'kind', 'service'],
  ['a probe of an unknown kind', 'health:\n  - {htp: "http://127.0.0.1/"}\n', [AFTER + 1, 6], 'htp', 'http'],
  ['a managed path that leaves the folder', 'managed_paths: [src, ../other]\n', [AFTER, 22], 'managed_paths[1]', null],
  ['a key that is none', 'trust: {require: signature, keys: [RWQnonsense]}\n', [AFTER, 36], 'keys', null],
] as const)('%s', async (_what, line, [atLine, atColumn], names, meant) => {
  writeFileSync(world.settingsFile, usual + line);
  const before = world.snapshot();
  const ran = await world.holdline(['--check', '--json']);
  const { outcome, code, message, where } = ran.json;
  expect({ exit: ran.code, outcome, code, where, message }).toEqual({
    exit: 2, outcome: 'failed', code: 'settings-invalid', where: { file: world.settingsFile, line: atLine, column: atColumn }, message: expect.stringContaining(names),
  });
  if (meant !== null) expect(`${String(message)} ${String(ran.json['hint'])}`).toContain(meant);
  const text = await world.holdline(['--check']);
  expect(text).toMatchObject({ code: 2, stdout: '' });
  expect(text.stderr).toContain(`${world.settingsFile}:${atLine}:${atColumn}: `);
  expect(world.snapshot()).toEqual(before);
  expect(world.github.requests).toEqual([]);
});

test('every command that needs settings refuses them', async () => {
  writeFileSync(world.settingsFile, `${usual}check_intervall: 60\n`);
  for (const args of [['update'], ['rollback'], ['adopt'], ['status'], ['history'], ['backups'], ['verify'], ['recover'], ['unblock', '1.1.0'], ['doctor']]) {
    expect({ args, ...await world.holdline([...args, '--json']).then(({ code, json }) => ({ exit: code, code: json['code'] })) }).toEqual({ args, exit: 2, code: 'settings-invalid' });
  }
  const run = await world.holdline(['run']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(`${world.settingsFile}:${AFTER}:1: `);
});

test('several mistakes are told at once, in the order of the file', async () => {
  writeFileSync(world.settingsFile, `${usual}max_retries: -1\nlog_level: loud\n`);
  const ran = await world.holdline(['--check', '--json']);
  expect(ran.json).toMatchObject({ code: 'settings-invalid', where: { line: AFTER }, message: expect.stringContaining('1 more mistake') });
});

test('no file, an unreadable one, a folder in its place, and no trust key each say what to do', async () => {
  rmSync(world.settingsFile);
  expect(await world.holdline(['--check', '--json'])).toMatchObject({ code: 2, json: { code: 'settings-missing', message: expect.stringContaining(world.settingsFile), hint: expect.stringContaining('holdline init') } });
  const folder = await world.holdline(['--check', '--json', '--config', world.root]);
  expect(folder.code).toBe(2);
  writeFileSync(world.settingsFile, usual);
  expect(await world.holdline(['--check', '--json'])).toMatchObject({ code: 2, json: { code: 'trust-key-missing', hint: expect.stringContaining('trust') } });
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 2, json: { code: 'trust-key-missing' } });
  expect(await world.holdline(['--status', '--json'])).toMatchObject({ code: 0, json: { current_version: '1.0.0' } });
  if (process.getuid?.() !== 0) {
    chmodSync(world.settingsFile, 0);
    expect(await world.holdline(['--check', '--json'])).toMatchObject({ code: 2, json: { code: 'settings-missing', message: expect.stringContaining('EACCES') } });
  }
});

test.each([
  ['no command', [], 2], ['an unknown command', ['upgrade'], 2], ['an unknown option', ['--check', '--jsn'], 2], ['two commands', ['--check', '--update'], 2],
  ['a missing argument', ['unblock'], 2], ['one argument too many', ['rollback', '1.0.0', '1.1.0'], 2], ['history of minus one line', ['history', '-n', '-1'], 2],
] as const)('usage: %s', async (_what, args, exit) => {
  world.configure({});
  const ran = await world.holdline([...args, '--json']);
  expect({ exit: ran.code, code: ran.json['code'] }).toEqual({ exit, code: 'usage' });
});
