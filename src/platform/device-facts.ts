// Reads what the device tells of itself. Every reader takes its absence for an answer: null, never an error.
import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { DeviceFacts, DiskSpace, DiskUse, OsRelease } from '../domain/device-facts.js';
import type { Processes } from '../domain/ports.js';

export interface FactOptions {
  /** The root of /proc, /sys and /etc: another one in tests. */
  readonly root?: string;
  readonly processes: Processes;
  readonly cores?: number;
  readonly places: Readonly<Record<DiskUse, string>>;
  /** Ask NetworkManager; it costs a process. */
  readonly askNetwork: boolean;
}

const TOOL_TIMEOUT_MS = 5_000;
const MB = 2 ** 20;

/** The path of a folder that cannot be looked at is missing in `disks`; where the versions are must be there: throws the system's error. */
export async function readDeviceFacts(options: FactOptions): Promise<DeviceFacts> {
  const { places, processes, root = '/' } = options;
  const install = readDisk(places.install_dir);
  return {
    node: process.versions.node, arch: process.arch, memoryMb: totalmem() / MB, diskMb: install.freeMb,
    disks: { install_dir: install, ...readDisks(places) },
    os: readOs(root), availableMb: readAvailable(root), load: readLoad(root, options.cores ?? availableParallelism()),
    temperature: readTemperature(root), underVoltage: readVoltageAlarm(root) ?? await askFirmware(processes),
    metered: options.askNetwork ? await askNetwork(root, processes) : null,
  };
}

function readDisk(path: string): DiskSpace {
  const { bavail, bsize } = statfsSync(path);
  return { freeMb: (bavail * bsize) / MB, device: statSync(path).dev };
}

/** A folder that is yet to be made will lie on its parent's disk. */
function readDisks(places: FactOptions['places']): Partial<Record<DiskUse, DiskSpace>> {
  const found: Partial<Record<DiskUse, DiskSpace>> = {};
  for (const use of ['state_dir', 'backup_path'] as const) {
    for (let at = places[use]; ; at = dirname(at)) {
      try { found[use] = readDisk(at); break; } catch { if (at === dirname(at)) break; }
    }
  }
  return found;
}

function readText(...path: string[]): string | null {
  try { return readFileSync(join(...path), 'utf8'); } catch { return null; }
}

function list(...path: string[]): string[] {
  try { return readdirSync(join(...path)).sort(); } catch { return []; }
}

function readOs(root: string): OsRelease | null {
  const text = readText(root, 'etc/os-release') ?? readText(root, 'usr/lib/os-release');
  if (text === null) return null;
  const value = (key: string): string | null => new RegExp(`^${key}=(?:"([^"]*)"|'([^']*)'|(.*))$`, 'mu').exec(text)?.slice(1).find((one) => one !== undefined)?.trim() ?? null;
  const id = value('ID');
  return id === null || id === '' ? null : { id, like: (value('ID_LIKE') ?? '').split(' ').filter((one) => one !== ''), version: value('VERSION_ID') };
}

function readAvailable(root: string): number | null {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/mu.exec(readText(root, 'proc/meminfo') ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}

function readLoad(root: string, cores: number): number | null {
  const load = Number.parseFloat(readText(root, 'proc/loadavg') ?? '');
  return Number.isNaN(load) ? null : load / Math.max(1, cores);
}

/** The hottest of what measures the processor: boards also have zones for batteries, radios and cases. */
function readTemperature(root: string): number | null {
  const zones = 'sys/class/thermal';
  const found = list(root, zones).filter((name) => name.startsWith('thermal_zone') && /cpu|soc|pkg|core/iu.test(readText(root, zones, name, 'type') ?? ''))
    .map((name) => Number.parseInt(readText(root, zones, name, 'temp') ?? '', 10) / 1000).filter((celsius) => celsius > -50 && celsius < 200);
  return found.length === 0 ? null : Math.max(...found);
}

/** The kernel's view of the firmware's alarm on a Raspberry Pi. */
function readVoltageAlarm(root: string): 'now' | 'no' | null {
  const monitors = 'sys/class/hwmon';
  const monitor = list(root, monitors).find((name) => readText(root, monitors, name, 'name')?.trim() === 'rpi_volt');
  const alarm = monitor === undefined ? undefined : readText(root, monitors, monitor, 'in0_lcrit_alarm')?.trim();
  return alarm === '1' ? 'now' : alarm === '0' ? 'no' : null;
}

const NOW = 0x1;
const EARLIER = 0x10000;

async function askFirmware(processes: Processes): Promise<'now' | 'earlier' | 'no' | null> {
  const answer = await ask(processes, ['vcgencmd', 'get_throttled']);
  const bits = /^throttled=0x([0-9a-f]+)$/imu.exec(answer ?? '')?.[1];
  if (bits === undefined) return null;
  const flags = Number.parseInt(bits, 16);
  return (flags & NOW) !== 0 ? 'now' : (flags & EARLIER) !== 0 ? 'earlier' : 'no';
}

/** Of the interface that leads to the world. */
async function askNetwork(root: string, processes: Processes): Promise<boolean | null> {
  const device = defaultDevice(root);
  if (device === null) return null;
  const answer = (await ask(processes, ['nmcli', '-g', 'GENERAL.METERED', 'device', 'show', device]))?.trim() ?? '';
  return /^yes\b/u.test(answer) ? true : /^no\b/u.test(answer) ? false : null;
}

/** From the routing table: of the routes to everywhere the one with the lowest metric. */
function defaultDevice(root: string): string | null {
  const routes = (readText(root, 'proc/net/route') ?? '').split('\n').slice(1).map((line) => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .map(([device = '', , , , , , metric]) => ({ device, metric: Number(metric) }));
  const routes6 = (readText(root, 'proc/net/ipv6_route') ?? '').split('\n').map((line) => line.trim().split(/\s+/u))
    .filter(([to = '', prefix, , , , metric, , , , device]) => /^0{32}$/u.test(to) && prefix === '00' && metric !== 'ffffffff' && device !== 'lo')
    .map((fields) => ({ device: fields[9] ?? '', metric: Number.parseInt(fields[5] ?? '', 16) }));
  return (routes.length > 0 ? routes : routes6).sort((a, b) => a.metric - b.metric)[0]?.device ?? null;
}

/** Null where the program is missing, too slow, or has nothing to say. */
async function ask(processes: Processes, argv: readonly string[]): Promise<string | null> {
  try {
    const { code, stdout, timedOut } = await processes.run(argv, { timeoutMs: TOOL_TIMEOUT_MS });
    return code === 0 && !timedOut ? stdout : null;
  } catch { return null; }
}
