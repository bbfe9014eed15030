// The descriptors that outlive a bridge, by name, and how a new process finds them: our own variable (shell keeper, warm upgrade)
// or systemd's. Must never trust a name without a descriptor behind it.
import { fstatSync } from 'node:fs';

export const KEPT_NAMES = ['tty', 'pipe', 'tx', 'pty', 'pty-pipe', 'pty-rx'] as const;
export type KeptName = (typeof KEPT_NAMES)[number];
export type KeptFiles = ReadonlyMap<KeptName, number>;

export const FILES_VARIABLE = 'HOLDLINE_BRIDGE_FDS';
export const KEEPER_VARIABLE = 'HOLDLINE_BRIDGE_KEEPER';
export const SUCCESSOR_VARIABLE = 'HOLDLINE_BRIDGE_SUCCESSOR';
export const REOPEN_VARIABLE = 'HOLDLINE_BRIDGE_REOPEN';
/** systemd passes its descriptors from 3 on. */
const SYSTEMD_FIRST_FILE = 3;

type Environment = Readonly<Record<string, string | undefined>>;

const isKeptName = (name: string): name is KeptName => (KEPT_NAMES as readonly string[]).includes(name);

function isOpen(file: number): boolean {
  try {
    fstatSync(file);
    return true;
  } catch {
    return false;
  }
}

function namedFiles(env: Environment, pid: number): [string, number][] {
  const own = env[FILES_VARIABLE];
  if (own !== undefined) return own.split(',').map((pair) => { const [name = '', file = ''] = pair.split('='); return [name, Number(file)]; });
  if (Number(env['LISTEN_PID']) !== pid) return [];
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return names.slice(0, Number(env['LISTEN_FDS'] ?? 0)).map((name, index) => [name, SYSTEMD_FIRST_FILE + index]);
}

/** What we were given. The first of two with one name counts. */
export function readKeptFiles(env: Environment, pid: number): Map<KeptName, number> {
  const found = new Map<KeptName, number>();
  for (const [name, file] of namedFiles(env, pid)) {
    if (isKeptName(name) && !found.has(name) && Number.isInteger(file) && file > 2 && isOpen(file)) found.set(name, file);
  }
  return found;
}

export function formatKeptFiles(files: KeptFiles): string {
  return [...files].map(([name, file]) => `${name}=${file}`).join(',');
}
