// The hooks section: both forms, what a component inherits, and every mistake with its place.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { HOOK_NAMES } from '../../src/domain/hooks.js';
import type { Settings } from '../../src/domain/settings.js';
import { loadSettings } from '../../src/settings/load-settings.js';

const load = (text: string): Settings => loadSettings({ text: `github_repo: acme/app\n\n${text}`, file: '/etc/holdline/holdline.yaml', env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });
const mistake = (text: string): string => {
  try { load(text); } catch (thrown) {
    if (!(thrown instanceof HoldlineError)) throw thrown;
    return `${thrown.message.replace('cannot use the settings: /etc/holdline/holdline.yaml:', '').replace(': ', ' ')} ${thrown.hint ?? ''}`;
  }
  return 'accepted';
};

describe('hooks', () => {
  it('are none where nobody names any', () => { expect(load('').hooks).toEqual({}); });
  it('are a list, or a mapping that says more', () => {
    expect(load('hooks: {before_switch: [./drain.sh, now], after_switch: {command: [src/migrate], timeout: 0.5, user: app, writable: [src/data, /var/lib/app]}}\n').hooks).toEqual({
      before_switch: { command: ['./drain.sh', 'now'], timeout: 60, user: null, writable: [] },
      after_switch: { command: ['src/migrate'], timeout: 0.5, user: 'app', writable: ['/opt/app/src/data', '/var/lib/app'] },
    });
  });
  it('of a component are its own, else those of the top level, each in its own folder', () => {
    const { components } = load('hooks: {after_commit: {command: [tell], writable: [log]}}\ncomponents:\n  a: {install_dir: /srv/a}\n  b: {install_dir: /srv/b, hooks: {before_switch: [./x]}}\n');
    expect(components?.map(({ hooks }) => hooks)).toEqual([
      { after_commit: { command: ['tell'], timeout: 60, user: null, writable: ['/srv/a/log'] } }, { before_switch: { command: ['./x'], timeout: 60, user: null, writable: [] } },
    ]);
  });
});

it.each([
  ['hooks: {before_swich: [./x]}', '3:9 unknown key "before_swich" in hooks, did you mean "before_switch"? Write before_switch instead.'],
  ['hooks: {on_install: [./x]}', '3:9 unknown key "on_install" in hooks Known here: before_switch, after_switch, after_commit, after_revert.'],
  ['hooks: [./x]', '3:8 hooks must be a mapping, not a list'],
  ['hooks: {before_switch: ./x}', '3:24 hooks.before_switch must be a list (program and arguments) or a mapping with command, not text For example'],
  ['hooks: {before_switch: []}', '3:24 hooks.before_switch must hold at least the program'],
  ['hooks: {before_switch: [./x, 5]}', '3:30 hooks.before_switch[1] must be text, not 5 Put quotes around it.'],
  ['hooks: {before_switch: [""]}', '3:25 hooks.before_switch[0] must not be empty'],
  ['hooks: {before_switch: {timeout: 5}}', '3:9 hooks.before_switch needs command'],
  ['hooks: {before_switch: {comand: [./x]}}', '3:25 unknown key "comand" in hooks.before_switch, did you mean "command"?'],
  ['hooks: {after_commit: {command: [./x], timeout: 0}}', '3:49 hooks.after_commit.timeout must be more than 0'],
  ['hooks: {after_commit: {command: [./x], timeout: 100000}}', '3:49 hooks.after_commit.timeout must be at most 86400'],
  ['hooks: {after_commit: {command: [./x], user: "0"}}', '3:46 hooks.after_commit.user must be the name of a user'],
  ['hooks: {after_commit: {command: [./x], writable: ["a b"]}}', '3:51 hooks.after_commit.writable[0] must be a path without blanks'],
  ['hooks: {after_commit: {command: [./x], shell: true}}', '3:40 unknown key "shell" in hooks.after_commit Known here: command, timeout, user, writable.'],
  ['components: {a: {install_dir: /a, hooks: {after_swich: [./x]}}}', '3:43 unknown key "after_swich" in components.a.hooks, did you mean "after_switch"?'],
  ['components: {a: {install_dir: /a, hooks: {after_switch: 5}}}', '3:57 components.a.hooks.after_switch must be a list'],
])('%s is refused', (text, words) => { expect(mistake(`${text}\n`)).toContain(words); });

it('stand in the example with every name, and load as they stand there', () => {
  const example = readFileSync(new URL('../../config/holdline.yaml', import.meta.url), 'utf8');
  const block = /^hooks: \{\}.*\n((?:# {2} .*\n)+)/mu.exec(example)?.[1] ?? '';
  expect(Object.keys(load(`hooks:\n${block.replaceAll(/^# /gmu, '')}`).hooks)).toEqual([...HOOK_NAMES]);
});
