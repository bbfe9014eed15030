// One API request as the handlers see it, and the ways to answer it: ETag, rate-limit headers and errors in one place.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultKind, Faults } from './faults.js';
import type { GithubStore, StoredRepository } from './github-store.js';
import type { RateLimits } from './rate-limits.js';
import type { Origins } from './render-json.js';
import { renderError } from './render-json.js';
import type { Storage } from './storage-server.js';

/** What a token may do; an unknown token is `Bad credentials`. */
export interface TokenRights {
  /** `owner/name` of the private repositories it may read, or all. */
  readonly read: readonly string[] | '*';
  readonly write?: boolean;
}

export interface ApiWorld {
  readonly store: GithubStore;
  readonly storage: Storage;
  readonly limits: RateLimits;
  readonly faults: Faults;
  readonly origins: Origins;
  readonly storageOrigin: string;
  readonly tokens: ReadonlyMap<string, TokenRights>;
  readonly direct: () => boolean;
  readonly now: () => Date;
}

export interface ApiCall {
  readonly world: ApiWorld;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly token: string | null;
  readonly fault: FaultKind | undefined;
}

export const tokenOf = (request: IncomingMessage): string | null => /^(?:token|bearer)\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;

export function mayRead(call: ApiCall, repository: StoredRepository): boolean {
  if (!repository.private) return true;
  const rights = call.token === null ? undefined : call.world.tokens.get(call.token);
  if (rights === undefined) return false;
  const full = `${repository.owner}/${repository.name}`.toLowerCase();
  return rights.read === '*' || rights.read.some((name) => name.toLowerCase() === full);
}

export const mayWrite = (call: ApiCall, repository: StoredRepository): boolean =>
  call.token !== null && call.world.tokens.get(call.token)?.write === true && mayRead(call, repository);

export function limitHeaders(call: ApiCall): Record<string, string> {
  const limit = call.world.limits.read(call.token);
  return {
    'x-ratelimit-limit': String(limit.limit), 'x-ratelimit-remaining': String(limit.remaining), 'x-ratelimit-used': String(limit.used),
    'x-ratelimit-reset': String(limit.reset), 'x-ratelimit-resource': 'core', 'x-github-media-type': 'github.v3; format=json', 'x-github-api-version-selected': '2022-11-28',
  };
}

export function answerJson(call: ApiCall, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(body);
  const length = Buffer.byteLength(text);
  call.response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': String(length), ...limitHeaders(call), ...headers });
  const { fault } = call;
  if (fault?.kind !== 'cut') {
    call.response.end(text);
    return;
  }
  call.response.write(text.slice(0, fault.after));
  setImmediate(() => call.response.socket?.destroySoon());
}

/** A GET's answer: with an ETag that differs per token, and 304 (free with a token) when the client has it already. */
export function answerCached(call: ApiCall, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const etag = `W/"${createHash('sha256').update(`${call.token ?? ''}\n${JSON.stringify(body)}`).digest('hex')}"`;
  if (call.request.headers['if-none-match'] === etag) {
    if (call.token !== null) call.world.limits.giveBack(call.token);
    call.response.writeHead(304, { etag, ...limitHeaders(call), ...headers });
    call.response.end();
    return;
  }
  answerJson(call, 200, body, { etag, 'cache-control': `${call.token === null ? 'public' : 'private'}, max-age=60, s-maxage=60`, 'vary': 'Accept, Authorization', ...headers });
}

export function answerError(call: ApiCall, status: number, message: string, errors?: readonly object[]): void {
  answerJson(call, status, renderError(message, status, errors));
}

export const MAX_BODY_BYTES = 4 * 1024 ** 3;

/** The request's body in memory (the publisher's uploads in tests and the demo are small). */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += (piece as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error('the body is too large');
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}
