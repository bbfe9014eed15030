// The fetch we hand to octokit: asks through ask-github, follows moves inside the API (a renamed repository), reads a bounded body within a
// deadline, and lets nothing pass that is not GitHub's JSON. Octokit itself would hide a cut answer and a login page.
import { HoldlineError } from '../domain/errors.js';
import type { FetchResponse } from '../domain/ports.js';
import type { GithubAccess } from './ask-github.js';
import { askGithub, readText } from './ask-github.js';
import { networkError, stoppedError } from './network-errors.js';
import { MAX_HOPS } from './redirect-rule.js';
import { notGithubError } from './refusals.js';

export const METADATA_DEADLINE_MS = 60_000;
/** A page of 100 releases with the longest notes and hundreds of assets stays far below. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;

/** As much of a Response as octokit reads. */
export interface BufferedResponse {
  readonly status: number;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  text(): Promise<string>;
}

export type OctokitFetch = (url: string, options: { readonly headers?: Readonly<Record<string, string>> }) => Promise<BufferedResponse>;

/** Octokit's own headers that matter; the token is added where the request is sent. */
const PASSED = ['accept', 'if-none-match'];

export function createOctokitFetch(access: GithubAccess, doing: string, signal: AbortSignal): OctokitFetch {
  return (url, options) => {
    const given = Object.entries(options.headers ?? {}).filter(([name]) => PASSED.includes(name.toLowerCase()));
    return withinDeadline(access, doing, url, signal, async (limited) => {
      const response = await askAndFollow(access, url, { ...Object.fromEntries(given), 'accept-encoding': 'gzip' }, doing, limited);
      return readPage(response, doing);
    });
  };
}

async function askAndFollow(access: GithubAccess, url: string, headers: Record<string, string>, doing: string, signal: AbortSignal): Promise<FetchResponse> {
  let address = url;
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    const response = await askGithub(access, address, headers, doing, signal);
    if (![301, 302, 303, 307, 308].includes(response.status)) return response;
    const location = response.headers.get('location');
    await response.body?.cancel();
    if (location === null || !URL.canParse(location, address)) break;
    address = new URL(location, address).href;
    access.log.warn('GitHub says the repository has moved; update github_repo', { repo: access.repo, to: address });
  }
  throw new HoldlineError('source-invalid', `cannot ${doing}: GitHub sends us round in circles`, { hint: 'Check github_repo and github_api_url.' });
}

async function readPage(response: FetchResponse, doing: string): Promise<BufferedResponse> {
  const headers = new Map(response.headers.entries());
  const { status, url } = response;
  if (status === 304) {
    await response.body?.cancel();
    return { status, url, headers, text: () => Promise.resolve('') };
  }
  const type = headers.get('content-type') ?? '';
  if (status !== 200 || !/^application\/(?:json|[\w.-]+\+json)\b/i.test(type)) {
    await response.body?.cancel();
    throw notGithubError(doing, type);
  }
  const text = await readText(response, MAX_PAGE_BYTES);
  if (text === undefined) throw new HoldlineError('source-invalid', `cannot ${doing}: the answer is longer than ${MAX_PAGE_BYTES} bytes`, { hint: 'No honest list of releases is; check github_api_url.' });
  if (!isJson(text)) throw new HoldlineError('source-invalid', `cannot ${doing}: the answer is broken JSON`, { hint: 'It is tried again at the next check.' });
  // Octokit parses the content type strictly and throws on an odd one.
  headers.set('content-type', 'application/json');
  return { status, url, headers, text: () => Promise.resolve(text) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function withinDeadline<T>(access: GithubAccess, doing: string, url: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  access.clock.sleep(METADATA_DEADLINE_MS, done.signal).then(() => late.abort(), () => undefined);
  try {
    return await task(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (signal.aborted) throw stoppedError(signal, doing);
    if (late.signal.aborted) throw networkError(Object.assign(new Error('deadline'), { code: 'ETIMEDOUT' }), doing, url, access.clock.now());
    throw error instanceof HoldlineError ? error : networkError(error, doing, url, access.clock.now());
  } finally {
    done.abort();
  }
}
