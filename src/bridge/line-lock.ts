// Who may move a port's bytes: one process at a time, by a lock the kernel frees with its holder. The file also says when the last
// holder let go of it in order, by the machine's own clock, so that the next one can tell how long nobody read.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldlineError } from '../domain/errors.js';
import type { BridgeOptions } from './options.js';
import type { System } from './system.js';

const TRIES = 2000;
const WAIT_MS = 1;

/** Microseconds since boot, the same for every process. */
const bootUs = (): number => Number(process.hrtime.bigint() / 1000n);

export interface LineLock {
  release(): void;
  /** Since the last holder released it; null when it died or there was none. */
  pauseMs(): number | null;
}

/** `patient`: a predecessor is just going. Throws `busy`. */
export async function takeLineLock(system: System, options: BridgeOptions, patient: boolean): Promise<LineLock> {
  // Beside the socket, whatever the spool: two bridges of one name would take each other's clients.
  const path = join(options.socketDir, `${options.name}.lock`);
  const file = openSync(path, 'a+', 0o600);
  for (let tries = patient ? TRIES : 1; tries > 0; tries -= 1) {
    if (system.lock(file)) return hold(system, file, readFileSync(path, 'utf8'));
    await sleep(WAIT_MS);
  }
  closeSync(file);
  throw new HoldlineError('busy', `cannot start the bridge ${options.name}: a live one serves ${options.socket} (process ${/^pid ([0-9]+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 'unknown'})`, {
    hint: `See \`holdline bridge status\`; a planned change is \`holdline bridge upgrade ${options.name}\` or a restart of its unit.`,
  });
}

function hold(system: System, file: number, before: string): LineLock {
  const releasedUs = /^released ([0-9]+)/.exec(before)?.[1];
  const write = (text: string): void => {
    ftruncateSync(file);
    writeSync(file, text);
  };
  write(`pid ${process.pid}\n`);
  return {
    release: () => {
      write(`released ${bootUs()}\n`);
      system.unlock(file);
    },
    pauseMs: () => (releasedUs === undefined ? null : Math.round((bootUs() - Number(releasedUs)) / 10) / 100),
  };
}
