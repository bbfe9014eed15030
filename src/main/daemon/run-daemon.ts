// The daemon's life: repair, start services, then check on time and do what people ask over the control socket. One job at a time.
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import type { Job } from '../../domain/jobs.js';
import type { Clock, Logger } from '../../domain/ports.js';
import type { RateLimit } from '../../domain/release.js';
import type { Report, RunEvent, ServiceStatus } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import type { UpdateState, Waiting } from '../../domain/state.js';
import type { RecoverReport } from '../../interface/app.js';
import { nextStretch } from '../../decide/spare-quota.js';
import { createAlarm, type Alarm } from './alarm.js';
import { nextCheckDelay } from './next-check.js';
import type { WorkerRun } from './start-worker.js';

export interface Notifier { ready(): void; stopping(): void; status(text: string): void }

export interface DaemonParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly notify: Notifier;
  startJob(job: Job, actor: string, report: Report): WorkerRun;
  recover(): Promise<RecoverReport>;
  /** Starts (or adopts) every embedded service; a service that fails is logged and tried again by the supervisor. */
  startServices(): Promise<void>;
  stopServices(): Promise<void>;
  serviceStatus(): Promise<readonly ServiceStatus[]>;
  /** What the last answer showed of the quota that all devices behind this address share; absent: nobody counts. */
  rateLimit?(): RateLimit | null;
}

export interface Activity { readonly pid: number; readonly state: UpdateState; readonly job: Job['kind'] | null; readonly services: readonly ServiceStatus[] }

export interface Daemon {
  /** Runs until the signal; resolves with the exit code. */
  run(signal: AbortSignal): Promise<number>;
  /** A person's job; throws `busy` while another one changes things. */
  ask(job: Job, actor: string, report: Report): Promise<unknown>;
  activity(): Promise<Activity>;
  /** Something that an update may have waited for is over: look again now. */
  wake(): void;
}

const BROKEN_EXIT = 21;
/** How long a person's call waits for a check, or a tidying-up, that happens to run. */
const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 250;
/** Jobs that may turn out to change nothing. */
const LOOKING: ReadonlySet<Job['kind']> = new Set<Job['kind']>(['cycle', 'check', 'settle']);
const NAMES: Readonly<Partial<Record<Job['kind'], string>>> = { cycle: 'an update', settle: 'the end of an interrupted update' };
/** How long a stop waits for a worker: long enough to finish a switch. */
const WORKER_STOP_MS = 60_000;

interface Running { readonly job: Job; readonly worker: WorkerRun; readonly ended: Promise<void> }

export function createDaemon(parts: DaemonParts): Daemon {
  const { log, clock, settings } = parts;
  let running: Running | undefined;
  let state: UpdateState = 'idle';
  let stopping = false;
  let life: AbortSignal | undefined;
  const alarm = createAlarm();

  const note = (event: RunEvent): void => {
    if (event.type === 'state') { state = event.state; parts.notify.status(`${event.state}${event.detail === undefined ? '' : `: ${event.detail}`}`); log.info(event.state, event.detail === undefined ? {} : { detail: event.detail }); }
    if (event.type === 'note') log[event.level](event.message);
  };

  const perform = async (job: Job, actor: string, report: Report): Promise<unknown> => {
    const worker = parts.startJob(job, actor, (event) => { note(event); report(event); });
    const ended = worker.done.then(() => undefined, () => undefined);
    const mine = { job, worker, ended };
    running = mine;
    try { return await worker.done; } finally { if (running === mine) { running = undefined; state = 'idle'; } if (job.kind === 'approve') alarm.ring(); }
  };

  /** Waits for what only looks or tidies up; an update is not waited for. */
  const untilQuiet = async (): Promise<void> => {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    while (!patience.aborted && running !== undefined && LOOKING.has(running.job.kind) && (state === 'checking' || state === 'idle')) {
      await Promise.race([running.ended, clock.sleep(LOOK_AGAIN_MS, patience).catch(() => undefined)]);
    }
  };

  const ask = async (job: Job, actor: string, report: Report): Promise<unknown> => {
    if (stopping) throw new HoldlineError('busy', 'cannot begin: holdline is stopping', { hint: 'Try again when it has started again.' });
    await untilQuiet();
    if (running !== undefined) throw new HoldlineError('busy', `cannot begin: ${NAMES[running.job.kind] ?? running.job.kind} is under way (${state})`, { hint: 'Wait for its end; holdline --status shows how far it is.' });
    try { return await perform(job, actor, report); } catch (thrown) {
      if (toHoldlineError(thrown).code === 'interrupted') mend().catch((failed: unknown) => logFailure(log, failed));
      throw thrown;
    }
  };

  /** A worker that died left an open journal: order first, whoever had asked for the job. */
  const mend = async (): Promise<void> => {
    if (life === undefined || stopping || life.aborted) return;
    if (await repair(parts) === 'repaired') await settle(parts, () => running, perform, life);
  };

  return {
    ask, wake: alarm.ring,
    activity: async () => ({ pid: process.pid, state, job: running?.job.kind ?? null, services: await parts.serviceStatus() }),
    async run(signal) {
      life = signal;
      if (await repair(parts) === 'broken') return BROKEN_EXIT;
      // Ready before a probation is resumed: it may last longer than systemd waits for a start.
      parts.notify.ready();
      try {
        await settle(parts, () => running, perform, signal);
        await loop(parts, { running: () => running, perform, mend, alarm }, signal);
      } finally {
        stopping = true;
        parts.notify.stopping();
        await stopWorker(running, clock);
        await parts.stopServices();
        log.info('stopped', { app: settings.app });
      }
      return 0;
    },
  };
}

