// Sends bytes the way a healthy server does, or the way a fault says.
import type { ServerResponse } from 'node:http';
import type { FaultKind } from './faults.js';

/** True when the fault was the whole answer. */
export function answerFault(response: ServerResponse, fault: FaultKind | undefined): boolean {
  switch (fault?.kind) {
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'application/json; charset=utf-8', ...fault.headers });
      response.end(fault.body ?? JSON.stringify({ message: `fault ${fault.status}`, documentation_url: 'https://docs.github.com/rest', status: String(fault.status) }));
      return true;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end('<!DOCTYPE html><html><body><h1>Welcome to the hotel network</h1></body></html>');
      return true;
    case 'redirect':
      response.writeHead(302, { location: fault.to });
      response.end();
      return true;
    case 'close':
      response.destroy();
      return true;
    case 'stall':
      return fault.after < 0;
    default:
      return false;
  }
}

async function* spoil(pieces: AsyncIterable<Buffer> | Iterable<Buffer>, fault: FaultKind | undefined, start: number): AsyncGenerator<Buffer> {
  let offset = start;
  for await (const piece of pieces) {
    if (fault?.kind === 'corrupt' && fault.at >= offset && fault.at < offset + piece.length) {
      const copy = Buffer.from(piece);
      copy[fault.at - offset] = (copy[fault.at - offset] ?? 0) ^ 0xff;
      yield copy;
    } else if (fault?.kind === 'trickle') {
      for (let at = 0; at < piece.length; at += fault.bytes) yield piece.subarray(at, at + fault.bytes);
    } else yield piece;
    offset += piece.length;
  }
  if (fault?.kind === 'oversize') yield Buffer.alloc(fault.by, 'x');
}

const pause = (ms: number, response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    response.on('close', done);
  });

/** Resolves when everything is sent, the peer is gone, or the fault has had its way. `start`: offset of the first byte in the whole. */
export async function sendBody(response: ServerResponse, pieces: AsyncIterable<Buffer> | Iterable<Buffer>, fault: FaultKind | undefined, start = 0): Promise<void> {
  let sent = 0;
  const end = fault?.kind === 'cut' || fault?.kind === 'stall' ? fault.after : Infinity;
  if (end === 0) response.flushHeaders();
  for await (const piece of spoil(pieces, fault, start)) {
    const part = piece.subarray(0, Math.max(0, end - sent));
    if (part.length > 0 && !response.write(part)) await drained(response);
    sent += part.length;
    if (response.destroyed) return;
    if (sent >= end) break;
    if (fault?.kind === 'trickle') await pause(fault.everyMs, response);
  }
  if (fault?.kind === 'stall') return;
  if (fault?.kind === 'cut') {
    // The bytes so far must leave before the connection goes, or a cut after n is a cut after 0.
    setImmediate(() => response.socket?.destroySoon());
    return;
  }
  if (fault?.kind === 'wrong-length' && fault.by > 0) response.socket?.destroySoon();
  else response.end();
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
