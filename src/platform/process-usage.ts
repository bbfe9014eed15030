// What the processes of services use, from /proc: a unit's control group, an embedded service's process group. Changes nothing.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import type { UsageReader, UsageReading } from '../domain/service-usage.js';

/** Fixed in the kernel's interface, whatever its own tick is. */
const TICKS_PER_SECOND = 100;

interface ProcessUsage extends UsageReading { readonly group: number }

/** The resident daemon looks every minute: into one buffer, so that a look leaves next to no garbage behind. */
const scratch = Buffer.allocUnsafeSlow(1024);

export function createUsageReader(cgroups = '/sys/fs/cgroup'): UsageReader {
  return {
    read(services) {
      const groups = new Map<number, UsageReading>();
      for (const { pid, unit } of services) if (unit === null) groups.set(pid, NOTHING);
      // Only embedded services need the walk: a unit names its processes itself.
      if (groups.size > 0) for (const name of readdirSync('/proc')) {
        if (!isNumber(name)) continue;
        const process = readUsage(name, groups);
        const sum = process === undefined ? undefined : groups.get(process.group);
        if (process !== undefined && sum !== undefined) groups.set(process.group, add(sum, process));
      }
      const found = new Map<string, UsageReading>();
      for (const { name, pid, unit } of services) {
        const reading = unit === null ? groups.get(pid) : readUnit(cgroups, pid, unit);
        if (reading !== undefined && reading !== NOTHING) found.set(name, reading);
      }
      return found;
    },
  };
}

const NOTHING: UsageReading = { rss: 0, cpuSeconds: 0, waitSeconds: 0 };
const add = (a: UsageReading, b: UsageReading): UsageReading => ({ rss: a.rss + b.rss, cpuSeconds: a.cpuSeconds + b.cpuSeconds, waitSeconds: a.waitSeconds + b.waitSeconds });

/**
 * From the unit's control group, which is to be seen where its processes are not (another user's, under ProtectProc); where it has
 * none that we find, its main process alone. Memory the kernel does not account by group (a Pi's, unless told to) is summed up by process.
 */
function readUnit(cgroups: string, pid: number, unit: string): UsageReading | undefined {
  const group = groupsOf(pid, unit).map((path) => `${cgroups}${path}`).find((path) => existsSync(`${path}/cgroup.procs`));
  if (group === undefined) return readUsage(String(pid));
  const pids = (readText(`${group}/cgroup.procs`) ?? '').split('\n').filter(isNumber);
  if (pids.length === 0) return undefined;
  const sum = pids.map((one) => readUsage(one)).filter((one) => one !== undefined).reduce<UsageReading>(add, NOTHING);
  const told = (file: string, line: RegExp): number | undefined => {
    const value = line.exec(readText(`${group}/${file}`) ?? '')?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const [used, waited] = [told('cpu.stat', /^usage_usec (\d+)$/mu), told('cpu.pressure', /^some .*total=(\d+)$/mu)];
  return {
    rss: told('memory.stat', /^anon (\d+)$/mu) ?? sum.rss,
    // The group also counts what its dead children used.
    cpuSeconds: used === undefined ? sum.cpuSeconds : used / 1e6, waitSeconds: waited === undefined ? sum.waitSeconds : waited / 1e6,
  };
}

/** Where systemd puts a unit, an instance (`app@1.service`) in its template's slice, and where the kernel says that the process is. */
function groupsOf(pid: number, unit: string): string[] {
  const at = unit.indexOf('@');
  const slice = at < 0 ? [] : [`/system.slice/system-${unit.slice(0, at).replaceAll('-', '\\x2d')}.slice/${unit}`];
  const told = /^0::(\/.*)$/mu.exec(readText(`/proc/${pid}/cgroup`) ?? '')?.[1];
  return [`/system.slice/${unit}`, ...slice, ...(told?.endsWith(`/${unit}`) === true ? [told] : [])];
}

function readUsage(pid: string, groups?: ReadonlyMap<number, unknown>): ProcessUsage | undefined {
  const usage = parseUsage(readScratch(`/proc/${pid}/stat`), pageBytes(), groups);
  return usage === undefined ? undefined : { ...usage, waitSeconds: parseWait(readScratch(`/proc/${pid}/schedstat`)) };
}

/** Valid until the next; empty for what is not there. */
function readScratch(path: string): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return scratch.subarray(0, readSync(file, scratch, 0, scratch.length, 0));
  } catch { return scratch.subarray(0, 0); } finally { if (file !== undefined) closeSync(file); }
}

/** `used waited slices`, in nanoseconds, of the main thread. */
export function parseWait(schedstat: Uint8Array): number {
  const [, waited] = Buffer.from(schedstat).toString('latin1').split(' ');
  return waited === undefined || !isNumber(waited) ? 0 : Number(waited) / 1e9;
}

const [BRACKET, BLANK, ZERO, NINE] = [0x29, 0x20, 0x30, 0x39];

/**
 * Fields of proc(5) count from the LAST bracket: the name may hold blanks and brackets.
 * @param groups where given, a process of another group is not read further
 */
export function parseUsage(stat: Uint8Array, pageSize: number, groups?: ReadonlyMap<number, unknown>): Omit<ProcessUsage, 'waitSeconds'> | undefined {
  let group = 0;
  let ticks = 0;
  let field = 3;
  let value = 0;
  const start = stat.lastIndexOf(BRACKET);
  for (let at = start + 2; start > 0 && at < stat.length; at += 1) {
    const byte = stat[at] ?? 0;
    if (byte >= ZERO && byte <= NINE) value = value * 10 + byte - ZERO;
    if (byte !== BLANK) continue;
    if (field === 5) {
      group = value;
      if (groups?.has(group) === false) return undefined;
    }
    if (field >= 14 && field <= 17) ticks += value;
    if (field === 24) return { group, cpuSeconds: ticks / TICKS_PER_SECOND, rss: value * pageSize };
    field += 1;
    value = 0;
  }
  return undefined;
}

const isNumber = (name: string): boolean => name.length > 0 && name.charCodeAt(0) >= ZERO && name.charCodeAt(0) <= NINE;

let pageSize: number | undefined;
const AT_PAGESZ = 6;
const SHORT_WORDS = new Set(['arm', 'ia32', 'mips', 'mipsel']);

/** Not always 4096: a Raspberry Pi 5 has pages of 16 KiB. The kernel tells each process in its auxiliary vector. */
function pageBytes(): number {
  if (pageSize !== undefined) return pageSize;
  const word = SHORT_WORDS.has(process.arch) ? 4 : 8;
  const vector = readFileSync('/proc/self/auxv');
  const value = (at: number): number => (word === 4 ? vector.readUInt32LE(at) : Number(vector.readBigUInt64LE(at)));
  pageSize = 4096;
  for (let at = 0; at + 2 * word <= vector.length; at += 2 * word) if (value(at) === AT_PAGESZ) pageSize = value(at + word);
  return pageSize;
}

function readText(path: string): string | undefined {
  try { return readFileSync(path, 'latin1'); } catch { return undefined; }
}
