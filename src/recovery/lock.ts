// The rescue path's own hold on `<state_dir>/lock`: flock(1) on an inherited descriptor, the same lock as platform/locks.
// Gone with the process that holds it.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type TakeLock = (stateDir: string) => { release(): void } | undefined;

const TIMEOUT_MS = 10_000;
const HELD_BY_ANOTHER = 1;

/** Undefined when another process works here. Throws where flock cannot be run at all. */
export const takeLock: TakeLock = (stateDir) => {
  const fd = openSync(join(stateDir, 'lock'), constants.O_RDWR | constants.O_CREAT, 0o644);
  const ran = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd], timeout: TIMEOUT_MS });
  if (ran.status === 0) {
    noteHolder(fd);
    return { release: () => closeSync(fd) };
  }
  closeSync(fd);
  if (ran.status === HELD_BY_ANOTHER) return undefined;
  throw new Error(`flock (util-linux) does not work here: ${ran.error?.message ?? ran.stderr.toString().trim()}`);
};

/** For the other side's message only; the lock holds without it. */
function noteHolder(fd: number): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid} holdline recover\n`, 0);
  } catch { /* a full disk */ }
}
