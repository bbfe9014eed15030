import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/main/read-settings.js';
import { codeOf } from '../support/code-of.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let folder: string;
let file: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = makeTempFolder('read settings');
  file = at('holdline.yaml');
  writeFileSync(file, 'github_repo: lab/app\ntrust: {require: none}\n');
  mkdirSync(at('credentials'));
  writeFileSync(at('credentials/github-token'), 'from-systemd\n', { mode: 0o400 });
  writeFileSync(at('closed'), ' from-a-file\n', { mode: 0o600 });
  writeFileSync(at('open'), 'seen-by-all\n');
  chmodSync(at('open'), 0o644);
});
afterAll(() => removeTempFolder(folder));

const tokenOf = (env: Readonly<Record<string, string>>): string | null => readSettings(file, env).githubToken;

describe('the token', () => {
  it.each<[string, () => Readonly<Record<string, string>>, string | null]>([
    ['the environment', () => ({ GITHUB_TOKEN: 'from-the-environment', GITHUB_TOKEN_FILE: at('closed'), CREDENTIALS_DIRECTORY: at('credentials') }), 'from-the-environment'],
    ['a named file', () => ({ GITHUB_TOKEN_FILE: at('closed'), CREDENTIALS_DIRECTORY: at('credentials') }), 'from-a-file'],
    ['a systemd credential', () => ({ CREDENTIALS_DIRECTORY: at('credentials') }), 'from-systemd'],
    ['nowhere: other credentials are none of ours', () => ({ CREDENTIALS_DIRECTORY: folder }), null],
  ])('comes from %s', (_where, env, token) => { expect(tokenOf(env())).toBe(token); });

  it('in a file that everybody can read is refused, and not shown', () => {
    expect(codeOf(() => tokenOf({ GITHUB_TOKEN_FILE: at('open') }))).toBe('settings-invalid');
    expect(() => tokenOf({ GITHUB_TOKEN_FILE: at('open') })).toThrow(/everybody on this device can read it/u);
    expect(() => tokenOf({ GITHUB_TOKEN_FILE: at('open') })).not.toThrow(/seen-by-all/u);
  });

  it('in a file that is not there is a mistake, not a device without token', () => { expect(codeOf(() => tokenOf({ GITHUB_TOKEN_FILE: at('gone') }))).toBe('settings-invalid'); });
});
