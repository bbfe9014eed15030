// The API and uploads origins of the local GitHub: who asks, may they, is the quota left; then the routes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiCall, ApiWorld } from './api-context.js';
import { answerError, tokenOf } from './api-context.js';
import { answerRateLimit, answerUser, routeRead } from './read-routes.js';
import type { StoredRepository } from './github-store.js';
import { answerFault } from './send-body.js';
import { routeWrite } from './write-routes.js';

export interface ApiServerOptions {
  readonly world: ApiWorld;
  /** `/api/v3` for an Enterprise server, else empty. */
  readonly basePath: string;
  readonly uploads: boolean;
  readonly findById: (id: number) => StoredRepository | undefined;
}

/** The repository a path names, by name or by number, and what follows it. */
function findRepository(options: ApiServerOptions, path: string): { repository: StoredRepository | undefined; rest: string } | undefined {
  const named = /^\/repos\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(path);
  if (named !== null) return { repository: options.world.store.repository(named[1] ?? '', named[2] ?? ''), rest: named[3] ?? '' };
  const numbered = /^\/repositories\/(\d+)(?:\/(.*))?$/.exec(path);
  return numbered === null ? undefined : { repository: options.findById(Number(numbered[1])), rest: numbered[2] ?? '' };
}

async function route(options: ApiServerOptions, call: ApiCall, path: string): Promise<void> {
  const { world } = options;
  if (call.token !== null && !world.tokens.has(call.token)) return answerError(call, 401, 'Bad credentials');
  if (path === '/rate_limit' && !options.uploads) return answerRateLimit(call);
  if (!world.limits.take(call.token)) {
    return answerError(call, 403, call.token === null ? 'API rate limit exceeded for 127.0.0.1. (But here\'s the good news: Authenticated requests get a higher rate limit.)' : 'API rate limit exceeded for user ID 1.');
  }
  if (path === '/user') return answerUser(call);
  const found = findRepository(options, path);
  if (found?.repository === undefined) return answerError(call, 404, 'Not Found');
  if (call.request.method === 'GET' && !options.uploads) return routeRead(call, found.repository, found.rest);
  return routeWrite(call, found.repository, found.rest, options.uploads);
}

export async function handleApi(options: ApiServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world, basePath } = options;
  const url = new URL(request.url ?? '/', 'http://local');
  const fault = world.faults.next(options.uploads ? 'upload' : 'api', decodeURIComponent(url.pathname) + url.search);
  if (answerFault(response, fault)) return undefined;
  const call: ApiCall = { world, request, response, url, token: tokenOf(request), fault };
  // Real GitHub turns away programs that do not say who they are.
  if (request.headers['user-agent'] === undefined) return answerError(call, 403, 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header');
  if (!url.pathname.startsWith(`${basePath}/`)) return answerError(call, 404, 'Not Found');
  return route(options, call, decodeURIComponent(url.pathname.slice(basePath.length)));
}
