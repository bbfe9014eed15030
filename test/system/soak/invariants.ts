// What must be true of the device whenever it is quiet, whatever has happened before. Read from outside: files, processes, answers.
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, type Device, type Status } from './device.js';

export interface Memory {
  floor: string;
  /** Transactions in the history when a version was found blocked, by version. */
  readonly blockedAt: Map<string, number>;
}

export const newMemory = (): Memory => ({ floor: '0.0.0', blockedAt: new Map() });

const MAX_DISK_BYTES = 4 * 1024 * 1024;
const MAX_BACKUPS = 2 + 2;
const MAX_JOURNALS = 60;

interface Entry { readonly kind: string; readonly to: string; readonly outcome: string; readonly actor: string }

/** What is violated; empty when all is well. */
export async function findViolations(device: Device, status: Status, memory: Memory): Promise<string[]> {
  const { world } = device;
  const broken = [...treeViolations(device, status), ...configViolations(device), ...journalViolations(join(world.stateDir, 'journal')), ...diskViolations(device), ...processViolations(device)];
  const state = JSON.parse(readFileSync(join(world.stateDir, 'state.json'), 'utf8')) as { highest_version: string | null };
  const floor = state.highest_version ?? '0.0.0';
  if (compare(floor, memory.floor) < 0) broken.push(`the floor went down from ${memory.floor} to ${floor}`);
  memory.floor = compare(floor, memory.floor) > 0 ? floor : memory.floor;
  broken.push(...retryViolations(device, status, memory));
  const verify = await device.holdline(['verify', '--json']);
  if (verify.code !== 0) broken.push(`verify ended with ${verify.code ?? '?'}: ${verify.stdout.slice(0, 600)}`);
  return broken;
}

function treeViolations(device: Device, status: Status): string[] {
  const seen = codeOf(device.world.seen());
  const version = seen['VERSION']?.trim() ?? 'nothing';
  const shipped = device.published.get(version);
  if (shipped === undefined) return [`VERSION says ${version}, which was never published whole`];
  const wrong = [...new Set([...Object.keys(seen), ...Object.keys(shipped)])].filter((path) => seen[path] !== shipped[path]);
  const found = wrong.map((path) => `${path} is not that of ${version}`);
  if (status.current_version !== version) found.push(`status says ${String(status.current_version)}, VERSION ${version}`);
  return found;
}

function configViolations(device: Device): string[] {
  const config = device.config();
  const lost = device.edits.filter((key) => !new RegExp(`^${key}: `, 'mu').test(config));
  return lost.length === 0 ? [] : [`edits lost: ${lost.join(', ')}`];
}

function journalViolations(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.journal'));
  const open = names.filter((name) => {
    const last = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').at(-1) ?? '';
    return !/"type":"(?:end|settled)"/u.test(last);
  });
  return [...open.map((name) => `the journal ${name} is open`), ...(names.length > MAX_JOURNALS ? [`${names.length} journals are kept`] : [])];
}

function olderDirectories(stateDir: string): string[] {
  const { older_processes: older = {} } = JSON.parse(readFileSync(join(stateDir, 'state.json'), 'utf8')) as { readonly older_processes?: Readonly<Record<string, { readonly directory: string }>> };
  return Object.values(older).map(({ directory }) => directory);
}

function diskViolations({ world }: Device): string[] {
  const found: string[] = [];
  const house = join(world.appDir, '.holdline');
  const names = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
  const versions = names(join(house, 'versions'));
  // The current and the previous one, and what a process that no update has touched still runs from.
  const needed = new Set(olderDirectories(world.stateDir));
  if (versions.filter((name) => !needed.has(name)).length > 2) found.push(`${versions.length} versions are kept: ${versions.join(', ')}`);
  const records = names(join(house, 'records')).filter((name) => !versions.includes(name));
  if (records.length > 0) found.push(`records without a version: ${records.join(', ')}`);
  if (names(join(house, 'staging')).length > 0) found.push(`staging holds ${names(join(house, 'staging')).join(', ')}`);
  const backups = names(world.backupPath);
  if (backups.length > MAX_BACKUPS) found.push(`${backups.length} backups are kept: ${backups.join(', ')}`);
  const bytes = [world.appDir, world.stateDir, world.backupPath].reduce((sum, path) => sum + sizeOf(path), 0);
  if (bytes > MAX_DISK_BYTES) found.push(`${bytes} bytes are used`);
  return found;
}

function sizeOf(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 4096) : stat.size;
}

function processViolations(device: Device): string[] {
  const all = device.processes();
  const found: string[] = [];
  for (const name of ['web', 'meter']) {
    const leaders = all.filter(({ service, command }) => service === name && !command.startsWith('/bin/sh'));
    if (leaders.length > 1) found.push(`${leaders.length} processes of ${name}: ${leaders.map(({ pid }) => pid).join(', ')}`);
  }
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  // The daemon's worker, and what that has started.
  const isOfDaemon = (pid: number | undefined): boolean => pid !== undefined && (pid === device.daemon?.pid || isOfDaemon(parents.get(pid)));
  for (const { pid, parent, command, service } of all) {
    if (service === null && !isOfDaemon(pid)) found.push(`an orphan: ${pid} of ${parent}, ${command}`);
  }
  return found;
}

/** Automatic updates to a version after it was blocked, unless a person freed it. */
function retryViolations(device: Device, status: Status, memory: Memory): string[] {
  const file = join(device.world.stateDir, 'history.jsonl');
  const entries = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Entry) : [];
  const tries = (version: string): number => entries.filter((entry) => entry.to === version && entry.kind === 'update').length;
  const found: string[] = [];
  for (const { version, reason } of status.blocked) {
    if (device.unblocked.has(version)) { memory.blockedAt.delete(version); continue; }
    const before = memory.blockedAt.get(version);
    if (before !== undefined && tries(version) > before) found.push(`${version} was tried again though blocked (${reason})`);
    memory.blockedAt.set(version, tries(version));
  }
  return found;
}

function compare(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
