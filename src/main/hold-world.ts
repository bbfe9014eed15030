// What holds are judged by, from the machine: boot, uptime, processes, locks, and the gate hook.
import { uptime } from 'node:os';
import type { HoldWorld } from '../engine/parts.js';
import { isFlocked } from '../platform/locks.js';
import { isLive, readProcess } from '../platform/process-table.js';
import { createProcesses } from '../platform/processes.js';
import { readBootId } from '../recovery/rescue-calls.js';

export function createHoldWorld(): HoldWorld {
  return {
    bootId: readBootId(), uptime, isLocked: isFlocked,
    startTimeOf: (pid) => {
      const row = readProcess(pid);
      return isLive(row) ? row.startTime : undefined;
    },
    runGate: (argv, { cwd, timeoutMs, update }, signal) => {
      const told = { HOLDLINE_FROM: update.from ?? '', HOLDLINE_TO: update.to, HOLDLINE_TYPE: update.type };
      return createProcesses({ ...process.env, ...told }).run(argv, { cwd, timeoutMs, signal });
    },
  };
}
