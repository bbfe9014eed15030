// What the processes of services use, from /proc: a unit's control group, an embedded service's process group. Changes nothing.
import { readdirSync, readFileSync } from 'node:fs';
import type { UsageReader, UsageReading } from '../domain/service-usage.js';

/** Fixed in the kernel's interface, whatever its own tick is. */
const TICKS_PER_SECOND = 100;
const CGROUPS = '/sys/fs/cgroup';

interface ProcessUsage { readonly group: number; readonly cpuSeconds: number; readonly rss: number }

export function createUsageReader(): UsageReader {
  return {
    read(services) {
      const groups = new Map<number, UsageReading>();
      // Only embedded services need the walk: a unit names its processes itself.
      if (services.some(({ unit }) => unit === null)) for (const pid of listPids()) {
        const process = readUsage(pid);
        if (process === undefined) continue;
        const sum = groups.get(process.group);
        groups.set(process.group, { rss: (sum?.rss ?? 0) + process.rss, cpuSeconds: (sum?.cpuSeconds ?? 0) + process.cpuSeconds });
      }
      const found = new Map<string, UsageReading>();
      for (const { name, pid, unit } of services) {
        const reading = unit === null ? groups.get(pid) : readUnit(pid, unit);
        if (reading !== undefined) found.set(name, reading);
      }
      return found;
    },
  };
}

/** The group of a unit's main process; where it is not the unit's own, the main process alone. */
function readUnit(pid: number, unit: string): UsageReading | undefined {
  const path = /^0::(\/.*)$/mu.exec(readText(`/proc/${pid}/cgroup`) ?? '')?.[1];
  const own = path?.endsWith(`/${unit}`) === true ? `${CGROUPS}${path}` : undefined;
  const pids = own === undefined ? [] : (readText(`${own}/cgroup.procs`) ?? '').split('\n').filter((line) => line !== '').map(Number);
  const processes = (pids.length > 0 ? pids : [pid]).map(readUsage).filter((one) => one !== undefined);
  if (processes.length === 0) return undefined;
  // The group also counts what its dead children used.
  const micros = own === undefined ? undefined : /^usage_usec (\d+)$/mu.exec(readText(`${own}/cpu.stat`) ?? '')?.[1];
  const rss = processes.reduce((sum, one) => sum + one.rss, 0);
  return { rss, cpuSeconds: micros === undefined ? processes.reduce((sum, one) => sum + one.cpuSeconds, 0) : Number(micros) / 1e6 };
}

function readUsage(pid: number): ProcessUsage | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseUsage(text, pageBytes());
}

/** Fields of proc(5) count from the LAST bracket: the name may hold blanks and brackets. */
export function parseUsage(text: string, pageSize: number): ProcessUsage | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).trim().split(' ');
  const at = (field: number): number => Number(fields[field - 3]);
  const ticks = [14, 15, 16, 17].reduce((sum, field) => sum + at(field), 0);
  const usage = { group: at(5), cpuSeconds: ticks / TICKS_PER_SECOND, rss: at(24) * pageSize };
  return Object.values(usage).every((value) => Number.isFinite(value)) ? usage : undefined;
}

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

const listPids = (): number[] => readdirSync('/proc').filter((name) => /^[0-9]+$/u.test(name)).map(Number);

function readText(path: string): string | undefined {
  try { return readFileSync(path, 'latin1'); } catch { return undefined; }
}
