// Who may move a port's bytes: one process at a time, by a lock the kernel frees with its holder. The file also says when the last
// holder let go of it in order, by the machine's own clock, so that the next one can tell how long nobody read.
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldlineError } from '../domain/errors.js';
import type { BridgeOptions } from './options.js';
import { describeStorageError } from './storage-errors.js';
import type { System } from './system.js';

const TRIES = 2000;
const WAIT_MS = 1;
/** A predecessor that has said GO lets go within a fraction of a millisecond: the first tries come fast, and nothing else is to be done meanwhile. */
const FAST_TRIES = 200;
const FAST_WAIT_MS = 0.1;
const WORDS_BYTES = 32;

/** Microseconds since boot, the same for every process. */
const bootUs = (): number => Number(process.hrtime.bigint() / 1000n);

export interface LineLock {
  release(): void;
  /** Since the last holder released it; null when it died or there was none. */
  pauseMs(): number | null;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** `patient`: a predecessor is just going; `going` resolves when it says so. Throws `busy`. */
export async function takeLineLock(system: System, options: BridgeOptions, patient: boolean, going?: Promise<void>): Promise<LineLock> {
  // Beside the socket, whatever the spool: two bridges of one name would take each other's clients.
  const path = join(options.socketDir, `${options.name}.lock`);
  const file = openLock(path);
  await going;
  for (let tries = 0; tries < (patient ? TRIES : 1); tries += 1) {
    if (system.lock(file)) return hold(system, file, readFileSync(path, 'utf8'));
    if (going !== undefined && tries < FAST_TRIES) Atomics.wait(never, 0, 0, FAST_WAIT_MS);
    else await sleep(WAIT_MS);
  }
  closeSync(file);
  throw new HoldlineError('busy', `cannot start the bridge ${options.name}: a live one serves ${options.socket} (process ${/^pid ([0-9]+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? 'unknown'})`, {
    hint: `See \`holdline bridge status\`; a planned change is \`holdline bridge upgrade ${options.name}\` or a restart of its unit.`,
  });
}

function openLock(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw describeStorageError(`make ${path}`, error);
  }
}

function hold(system: System, file: number, before: string): LineLock {
  const releasedUs = /^released ([0-9]+)/.exec(before)?.[1];
  const write = (text: string): void => {
    try {
      // Over the old words, never in a new place: the filesystem may be full, and the line is held all the same.
      writeSync(file, `${text.padEnd(WORDS_BYTES - 1)}\n`, 0);
    } catch {
      // These words are for people and figures.
    }
  };
  write(`pid ${process.pid}`);
  return {
    release: () => {
      write(`released ${bootUs()}`);
      system.unlock(file);
    },
    pauseMs: () => (releasedUs === undefined ? null : Math.round((bootUs() - Number(releasedUs)) / 10) / 100),
  };
}
