// The embedded supervisor's processes: started in a session of their own so that they outlive a killed daemon, and
// adopted again by pid and start time. Never signals a pid whose start time it has not checked.
import { spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { HoldlineError } from '../domain/errors.js';
import type { Clock } from '../domain/ports.js';
import type { ProcessIdentity, ServiceExit, ServiceHost, ServiceProcess, SpawnRequest } from '../domain/service-host.js';
import { explainSpawn } from './processes.js';
import { findGroupLeaders, isGroupAlive, isLive, readProcess } from './process-table.js';
import { openServiceLog, ServiceLog } from './service-log.js';

/** An adopted process is not our child: its end is seen by looking. */
const ADOPTED_POLL_MS = 500;

export interface ServiceHostOptions {
  /** `<runtime_dir>/logs`: on a device in memory, so that output costs the card nothing. */
  readonly logDirectory: string;
  readonly clock: Clock;
}

export function createServiceHost({ logDirectory, clock }: ServiceHostOptions): ServiceHost {
  return {
    bootId: () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    spawn: (request) => spawnService(request, logDirectory),
    recognises: isSame,
    adopt: (identity) => {
      if (!isSame(identity)) return undefined;
      return serviceProcess(identity, pollUntilGone(identity, clock));
    },
    find: findGroupLeaders,
    output: (name) => new ServiceLog(logDirectory, name),
  };
}

async function spawnService(request: SpawnRequest, logDirectory: string): Promise<ServiceProcess> {
  const [program, ...rest] = request.argv;
  if (program === undefined || program === '') throw new HoldlineError('service-start', `cannot start ${request.name}: its command is empty`);
  const log = openServiceLog(logDirectory, request.name);
  try {
    const child = spawn(program, rest, { cwd: request.cwd, env: { ...request.env }, detached: true, shell: false, stdio: ['ignore', log, log] });
    const { pid } = child;
    // Read in the same turn: even one that is dead already is unreaped until the loop turns.
    const startTime = pid === undefined ? undefined : readProcess(pid)?.startTime;
    const exited = new Promise<ServiceExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.on('error', reject);
    });
    if (pid === undefined || startTime === undefined) throw new Error(`/proc does not show process ${String(pid)}`);
    return serviceProcess({ pid, startTime }, exited);
  } catch (thrown) {
    throw explainSpawn(thrown, program, request.cwd);
  } finally {
    closeSync(log);
  }
}

function serviceProcess(identity: ProcessIdentity, exited: Promise<ServiceExit>): ServiceProcess {
  return {
    ...identity,
    exited,
    groupAlive: () => isOurGroup(identity) && isGroupAlive(identity.pid),
    signalGroup: (signal) => {
      if (!isOurGroup(identity)) return;
      try { process.kill(-identity.pid, signal); } catch { /* nobody is left */ }
    },
    signal: (signal) => {
      if (!isSame(identity)) return;
      try { process.kill(identity.pid, signal); } catch { /* it has just ended */ }
    },
  };
}

const isSame = (identity: ProcessIdentity): boolean => {
  const row = readProcess(identity.pid);
  return isLive(row) && row.startTime === identity.startTime;
};

/**
 * The kernel gives no pid anew while a group carries its number, so a missing leader leaves the group ours; a leader
 * with another start time means that the group had ended and the number is a stranger's now.
 */
const isOurGroup = (identity: ProcessIdentity): boolean => {
  const row = readProcess(identity.pid);
  return row === undefined || row.startTime === identity.startTime;
};

async function pollUntilGone(identity: ProcessIdentity, clock: Clock): Promise<ServiceExit> {
  while (isSame(identity)) await clock.sleep(ADOPTED_POLL_MS);
  return { code: null, signal: null };
}
