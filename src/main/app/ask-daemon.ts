// Asks the running daemon over its control socket; tells when there is none.
import { existsSync } from 'node:fs';
import { HoldlineError } from '../../domain/errors.js';
import type { Report } from '../../domain/results.js';
import { MAX_LINE_BYTES, revivedError, type Answer, type Method } from '../../interface/control/protocol.js';

/** No daemon listens: the caller does the work itself. */
export const NO_DAEMON = Symbol('no daemon');

/** @throws the daemon's own HoldlineError; `interrupted` when it went away in the middle */
export async function askDaemon(socket: string, method: Method, params: object, report: Report): Promise<unknown> {
  // Without a socket nobody listens, and `--status` is spared loading the network.
  if (!existsSync(socket)) return NO_DAEMON;
  const { connectLines } = await import('../../platform/control-socket.js');
  let resolve: (value: unknown) => void = () => undefined;
  let reject: (error: HoldlineError) => void = () => undefined;
  const answered = new Promise<unknown>((yes, no) => { resolve = yes; reject = no; });
  answered.catch(() => undefined);
  const peer = await connectLines(socket, MAX_LINE_BYTES, (line) => {
    let answer: Answer;
    try { answer = JSON.parse(line) as Answer; } catch { return; }
    if ('event' in answer) report(answer.event);
    else if ('error' in answer) reject(revivedError(answer.error));
    else resolve(answer.result);
  });
  if (peer === undefined) return NO_DAEMON;
  const gone = (): void => reject(new HoldlineError('interrupted', 'cannot tell how it ended: the daemon went away; its next start puts the device in order', { hint: 'See holdline --status in a moment.' }));
  peer.closed.addEventListener('abort', gone, { once: true });
  peer.send(JSON.stringify({ id: 1, method, params }));
  try { return await answered; } finally { peer.closed.removeEventListener('abort', gone); peer.end(); }
}
