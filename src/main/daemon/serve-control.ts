// The daemon's end of the control socket: one line in, events and one answer out.
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import type { Job } from '../../domain/jobs.js';
import { MAX_LINE_BYTES, METHODS, parseRequest, plainError, type Answer, type Request } from '../../interface/control/protocol.js';
import { serveLines, type LinePeer, type LineServer } from '../../platform/control-socket.js';
import type { Daemon } from './run-daemon.js';

function text(request: Request, name: string): string | undefined {
  const value = request.params[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new HoldlineError('usage', `cannot understand the request: ${name} is not a text`);
}

/** @throws HoldlineError `usage` */
export function jobOf(request: Request): Job {
  const dryRun = request.params['dryRun'] === true;
  const component = text(request, 'component');
  switch (request.method) {
    case 'check': return { kind: 'check', component };
    case 'update': return { kind: 'update', component, version: text(request, 'version'), from: text(request, 'from'), dryRun, unattended: request.params['unattended'] === true };
    case 'rollback': return { kind: 'rollback', component, target: text(request, 'target'), dryRun };
    case 'adopt': return { kind: 'adopt', component, dryRun };
    case 'versions': return { kind: 'versions', component };
    case 'unblock': {
      const version = text(request, 'version');
      if (version === undefined) throw new HoldlineError('usage', 'cannot unblock: no version given');
      return { kind: 'unblock', component, version };
    }
    case 'approve': return approvalOf(request);
    case 'explain': return { kind: 'explain', version: text(request, 'version'), component: text(request, 'component') };
    case 'activity': case 'wake': throw new HoldlineError('usage', `cannot run ${request.method} as a job; jobs are ${METHODS.filter((m) => m !== 'activity' && m !== 'wake').join(', ')}`);
  }
}

function approvalOf(request: Request): Job {
  const version = text(request, 'version');
  const verdict = text(request, 'verdict');
  if (version === undefined || (verdict !== 'approved' && verdict !== 'rejected')) throw new HoldlineError('usage', 'cannot take a word on a version: version or verdict is missing');
  return { kind: 'approve', version, verdict, by: text(request, 'by') ?? 'control socket', reason: text(request, 'reason') ?? null, component: text(request, 'component') };
}

async function answer(daemon: Daemon, peer: LinePeer, line: string): Promise<void> {
  const send = (message: Answer): void => peer.send(JSON.stringify(message));
  let id = 0;
  try {
    const request = parseRequest(line);
    id = request.id;
    if (request.method === 'activity') { send({ id, result: await daemon.activity() }); return; }
    if (request.method === 'wake') { daemon.wake(); send({ id, result: null }); return; }
    const result = await daemon.ask(jobOf(request), 'control socket', (event) => send({ id, event }));
    send({ id, result });
  } catch (thrown) {
    send({ id, error: plainError(toHoldlineError(thrown)) });
  }
}

export function serveControl(daemon: Daemon, socket: string): Promise<LineServer> {
  return serveLines(socket, MAX_LINE_BYTES, (peer) => (line) => { void answer(daemon, peer, line); });
}
