// Reads the settings file, the .env beside it and the environment: the effects around the pure settings/.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { HoldlineError, errnoOf } from '../domain/errors.js';
import type { Settings } from '../domain/settings.js';
import { chooseSettingsFile, envFileOf, loadSettings } from '../settings/load-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws HoldlineError `settings-missing` or `settings-invalid` */
export function readSettings(flag: string | undefined, env: Environment, flags: Readonly<Record<string, unknown>> = {}): Settings {
  const cwd = process.cwd();
  const { file, named } = chooseSettingsFile(flag, env, cwd);
  const text = readIfThere(file);
  if (text === undefined && named) {
    throw new HoldlineError('settings-missing', `cannot read the settings: ${file} does not exist`, { hint: `Write them with holdline init owner/repo --file ${file}, or correct --config (HOLDLINE_CONFIG).` });
  }
  const dotenv = readIfThere(envFileOf(file));
  return loadSettings({
    text: text ?? null, file: text === undefined ? null : file, env: withToken(env), dotenv: dotenv === undefined ? null : parseDotenv(dotenv), flags, cwd,
    readKeyFile: (path) => readFileSync(path, 'utf8'),
  });
}

/** systemd's name for it: LoadCredential=github-token:/etc/holdline/github-token */
const CREDENTIAL = 'github-token';
const OTHERS_READ = 0o004;

/** The environment, and the token from a file where that names one. It is never an argument, which everybody could read. */
function withToken(env: Environment): Environment {
  if ((env['GITHUB_TOKEN'] ?? '') !== '') return env;
  const named = env['GITHUB_TOKEN_FILE'] ?? '';
  const folder = env['CREDENTIALS_DIRECTORY'] ?? '';
  if (named !== '') return { ...env, GITHUB_TOKEN: readToken(named) };
  const token = folder === '' ? undefined : readIfThere(join(folder, CREDENTIAL))?.toString('utf8').trim();
  return token === undefined ? env : { ...env, GITHUB_TOKEN: token };
}

function readToken(file: string): string {
  const text = readIfThere(file);
  if (text === undefined) throw new HoldlineError('settings-invalid', `cannot read the token: GITHUB_TOKEN_FILE names ${file}, which does not exist`, { hint: 'Correct the path, or unset GITHUB_TOKEN_FILE.' });
  if ((statSync(file).mode & OTHERS_READ) !== 0) {
    throw new HoldlineError('settings-invalid', `cannot use the token in ${file}: everybody on this device can read it`, { hint: `Close it: chmod 600 ${file}. If others had access, make a new token.` });
  }
  return text.toString('utf8').trim();
}

function readIfThere(path: string): Buffer | undefined {
  try { return readFileSync(path); } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw new HoldlineError('settings-missing', `cannot read the settings: ${path}: ${errno ?? 'unknown error'}`, { cause, hint: errno === 'EACCES' ? 'Run holdline as the user the file belongs to, or with sudo.' : 'Check the path.' });
  }
}
