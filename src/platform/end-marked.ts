// Ends what a program left running outside its own process group (a daemon it forked): found by a mark in its environment.
// A program that empties its environment escapes this; only a unit of its own could hold it.
import { setTimeout as sleep } from 'node:timers/promises';
import { findByEnvironment, isLive, readProcess } from './process-table.js';

/** The environment variable that carries the mark. */
export const MARK = 'HOLDLINE_RUN';
/** Who is killed may have forked meanwhile: looked for again, this often at the most. */
const ROUNDS = 20;
const PAUSE_MS = 10;

export async function endMarked(mark: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = findByEnvironment({ [MARK]: mark }, ({ pid }) => pid !== process.pid);
    if (left.length === 0) return;
    for (const { pid, startTime } of left) {
      const row = readProcess(pid);
      if (!isLive(row) || row.startTime !== startTime) continue;
      try { process.kill(pid, 'SIGKILL'); } catch { /* it has ended just now */ }
    }
    await sleep(PAUSE_MS);
  }
}
