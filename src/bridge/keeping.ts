// Chooses who keeps the descriptors: systemd where it started us, else a shell we become, else nobody (said at start).
import { spawn } from 'node:child_process';
import { FILES_VARIABLE, formatKeptFiles, KEEPER_VARIABLE, SUCCESSOR_VARIABLE } from './kept-files.js';
import type { KeptFiles, KeptName } from './kept-files.js';
import { KEEPER_SCRIPT, REOPEN_EXIT_CODE } from './shell-keeper.js';
import type { NativeExtras, System } from './system.js';
import { systemdKeeper } from './systemd-keeper.js';
import type { Keeping } from './upgrade.js';

type Environment = Readonly<Record<string, string | undefined>>;

const FIRST_PASSED_FILE = 3;

/** Our own command, word by word: a link in it stays a link, so a successor is what the link names then. */
export type Command = readonly [string, ...string[]];

/** Starts the same command with the descriptors at 3 and up. */
function spawnSuccessor(command: Command, env: Environment, files: KeptFiles): () => void {
  const names = [...files.keys()];
  const passed = formatKeptFiles(new Map(names.map((name, index): [KeptName, number] => [name, FIRST_PASSED_FILE + index])));
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'inherit', 'inherit', ...files.values()], env: { ...env, [SUCCESSOR_VARIABLE]: '1', [FILES_VARIABLE]: passed }, detached: true,
  });
  child.on('error', () => undefined);
  child.unref();
  return () => { child.kill('SIGKILL'); };
}

export function chooseKeeping(system: System, env: Environment, command: Command, fixed: () => KeptFiles, exit: (code: number) => void, wanted: boolean): Keeping {
  const reopen = (): void => { exit(REOPEN_EXIT_CODE); };
  const { native } = system;
  const notifySocket = env['NOTIFY_SOCKET'];
  if (native !== undefined && wanted && env[KEEPER_VARIABLE] === 'shell') {
    return { kind: 'shell', systemd: undefined, reopen, startSuccessor: () => { process.kill(process.ppid, 'SIGUSR1'); return () => undefined; } };
  }
  if (native !== undefined && wanted && notifySocket !== undefined && notifySocket !== '') {
    return {
      kind: 'systemd', systemd: systemdKeeper(native, notifySocket), reopen,
      startSuccessor: (files) => spawnSuccessor(command, env, new Map([...fixed(), ...files])),
    };
  }
  return { kind: 'none', systemd: undefined, reopen, startSuccessor: undefined };
}

/** Turns this process into the shell keeper, with the descriptors open; does not return. */
export function becomeKeeper(native: NativeExtras, command: Command, env: Environment, files: KeptFiles): never {
  // Node marks what it was given as close-on-exec, its own standard streams too.
  for (const file of [0, 1, 2, ...files.values()]) native.inherit(file, true);
  return native.execute('/bin/sh', ['sh', '-c', KEEPER_SCRIPT, 'holdline-bridge-keeper', ...command], {
    ...env, [KEEPER_VARIABLE]: 'shell', [FILES_VARIABLE]: formatKeptFiles(files),
  });
}
