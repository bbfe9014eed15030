// From checked values to Settings: defaults that follow from other keys, absolute paths, and the rules between keys.
import { join, relative, resolve, sep } from 'node:path';
import type { Place } from '../domain/errors.js';
import { HOUSE } from '../domain/layout.js';
import type { Settings } from '../domain/settings.js';
import { completeAttestation } from './complete-attestation.js';
import { completeComponents } from './complete-components.js';
import { completeHealth } from './complete-health.js';
import { completePolicy } from './complete-policy.js';
import { completeRollout } from './complete-rollout.js';
import { completeLimits } from './complete-limits.js';
import { completeServices } from './complete-services.js';
import { completeHooks } from './hooks-schema.js';
import { completeModule } from './module-schema.js';
import { completeTrust, type ReadKeyFile } from './complete-trust.js';
import type { Finding, KeyPath } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';
import { isLoopback, splitPath } from './value-rules.js';
import { findWarnings } from './find-warnings.js';

export interface Surroundings {
  readonly file: string | null;
  /** Relative paths of the file start here: its folder. */
  readonly fileFolder: string;
  /** Relative paths of flags start here. */
  readonly workingFolder: string;
  /** Keys that came from a flag. */
  readonly flagKeys: ReadonlySet<string>;
  readonly token: string | null;
  readonly proxy: Settings['proxy'];
  readonly readKeyFile: ReadKeyFile;
  /** Where a value stands; undefined for what is not from the file. */
  readonly locate: (path: KeyPath) => Place | undefined;
}

export interface Completed { readonly settings: Settings; readonly findings: readonly Finding[] }

const STATE_ROOT = '/var/lib/holdline';
const RUNTIME_ROOT = '/run/holdline';

export function completeSettings(input: SettingsInput, around: Surroundings): Completed {
  const app = completeOne(input, around);
  if (input.components === undefined) {
    return input.together.length === 0 ? app : { ...app, findings: [...app.findings, { path: ['together'], at: 'key', message: 'together names components, but there are none', hint: 'Add them below components, or remove together.' }] };
  }
  const { components, findings } = completeComponents(input, app.settings, around, completeOne);
  const settings: Settings = { ...app.settings, services: components.flatMap(({ services }) => services), health: components.flatMap(({ health }) => health), components, together: input.together };
  return { settings, findings };
}

/** An app that is one component, or one component of several. */
function completeOne(input: SettingsInput, around: Surroundings): Completed {
  const findings: Finding[] = [];
  const absolute = (key: string, path: string | undefined): string | undefined =>
    (path === undefined ? undefined : resolve(around.flagKeys.has(key) ? around.workingFolder : around.fileFolder, path));
  const app = input.app ?? input.github_repo.slice(input.github_repo.indexOf('/') + 1);
  const stateDir = absolute('state_dir', input.state_dir) ?? join(STATE_ROOT, app);
  const besideFile = (path: string): string => resolve(around.fileFolder, path);
  // Daemon and command line must come to the same answer, whoever runs them: so it follows from the settings alone.
  const runtimeDir = absolute('runtime_dir', input.runtime_dir) ?? (isInside(stateDir, STATE_ROOT) ? join(RUNTIME_ROOT, app) : join(stateDir, 'run'));
  const attestation = completeAttestation(input.trust, { githubRepo: input.github_repo, githubApiUrl: input.github_api_url, absolute: besideFile }, findings);
  const settings: Settings = {
    file: around.file,
    githubRepo: input.github_repo,
    githubApiUrl: input.github_api_url.replace(/\/+$/u, ''),
    githubToken: around.token,
    app,
    installDir: absolute('install_dir', input.install_dir) ?? around.workingFolder,
    stateDir,
    sharedDir: stateDir,
    tagPrefix: null,
    component: null,
    components: null,
    together: [],
    runtimeDir,
    checkInterval: input.check_interval,
    autoUpdate: input.auto_update,
    backupEnabled: input.backup_enabled,
    backupPath: absolute('backup_path', input.backup_path) ?? join(stateDir, 'backups'),
    maxBackups: input.max_backups,
    downloadTimeout: input.download_timeout,
    downloadDeadline: input.download_deadline,
    maxRetries: input.max_retries,
    retryDelay: input.retry_delay,
    managedPaths: input.managed_paths.map((path) => splitPath(path).join('/')),
    preserve: input.preserve,
    channel: input.channel,
    asset: input.asset ?? null,
    trust: { ...completeTrust(input.trust, besideFile, around.readKeyFile, findings), ...(attestation === undefined ? {} : { attestation }) },
    freshness: { alarmAfter: input.freshness.alarm_after },
    ...completePolicy(input, runtimeDir, besideFile, findings),
    rollout: completeRollout(input, findings),
    services: completeServices(input.services, findings, around.locate),
    health: completeHealth(input.health, input.services, findings),
    module: completeModule(input.module),
    hooks: completeHooks(input.hooks, absolute('install_dir', input.install_dir) ?? around.workingFolder),
    probation: { ...input.probation, maxRestarts: input.max_probation_restarts },
    archive: input.archive,
    limits: {
      payloadBytes: input.limits.payload_bytes, unpackedBytes: input.limits.unpacked_bytes,
      entries: input.limits.entries, depth: input.limits.depth, ratio: input.limits.ratio,
    },
    ...completeLimits(input),
    incompleteReleaseWait: input.incomplete_release_wait,
    logLevel: input.log_level,
    proxy: around.proxy,
    warnings: [],
  };
  findings.push(...checkApp(settings, input), ...checkApi(settings), ...checkManagedPaths(settings), ...checkPreserve(settings), ...checkFolders(settings));
  return { settings: { ...settings, warnings: findWarnings(settings) }, findings };
}

