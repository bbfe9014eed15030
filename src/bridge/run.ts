// `bridge run`: finds out what it is (opener, keeper's child, systemd's main process, successor), takes the lock, and starts the bridge.
// All modules are loaded before the first byte moves: it must survive its own files being replaced.
import { closeSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import { Bridge } from './bridge.js';
import { loadCLibrary } from './c-library.js';
import { prepareSpool } from './epochs.js';
import { awaitHandover } from './handover.js';
import { becomeKeeper, chooseKeeping } from './keeping.js';
import type { Command } from './keeping.js';
import { readKeptFiles, REOPEN_VARIABLE, SUCCESSOR_VARIABLE } from './kept-files.js';
import type { KeptName } from './kept-files.js';
import { takeLineLock } from './line-lock.js';
import { nativeSystem } from './native-system.js';
import { lineFiles, makePipe, openNewLine, resumeLine, salvageLine } from './open-line.js';
import type { OpenLine } from './open-line.js';
import type { BridgeOptions } from './options.js';
import { plainSystem, PLAIN_LIMITS } from './plain-system.js';
import { linkPty } from './pty-link.js';
import { REOPEN_EXIT_CODE } from './shell-keeper.js';
import { createLog } from './log.js';
import type { Log } from './log.js';
import type { System } from './system.js';

type Environment = Readonly<Record<string, string | undefined>>;
interface PtyEnd { readonly master: number; readonly pipe: number; readonly path: string }

export interface RunContext {
  readonly env: Environment;
  readonly command: Command;
  readonly version: string;
  readonly exit: (code: number) => void;
}

function chooseSystem(options: BridgeOptions, log: Log): System {
  const library = options.plain ? undefined : loadCLibrary();
  if (library !== undefined) return nativeSystem(library);
  log('warn', PLAIN_LIMITS);
  return plainSystem();
}

/** The link's own descriptors: the kept ones, or new ones. They outlive epochs. */
function preparePty(system: System, options: BridgeOptions, kept: ReadonlyMap<KeptName, number>): PtyEnd | undefined {
  const { native } = system;
  if (native === undefined || options.link === undefined) return undefined;
  const [master, keptPipe] = [kept.get('pty'), kept.get('pty-pipe')];
  if (master !== undefined && keptPipe !== undefined) {
    const path = native.ptyPath(master);
    linkPty(options.link, path, undefined);
    return { master, pipe: keptPipe, path };
  }
  const pair = native.openPty();
  linkPty(options.link, pair.path, native);
  const place = join(options.spool, 'pty-pipe');
  rmSync(place, { force: true });
  const pipe = makePipe(system, place);
  return pipe === undefined ? undefined : { master: pair.master, pipe, path: pair.path };
}

const ptyFiles = (pty: PtyEnd | undefined): [KeptName, number][] => (pty === undefined ? [] : [['pty', pty.master], ['pty-pipe', pty.pipe]]);

/** Opens the port; a missing one is an error for a person at a terminal and a wait for a service. */
function tryOpen(system: System, options: BridgeOptions, keptTty: number | undefined, patient: boolean, log: Log): OpenLine | undefined {
  try {
    return openNewLine(system, options, keptTty);
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    if (!patient || error.code === 'usage') throw error;
    log('warn', error.message, error.hint === undefined ? {} : { hint: error.hint });
    return undefined;
  }
}

/** Runs until told to stop. Returns only when it has become something else or the bridge serves. Throws HoldlineError. */
export async function runBridge(wanted: BridgeOptions, context: RunContext): Promise<void> {
  const { env, command, exit } = context;
  const log = createLog(wanted.name, env);
  const system = chooseSystem(wanted, log);
  mkdirSocketDir(wanted);
  const options: BridgeOptions = { ...wanted, spool: prepareSpool(wanted.spool) };
  const successor = env[SUCCESSOR_VARIABLE] === '1';
  const kept = readKeptFiles(env, process.pid);
  let pty: PtyEnd | undefined;
  const keeping = chooseKeeping(system, env, command, () => new Map(ptyFiles(pty)), exit, options.keeper);
  if (keeping.kind === 'shell') system.native?.dieWithParent();
  for (const file of kept.values()) system.native?.inherit(file, false);
  // Everything that can be done before the predecessor stops is done before; Node loads its clock at the first look, which costs 1.5 ms.
  const monotonicMs = (): number => performance.now();
  monotonicMs();
  const resumed = resumeLine(system, options, kept);
  const lock = await takeLineLock(system, options, successor || kept.size > 0, successor ? awaitHandover(options.socket, process.pid) : undefined);
  const patient = options.wait || env[REOPEN_VARIABLE] === '1';
  const opener = keeping.kind === 'none' && options.keeper ? system.native : undefined;
  if (opener !== undefined) {
    // What is left of the line before the reopening is of no use; the PTY goes on.
    for (const name of ['tty', 'pipe', 'tx', 'pty-rx'] as const) { const file = kept.get(name); if (file !== undefined) closeSync(file); }
    const line = tryOpen(system, options, undefined, patient, log);
    pty = preparePty(system, options, kept);
    becomeKeeper(opener, command, env, new Map([...ptyFiles(pty), ...(line === undefined ? [] : lineFiles(line))]));
  }
  resumed?.stream.refresh();
  salvageLine(system, options, kept);
  if (resumed === undefined && keeping.kind === 'shell' && kept.has('tty')) {
    log('warn', 'the spool of the kept port is gone: opening anew');
    exit(REOPEN_EXIT_CODE);
    return;
  }
  const line = resumed ?? (keeping.kind === 'shell' ? undefined : tryOpen(system, options, kept.get('tty'), patient, log));
  const bridge = new Bridge({ system, options, keeping, version: context.version, monotonicMs, log, exit, lock });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      bridge.stop();
      if (options.link !== undefined) rmSync(options.link, { force: true });
      setImmediate(() => { exit(0); });
    });
  }
  await bridge.start(line, resumed !== undefined, () => {
    pty = preparePty(system, options, kept);
    return pty;
  });
}

function mkdirSocketDir(options: BridgeOptions): void {
  try {
    mkdirSync(options.socketDir, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new HoldlineError('permission', `cannot make the folder ${options.socketDir}: ${error instanceof Error ? error.message : String(error)}`, { hint: 'Run it as a systemd unit, or name a writable folder with --socket-dir or HOLDLINE_BRIDGE_DIR.', cause: error });
  }
}