async function stopWorker(running: Running | undefined, clock: Clock): Promise<void> {
  if (running === undefined) return;
  running.worker.stop();
  const patience = new AbortController();
  await Promise.race([running.ended, clock.sleep(WORKER_STOP_MS, patience.signal).then(() => running.worker.kill(), () => undefined)]);
  patience.abort();
}

type Perform = (job: Job, actor: string, report: Report) => Promise<unknown>;
const nobody: Report = () => undefined;

/** Puts an interrupted update in order, then brings the services up. */
async function repair(parts: DaemonParts): Promise<'repaired' | 'broken'> {
  const report = await parts.recover();
  for (const action of report.actions) parts.log.warn('recovery', { action });
  if (report.outcome === 'broken') {
    parts.log.error('broken: no service is started and no update runs until a person has looked', { hint: 'holdline recover' });
    return 'broken';
  }
  await parts.startServices();
  return 'repaired';
}

/** Lets a worker finish the books of what recovery ended, and resume a probation. */
async function settle(parts: DaemonParts, running: () => Running | undefined, perform: Perform, signal: AbortSignal): Promise<void> {
  try {
    // Somebody may have asked for a job as soon as the socket was there: it settles by itself, and one worker at a time is what a stop can end.
    for (let busy = running(); busy !== undefined; busy = running()) await untilAborted(busy.ended, signal);
    await untilAborted(perform({ kind: 'settle' }, 'daemon', nobody), signal);
  } catch (thrown) { if (!signal.aborted) logFailure(parts.log, thrown); }
}

interface Turns { running(): Running | undefined; readonly perform: Perform; mend(): Promise<void>; readonly alarm: Alarm }

async function loop(parts: DaemonParts, turns: Turns, signal: AbortSignal): Promise<void> {
  let waiting: Waiting | null = null;
  let stretch = 1;
  for (let turn = 0; !signal.aborted; turn += 1) {
    const delay = nextCheckDelay({ interval: parts.settings.checkInterval, first: turn === 0, second: turn === 1, stretch, waiting, now: parts.clock.now(), random: parts.random() });
    let woken: boolean;
    try { woken = await turns.alarm.sleep(parts.clock, delay, signal); } catch { return; }
    const busy = turns.running();
    if (busy !== undefined) await untilAborted(busy.ended, signal).catch(() => undefined);
    if (signal.aborted || (busy !== undefined && !woken)) continue;
    waiting = await cycle(parts, turns, signal);
    stretch = pace(parts, stretch);
  }
}

/** Said when it begins and when it ends. */
function pace({ rateLimit, clock, log, settings }: DaemonParts, before: number): number {
  const limit = rateLimit?.() ?? null;
  const after = nextStretch(before, limit, clock.now());
  if (after > 1 && before === 1) log.warn('the devices behind this address spend nearly all of GitHub\'s requests: checking less often; a GITHUB_TOKEN has 5,000 an hour', { limit: limit?.limit ?? null, remaining: limit?.remaining ?? null, check_interval: Math.round(settings.checkInterval * after) });
  if (after === 1 && before > 1) log.info('checking as often as before', { check_interval: settings.checkInterval });
  return after;
}

function waitingOf(result: unknown): Waiting | null {
  const waiting = typeof result === 'object' && result !== null && 'waiting' in result ? result.waiting : null;
  return typeof waiting === 'object' && waiting !== null && 'until' in waiting && 'reason' in waiting ? waiting as Waiting : null;
}

async function cycle(parts: DaemonParts, { perform, mend }: Turns, signal: AbortSignal): Promise<Waiting | null> {
  try {
    const ended = perform({ kind: 'cycle' }, 'daemon', nobody);
    return waitingOf(await untilAborted(ended, signal));
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    if (signal.aborted) return null;
    logFailure(parts.log, error);
    if (error.code === 'interrupted') await mend();
    return null;
  }
}

/** Ends with the signal; the job itself is stopped by whoever aborted. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new HoldlineError('interrupted', 'cannot go on: holdline was asked to stop'));
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function logFailure(log: Logger, thrown: unknown): void {
  const error = toHoldlineError(thrown);
  log.error(error.message, { code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }), ...error.context });
}
