// Ends a service's whole process group: TERM, then KILL. Never waits without a bound.
import { HoldlineError } from '../domain/errors.js';
import type { Clock } from '../domain/ports.js';
import type { ServiceProcess } from '../domain/service-host.js';

const POLL_MS = 50;
/** What survives KILL this long hangs in the kernel (a dead disk or device). */
const KILL_TIMEOUT_MS = 5_000;

/** Resolves when nobody of the group is left; throws `service-stop`. */
export async function endGroup(name: string, process: ServiceProcess, stopTimeoutMs: number, clock: Clock): Promise<void> {
  if (!process.groupAlive()) return;
  process.signalGroup('SIGTERM');
  if (await isGone(process, stopTimeoutMs, clock)) return;
  process.signalGroup('SIGKILL');
  if (await isGone(process, KILL_TIMEOUT_MS, clock)) return;
  throw new HoldlineError('service-stop', `cannot stop ${name}: process group ${process.pid} is still there ${KILL_TIMEOUT_MS / 1000} s after SIGKILL`, {
    hint: 'It hangs in the kernel, mostly on a disk or device that does not answer: look with `ps -eo pid,stat,wchan,args`.',
    context: { service: name, pid: process.pid },
  });
}

async function isGone(process: ServiceProcess, withinMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonicMs() + withinMs;
  const waiting = new AbortController();
  // The leader's end wakes us at once; the others of its group are seen by looking.
  void process.exited.then(() => waiting.abort());
  for (;;) {
    if (!process.groupAlive()) return true;
    const left = deadline - clock.monotonicMs();
    if (left <= 0) return false;
    await clock.sleep(Math.min(POLL_MS, left), waiting.signal.aborted ? undefined : waiting.signal).catch(() => undefined);
  }
}
