// The processes of one soak world, found by a mark in their environment. Nothing else on the machine is ever touched.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Found { readonly pid: number; readonly parent: number; readonly command: string; /** Of the embedded supervisor; null for holdline's own. */ readonly service: string | null }

/** @param marks words like NAME=value, one of which stands in the environment */
export function findProcesses(marks: readonly string[]): Found[] {
  return readdirSync('/proc').filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid).flatMap((name) => {
    try {
      const environment = readFileSync(join('/proc', name, 'environ'), 'utf8').split('\0');
      if (!marks.some((mark) => environment.includes(mark))) return [];
      const stat = readFileSync(join('/proc', name, 'stat'), 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') return [];
      const command = readFileSync(join('/proc', name, 'cmdline'), 'utf8').replaceAll('\0', ' ').trim();
      const service = environment.find((entry) => entry.startsWith('HOLDLINE_SERVICE='))?.slice('HOLDLINE_SERVICE='.length) ?? null;
      return [{ pid: Number(name), parent: Number(parent), command, service }];
    } catch { return []; /* it ended while we looked */ }
  });
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try { process.kill(pid, signal); } catch { /* it ended by itself */ }
}