function checkApp(settings: Settings, input: SettingsInput): readonly Finding[] {
  if (input.app !== undefined || /^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/u.test(settings.app)) return [];
  return [wrong(['github_repo'], `the repository's name "${settings.app}" cannot name the app's folders`, 'Add a line like app: monitoring.')];
}

function checkApi(settings: Settings): readonly Finding[] {
  if (settings.githubToken === null || !settings.githubApiUrl.startsWith('http:') || isLoopback(settings.githubApiUrl)) return [];
  return [wrong(['github_api_url'], 'github_api_url is http://, which would show the token to the network', 'Use https://, or unset GITHUB_TOKEN.')];
}

function checkManagedPaths(settings: Settings): readonly Finding[] {
  return settings.managedPaths.flatMap((path, index) => {
    const other = settings.managedPaths.find((candidate, at) => at !== index && (candidate === path ? at < index : path.startsWith(`${candidate}/`)));
    return other === undefined ? [] : [wrong(['managed_paths', index], other === path ? `managed_paths holds ${path} twice` : `the managed path ${path} lies inside the managed path ${other}`, 'Keep the outer one only.')];
  });
}

function checkPreserve(settings: Settings): readonly Finding[] {
  return settings.preserve.flatMap((pattern, index) => {
    const plain = splitPath(pattern).join('/');
    const literal = plain.replace(/[*?[{].*$/u, '');
    const reaches = settings.managedPaths.some((path) => literal === path || literal.startsWith(`${path}/`) || (literal !== plain && path.startsWith(literal)));
    return reaches ? [] : [wrong(['preserve', index], `preserve "${pattern}" lies in no managed path (${settings.managedPaths.join(', ')}), so there is nothing to preserve`, 'Everything outside the managed paths is never touched anyway: remove it, or correct the path.')];
  });
}

/** What holdline writes must not lie where an update replaces everything. */
function checkFolders(settings: Settings): readonly Finding[] {
  const replaced = [...settings.managedPaths, HOUSE];
  const folders = [['state_dir', settings.stateDir], ['backup_path', settings.backupPath], ['runtime_dir', settings.runtimeDir]] as const;
  const findings = folders.flatMap(([key, folder]) => {
    // What follows from a wrong state_dir needs no telling of its own.
    if (key !== 'state_dir' && isInside(folder, settings.stateDir)) return [];
    const inside = replaced.find((path) => isInside(folder, join(settings.installDir, path)));
    if (inside !== undefined) return [wrong([key], `${key} ${folder} lies inside ${inside} of install_dir, which an update replaces`, 'Choose a folder outside.')];
    return folder === settings.installDir ? [wrong([key], `${key} is install_dir itself`, 'Choose a folder of its own.')] : [];
  });
  if (settings.installDir === '/') findings.push(wrong(['install_dir'], 'install_dir is the root folder /', 'Set install_dir to the app\'s folder.'));
  return findings;
}

/** The same path or below it; by text, because links may not be followed here. */
function isInside(path: string, folder: string): boolean {
  const steps = relative(folder, path);
  return steps === '' || (steps !== '..' && !steps.startsWith(`..${sep}`));
}

const wrong = (path: KeyPath, message: string, hint?: string): Finding => ({ path, at: 'value', message, hint });
