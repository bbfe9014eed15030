// `holdline init owner/repo`: writes a commented settings file for what stands on this device.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HoldlineError, errnoOf } from '../../domain/errors.js';
import { suggestServices, type AppFolder, type CandidateUnit } from '../../decide/suggest-services.js';
import type { MadeReport } from '../../interface/app.js';
import { renderSettings } from '../../settings/render-settings.js';

export interface InitRequest { readonly repo: string; readonly file: string; readonly installDir: string; readonly force: boolean }

const UNIT_FOLDER = '/etc/systemd/system';
const MAX_UNIT_BYTES = 64 * 1024;
const REPO = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/u;

export function initSettings(request: InitRequest): MadeReport {
  if (!REPO.test(request.repo)) throw new HoldlineError('usage', `cannot use ${request.repo} as a repository`, { hint: 'Give it as owner/name, as in the address on GitHub.' });
  const file = resolve(request.file);
  const app = basename(request.repo);
  const suggested = suggestServices(app, readUnits(), readFolder(resolve(request.installDir)));
  const installDir = suggested.installDir ?? resolve(request.installDir);
  // The system's own state folder is for root and the service's user; a file of somebody's own goes with its own state.
  const stateDir = file.startsWith('/etc/') ? null : join(dirname(file), 'state');
  writeNew(file, renderSettings({ repo: request.repo, installDir, stateDir, services: suggested.services, keys: [] }), request.force);
  const names = suggested.services.map((s) => ('unit' in s ? s.unit : s.command.join(' ')));
  return {
    files: [file], facts: { repository: request.repo, 'app folder': installDir, services: names.length === 0 ? 'none found: name them in the file' : names.join(', ') },
    next: [
      "put the publisher's public key (NAME.pub, made by holdline keygen) under trust.keys",
      `for a private repository: echo GITHUB_TOKEN=… > ${join(dirname(file), '.env')} && chmod 600 ${join(dirname(file), '.env')}`,
      `holdline doctor --config ${file}`,
      `holdline --check --config ${file}`,
      `holdline --update --dry-run --config ${file}`,
    ],
  };
}

function writeNew(file: string, text: string, force: boolean): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o640, flag: force ? 'w' : 'wx' });
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'EEXIST') throw new HoldlineError('usage', `cannot write ${file}: it is there already and was left as it is`, { cause, hint: 'Give --force to replace it, or --file for another place.' });
    throw new HoldlineError('permission', `cannot write ${file}: ${errno ?? 'unknown error'}`, { cause, hint: 'Run with sudo, or give --file for a place you may write to.' });
  }
}

function readUnits(): CandidateUnit[] {
  if (!existsSync(UNIT_FOLDER)) return [];
  const units: CandidateUnit[] = [];
  for (const name of readdirSync(UNIT_FOLDER)) {
    if (!name.endsWith('.service')) continue;
    try {
      const path = join(UNIT_FOLDER, name);
      const stat = statSync(path);
      if (stat.isFile() && stat.size <= MAX_UNIT_BYTES) units.push({ name, text: readFileSync(path, 'utf8') });
    } catch { /* a unit we may not read cannot be suggested */ }
  }
  return units;
}

function readFolder(path: string): AppFolder | null {
  try {
    const names = readdirSync(path);
    return { path, names, packageJson: names.includes('package.json') ? readFileSync(join(path, 'package.json'), 'utf8') : null };
  } catch { return null; }
}
