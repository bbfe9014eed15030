// `holdline doctor`, the part without network: folders, disk, clock, keys, units, tools. Changes nothing.
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { errnoOf } from '../../domain/errors.js';
import { houseDir, type Layout } from '../../domain/layout.js';
import type { Clock, Filesystem, Processes } from '../../domain/ports.js';
import type { ServiceSettings, Settings } from '../../domain/settings.js';
import type { DoctorFinding } from '../../interface/app.js';
import { formatBytes } from '../../interface/cli/format.js';
import { PLAUSIBLE_SINCE } from '../../domain/plausible-clock.js';

export interface DeviceParts {
  readonly settings: Settings; readonly layout: Layout; readonly fs: Filesystem; readonly clock: Clock; readonly processes: Processes;
  /** Where commands are looked for. */
  readonly path: string;
}

const LOW_BYTES = 200 * 1024 * 1024;
const LOW_INODES = 10_000;
const TOOL_TIMEOUT_MS = 10_000;

export const passed = (check: string, detail: string): DoctorFinding => ({ check, verdict: 'passed', detail, remedy: null });
export const warned = (check: string, detail: string, remedy: string): DoctorFinding => ({ check, verdict: 'warned', detail, remedy });
export const failed = (check: string, detail: string, remedy: string): DoctorFinding => ({ check, verdict: 'failed', detail, remedy });

function examineSettings({ settings }: DeviceParts): DoctorFinding[] {
  const head = passed('settings', settings.file ?? 'from the environment only');
  return [head, ...settings.warnings.map((w) => warned('settings', w, 'See the settings table in the README.'))];
}

async function writable(path: string): Promise<string | undefined> {
  let at = path;
  for (;;) {
    try { await access(at, constants.W_OK); return undefined; } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'ENOENT' || dirname(at) === at) return errno ?? 'unknown';
      at = dirname(at);
    }
  }
}

export async function examineFolders(parts: DeviceParts): Promise<DoctorFinding[]> {
  const { settings, layout } = parts;
  const findings: DoctorFinding[] = [];
  const install = await stat(layout.installDir).catch(() => undefined);
  if (install === undefined || !install.isDirectory()) {
    return [failed('install_dir', `${layout.installDir} ${install === undefined ? 'does not exist' : 'is not a folder'}`, `Create it (mkdir -p ${layout.installDir}) or correct install_dir in the settings.`)];
  }
  const user = process.getuid?.() ?? 0;
  for (const [name, path] of [['install_dir', layout.installDir], ['state_dir', layout.stateDir], ['backup_path', layout.backupPath]] as const) {
    const errno = await writable(path);
    if (errno === undefined) findings.push(passed(name, path));
    else findings.push(failed(name, `${path} cannot be written by user ${user} (${errno})`, errno === 'EROFS' ? 'The filesystem is read-only: mount it read-write.' : `Give it to the user holdline runs as: chown -R holdline ${path}, or run doctor with sudo.`));
  }
  const adopted = parts.fs.stat(houseDir(layout)) !== undefined;
  findings.push(passed('app folder', adopted ? 'adopted: holdline manages it' : `plain: the first update adopts ${settings.managedPaths.join(', ')}`));
  return findings;
}

function examineDisk({ layout, fs }: DeviceParts): DoctorFinding {
  try {
    const free = fs.free(layout.installDir);
    const detail = `${formatBytes(free.bytes)} and ${free.inodes} inodes free`;
    if (free.bytes < LOW_BYTES || free.inodes < LOW_INODES) return warned('disk', detail, 'Free some space, or lower max_backups: an update needs room for one more version.');
    return passed('disk', detail);
  } catch { return failed('disk', 'free space cannot be read', 'Check that install_dir is on a mounted filesystem.'); }
}

function examineClock({ clock }: DeviceParts): DoctorFinding {
  const now = clock.now();
  if (now.getTime() < PLAUSIBLE_SINCE) return failed('clock', `it says ${now.toISOString()}`, 'Set it (timedatectl set-ntp true); until then no update is checked or judged by date.');
  return passed('clock', now.toISOString());
}

function examineTrust({ settings }: DeviceParts): DoctorFinding {
  const { trust } = settings;
  if (trust.require === 'none') return warned('trust', 'trust.require is none: whoever controls the repository or the network path decides what runs here', 'Make a key (holdline keygen), sign releases (holdline publish), set trust.keys.');
  if (trust.require === 'checksum') return warned('trust', 'checksums prove the transfer, not the sender', 'Use trust.require: signature where you can.');
  if (trust.keys.length === 0) return failed('trust', 'no public key is pinned, so no release can be accepted', 'Add the line of your .pub file to trust.keys.');
  return passed('trust', `signature; pinned: ${trust.keys.map((k) => (k.purpose === 'spare' ? `${k.name} (spare)` : k.name)).join(', ')}; holdline keys shows which of them count`);
}

async function findCommand(command: string, parts: DeviceParts): Promise<boolean> {
  const candidates = command.includes('/') ? [isAbsolute(command) ? command : join(parts.layout.installDir, command)] : parts.path.split(delimiter).map((d) => join(d, command));
  for (const candidate of candidates) {
    try { await access(candidate, constants.X_OK); return true; } catch { /* the next one */ }
  }
  return false;
}

async function examineService(service: ServiceSettings, parts: DeviceParts): Promise<DoctorFinding> {
  const name = `service ${service.name}`;
  if (service.command !== null) {
    const command = service.command[0] ?? '';
    return await findCommand(command, parts) ? passed(name, service.command.join(' ')) : failed(name, `${command} is not found`, 'Correct its command in the settings, or install it.');
  }
  const unit = service.unit ?? '';
  const shown = await parts.processes.run(['systemctl', 'show', '--property=LoadState', '--value', '--', unit], { timeoutMs: TOOL_TIMEOUT_MS });
  const state = shown.stdout.trim();
  if (state === 'loaded') return passed(name, unit);
  return failed(name, `${unit}: ${state === '' ? (shown.stderr.trim() || 'systemctl gives no answer') : state}`, `Install the unit (systemctl cat ${unit} must show it), or correct its name in the settings.`);
}

async function examineTools(parts: DeviceParts): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (const tool of ['flock', 'sync']) {
    if (!await findCommand(tool, parts)) findings.push(failed('tools', `${tool} is not found`, 'Install util-linux and coreutils.'));
  }
  return findings.length > 0 ? findings : [passed('tools', 'flock, sync')];
}

export async function examineDevice(parts: DeviceParts): Promise<DoctorFinding[]> {
  const findings = [...examineSettings(parts), ...(parts.settings.components === null ? await examineFolders(parts) : [])];
  findings.push(examineDisk(parts), examineClock(parts), examineTrust(parts), ...await examineTools(parts));
  for (const service of parts.settings.services) findings.push(await examineService(service, parts));
  if (parts.settings.services.length === 0) findings.push(warned('services', 'none are configured: an update changes files and restarts nothing', 'Name the units or commands of your app under services.'));
  return findings;
}
