// Who has a port that cannot be used, by every way there is to know.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadCLibrary } from '../../src/bridge/c-library.js';
import { DEFAULT_LINE } from '../../src/bridge/line-settings.js';
import { nativeSystem } from '../../src/bridge/native-system.js';
import { openPort } from '../../src/bridge/open-port.js';
import { findHolders } from '../../src/bridge/port-errors.js';
import { openPty } from '../support/bridge/open-pty.js';
import { waitUntil } from '../support/services/wait-until.js';

let pty: ReturnType<typeof openPty>;
let directory: string;
const children: ChildProcess[] = [];
const mounts: string[] = [];
const isRoot = process.getuid?.() === 0;

beforeEach(() => {
  pty = openPty();
  directory = mkdtempSync(join(tmpdir(), 'hlp-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const mount of mounts.splice(0)) execFileSync('umount', ['-l', mount]);
  closeSync(pty.master);
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a shell that says when it is ready, and stays. */
async function stay(script: string, port: string): Promise<number> {
  const child = spawn('setsid', ['/bin/sh', '-c', `${script}; echo ready; exec sleep 60 </dev/null`, 'sh', port], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => { child.stdout!.once('data', resolve); });
  // It says so as a shell, a moment before it has become what is to be found.
  await waitUntil('the shell has become sleep', () => readFileSync(`/proc/${String(child.pid)}/comm`, 'utf8') === 'sleep\n');
  return child.pid ?? 0;
}

it('a program that has it open', async () => {
  const pid = await stay('exec 9<>"$1"', pty.path);
  expect(findHolders(pty.path)).toEqual([`sleep 60 (pid ${pid})`]);
});

it('a login console, which everybody may see: it is its terminal', async () => {
  const pid = await stay('exec 9<>"$1"; exec 9>&-', pty.path);
  expect(findHolders(pty.path)).toEqual([`sleep 60 (pid ${pid})`]);
});

it.runIf(isRoot)('one that only says so in a lock file, as minicom does; a stale file names nobody', () => {
  mkdirSync('/run/lock', { recursive: true });
  const path = join(directory, `ttyHL${process.pid}`);
  const lock = `/run/lock/LCK..ttyHL${process.pid}`;
  writeFileSync(path, '');
  try {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(child);
    writeFileSync(lock, `${String(child.pid).padStart(10)}\n`);
    expect(findHolders(path)).toEqual([`sleep 60 (pid ${String(child.pid)})`]);
    writeFileSync(lock, '   4194305\n');
    expect(findHolders(path)).toEqual([]);
  } finally {
    rmSync(lock, { force: true });
  }
});

it('nobody', () => { expect(findHolders(pty.path)).toEqual([]); });

/** Root in a container may not. */
function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'hlp-'));
  const mounted = isRoot && spawnSync('mount', ['--bind', place, place], { stdio: 'ignore' }).status === 0;
  if (mounted) spawnSync('umount', [place]);
  rmSync(place, { recursive: true });
  return mounted;
}

it.runIf(canMount())('a real port that a program reads without any lock is not opened, and left as it is', async () => {
  const library = loadCLibrary();
  if (library === undefined) throw new Error('koffi does not load here');
  // The PTY's end under a name of its own is no PTY to the bridge.
  const port = join(directory, 'ttyREAL');
  writeFileSync(port, '');
  execFileSync('mount', ['--bind', pty.path, port]);
  mounts.push(port);
  const pid = await stay('exec 9<>"$1"', port);
  const before = execFileSync('stty', ['-g', '-F', pty.path], { encoding: 'utf8' });
  expect(() => openPort(nativeSystem(library), port, { ...DEFAULT_LINE, baud: 9600 })).toThrow(`it is held by sleep 60 (pid ${pid})`);
  expect(execFileSync('stty', ['-g', '-F', pty.path], { encoding: 'utf8' })).toBe(before);
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await expect.poll(() => existsSync(`/proc/${pid}/fd/9`), { timeout: 15_000 }).toBe(false);
  closeSync(openPort(nativeSystem(library), port, DEFAULT_LINE));
});
