// The daemon's side of a worker: a short-lived process that loads what a job needs, does it, and gives all memory back by exiting.
import { fork, type ChildProcess } from 'node:child_process';
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import type { FromWorker, Job, ServiceAction, ToWorker } from '../../domain/jobs.js';
import type { Logger, ServiceController } from '../../domain/ports.js';
import type { Report, ServiceStatus } from '../../domain/results.js';
import type { UsageHistory } from '../../domain/service-usage.js';
import type { Settings } from '../../domain/settings.js';
import { plainError, revivedError } from '../../interface/control/protocol.js';

/** A small young generation: payload pieces live a moment, and memory matters more here than the few extra collections. */
const WORKER_FLAGS = ['--max-semi-space-size=1'];

export interface WorkerParts {
  readonly script: string;
  readonly settings: Settings;
  readonly services: ServiceController;
  /** What the services used so far. */
  readonly usage: () => UsageHistory;
  readonly report: Report;
  readonly log: Logger;
  /** The worker's own environment: the token is not in it, it travels with the settings. */
  readonly env: NodeJS.ProcessEnv;
}

export interface WorkerRun {
  readonly pid: number | undefined;
  /** The job's result; rejects with its HoldlineError, or `interrupted` when the worker died. */
  readonly done: Promise<unknown>;
  /** Asks it to stop: before the switch it discards, after it the next start goes on. */
  stop(): void;
  kill(): void;
}

export function startWorker(parts: WorkerParts, job: Job, actor: string): WorkerRun {
  const child = fork(parts.script, [], { execArgv: WORKER_FLAGS, env: parts.env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'json' });
  const send = (message: ToWorker): void => { if (child.connected) child.send(message, () => undefined); };
  const done = new Promise<unknown>((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void): void => { if (!settled) { settled = true; act(); } };
    child.on('message', (message: FromWorker) => {
      if (message.type === 'result') settle(() => resolve(message.result));
      else if (message.type === 'error') settle(() => reject(revivedError(message.error)));
      else handleMessage(parts, send, message);
    });
    child.once('error', (cause) => settle(() => reject(new HoldlineError('internal', 'cannot start the worker: no update can run', { cause }))));
    child.once('exit', (code, signal) => settle(() => reject(died(code, signal))));
    send({ type: 'job', job, settings: parts.settings, actor, usage: parts.usage() });
  });
  return { pid: child.pid, done: done.finally(() => ended(child)), stop: () => send({ type: 'stop' }), kill: () => { child.kill('SIGKILL'); } };
}

/** The result is sent before the exit: wait for it, so that the lock is free when the caller goes on. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => { child.once('exit', () => resolve()); });
}

function died(code: number | null, signal: NodeJS.Signals | null): HoldlineError {
  return new HoldlineError('interrupted', `cannot finish the job: the worker ended early (${signal ?? `exit ${code ?? '?'}`}); recovery puts the device in order before anything else runs`);
}

function handleMessage(parts: WorkerParts, send: (message: ToWorker) => void, message: FromWorker): void {
  if (message.type === 'event') parts.report(message.event);
  else if (message.type === 'log') parts.log[message.level](message.message, message.fields);
  else if (message.type === 'service') void answerService(parts, send, message.id, message.action, message.name);
}

async function answerService(parts: WorkerParts, send: (message: ToWorker) => void, id: number, action: ServiceAction, name: string): Promise<void> {
  let status: ServiceStatus | null = null;
  try {
    const service = parts.settings.services.find((s) => s.name === name);
    if (service === undefined) throw new HoldlineError('internal', `cannot ${action} ${name}: no such service in the settings`);
    if (action === 'status') status = await parts.services.status(service);
    else await parts.services[action](service);
    send({ type: 'service-answer', id, status, error: null });
  } catch (thrown) {
    send({ type: 'service-answer', id, status: null, error: plainError(toHoldlineError(thrown)) });
  }
}
