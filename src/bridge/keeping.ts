// Chooses who keeps the descriptors: systemd where it started us, else a shell we become, else nobody (said at start).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { FILES_VARIABLE, formatKeptFiles, KEEPER_VARIABLE, SUCCESSOR_VARIABLE } from './kept-files.js';
import type { KeptFiles, KeptName } from './kept-files.js';
import { KEEPER_NAME, KEEPER_SCRIPT, REOPEN_EXIT_CODE, SUCCESSOR_FLAG } from './shell-keeper.js';
import type { NativeExtras, System } from './system.js';
import { systemdKeeper } from './systemd-keeper.js';
import type { Keeping } from './upgrade.js';

type Environment = Readonly<Record<string, string | undefined>>;

const FIRST_PASSED_FILE = 3;
/** A successor that was not seen within this many looks has come and gone between two of them. */
const LOOK_MS = 20;
const MAX_LOOKS = 100;

/** Our own command, word by word: a link in it stays a link, so a successor is what the link names then. */
export type Command = readonly [string, ...string[]];

/** Starts the same command with the descriptors at 3 and up. */
function spawnSuccessor(command: Command, env: Environment, files: KeptFiles, gone: () => void): () => void {
  const names = [...files.keys()];
  const passed = formatKeptFiles(new Map(names.map((name, index): [KeptName, number] => [name, FIRST_PASSED_FILE + index])));
  const child = spawn(command[0], [SUCCESSOR_FLAG, ...command.slice(1)], {
    stdio: ['ignore', 'inherit', 'inherit', ...files.values()], env: { ...env, [SUCCESSOR_VARIABLE]: '1', [FILES_VARIABLE]: passed }, detached: true,
  });
  child.on('error', gone);
  child.on('exit', gone);
  child.unref();
  return () => { child.kill('SIGKILL'); };
}

/** Asks the shell to start one beside us, and looks whether it is still there: a shell cannot tell. Where the kernel has no such list, a timeout decides. */
function askShell(gone: () => void): () => void {
  const keeper = process.ppid;
  const countChildren = (): number => {
    try {
      return readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').trim().split(' ').length;
    } catch {
      return 0;
    }
  };
  let seen = false;
  let looks = countChildren() === 0 ? 0 : MAX_LOOKS;
  const looking = setInterval(() => {
    const there = countChildren() > 1;
    looks -= 1;
    if (there) seen = true;
    else if (seen || looks === 0) { clearInterval(looking); gone(); }
    if (looks < 0 && !seen) clearInterval(looking);
  }, LOOK_MS);
  process.kill(keeper, 'SIGUSR1');
  return () => { clearInterval(looking); };
}

export function chooseKeeping(system: System, env: Environment, command: Command, fixed: () => KeptFiles, exit: (code: number) => void, wanted: boolean): Keeping {
  const reopen = (): void => { exit(REOPEN_EXIT_CODE); };
  const { native } = system;
  const notifySocket = env['NOTIFY_SOCKET'];
  if (native !== undefined && wanted && env[KEEPER_VARIABLE] === 'shell') {
    return { kind: 'shell', systemd: undefined, reopen, startSuccessor: (_files, gone) => askShell(gone) };
  }
  if (native !== undefined && wanted && notifySocket !== undefined && notifySocket !== '') {
    return {
      kind: 'systemd', systemd: systemdKeeper(native, notifySocket), reopen,
      startSuccessor: (files, gone) => spawnSuccessor(command, env, new Map([...fixed(), ...files]), gone),
    };
  }
  return { kind: 'none', systemd: undefined, reopen, startSuccessor: undefined };
}

/** Turns this process into the shell keeper, with the descriptors open; does not return. */
export function becomeKeeper(native: NativeExtras, command: Command, env: Environment, files: KeptFiles): never {
  // Node marks what it was given as close-on-exec, its own standard streams too.
  for (const file of [0, 1, 2, ...files.values()]) native.inherit(file, true);
  return native.execute('/bin/sh', ['sh', '-c', KEEPER_SCRIPT, KEEPER_NAME, ...command], {
    ...env, [KEEPER_VARIABLE]: 'shell', [FILES_VARIABLE]: formatKeptFiles(files),
  });
}
