// The worker: takes one job from the daemon over IPC, does it, answers, exits. When the daemon is gone it ends at once:
// recovery is made for exactly that.
import { toHoldlineError, HoldlineError } from '../domain/errors.js';
import type { FromWorker, ServiceAction, ToWorker } from '../domain/jobs.js';
import type { Logger, ServiceController } from '../domain/ports.js';
import type { ServiceSettings } from '../domain/settings.js';
import type { ServiceStatus } from '../domain/results.js';
import { plainError, revivedError } from '../interface/control/protocol.js';
import { fetcherScript } from './fetcher/fetcher-script.js';
import { wireUpdater } from './wire-updater.js';

/** 1: recovery finds an open journal, as after any crash. */
const DAEMON_GONE = 1;

const send = (message: FromWorker, sent?: () => void): void => {
  if (process.connected && process.send !== undefined) process.send(message, undefined, {}, sent);
};

interface Pending { resolve(status: ServiceStatus | null): void; reject(error: HoldlineError): void }

/** Services live in the daemon: it starts, stops and reports them on our behalf. */
function remoteServices(pending: Map<number, Pending>): ServiceController {
  let next = 1;
  const ask = (action: ServiceAction, service: ServiceSettings): Promise<ServiceStatus | null> =>
    new Promise((resolve, reject) => {
      const id = next++;
      pending.set(id, { resolve, reject });
      send({ type: 'service', id, action, name: service.name });
    });
  return {
    async start(service) { await ask('start', service); },
    async stop(service) { await ask('stop', service); },
    async reload(service) { await ask('reload', service); },
    async status(service) {
      const status = await ask('status', service);
      if (status === null) throw new HoldlineError('internal', `cannot tell how ${service.name} is: the daemon gave no status`);
      return status;
    },
  };
}

function remoteLog(): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    send({ type: 'log', level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function main(): void {
  const stop = new AbortController();
  const pending = new Map<number, Pending>();
  const abort = (): void => stop.abort(new HoldlineError('interrupted', 'cannot go on: holdline was asked to stop; nothing is lost, the next start goes on'));
  process.on('SIGTERM', abort);
  process.on('SIGINT', abort);
  process.on('disconnect', () => process.exit(DAEMON_GONE));
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') abort();
    else if (message.type === 'service-answer') {
      const waiting = pending.get(message.id);
      pending.delete(message.id);
      if (message.error === null) waiting?.resolve(message.status); else waiting?.reject(revivedError(message.error));
    } else void work(message, pending, stop.signal);
  });
}

async function work(message: Extract<ToWorker, { type: 'job' }>, pending: Map<number, Pending>, signal: AbortSignal): Promise<void> {
  const end = (): void => { process.removeAllListeners('disconnect'); process.exit(0); };
  try {
    const updater = wireUpdater(message.settings, {
      services: remoteServices(pending), supervisorRuns: true, usage: message.usage, fetcher: fetcherScript(), report: (event) => send({ type: 'event', event }), log: remoteLog(), actor: message.actor,
    });
    send({ type: 'result', result: await updater.run(message.job, signal) ?? null }, end);
  } catch (thrown) {
    send({ type: 'error', error: plainError(toHoldlineError(thrown)) }, end);
  }
}

main();
