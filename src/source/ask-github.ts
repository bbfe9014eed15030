// One request to the API origin: the only place that sends the token. Limits are obeyed before and noted after, refusals become errors.
// It must never follow a redirect by itself: the caller decides where to, and without the token once it leaves the API.
import type { Clock, Fetch, FetchResponse, Logger } from '../domain/ports.js';
import { HoldlineError } from '../domain/errors.js';
import { networkError, stoppedError } from './network-errors.js';
import { cleanText, refusalError } from './refusals.js';
import { rateLimitedError, type SourceLedger } from './source-ledger.js';

export interface GithubAccess {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ledger: SourceLedger;
  /** Without a slash at the end. */
  readonly apiUrl: string;
  readonly repo: string;
  readonly token: string | null;
  readonly userAgent: string;
}

/** GitHub's error bodies are a few hundred bytes. */
const MAX_ERROR_BYTES = 64 * 1024;
const API_VERSION = '2022-11-28';

export const isApiAddress = (access: GithubAccess, url: string): boolean => new URL(url).origin === new URL(access.apiUrl).origin;

/** Answers below 400 (redirects and 304 included) and 416; everything else is thrown. */
export async function askGithub(access: GithubAccess, url: string, headers: Readonly<Record<string, string>>, doing: string, signal: AbortSignal): Promise<FetchResponse> {
  if (!isApiAddress(access, url)) throw new HoldlineError('source-invalid', `cannot ${doing}: GitHub names an address outside ${new URL(access.apiUrl).host}`, { hint: 'Nothing was sent there. Check github_api_url.' });
  const { ledger, token } = access;
  ledger.assertMayAsk();
  ledger.countRequest();
  const own = { 'user-agent': access.userAgent, 'x-github-api-version': API_VERSION, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
  const response = await sendRequest(access, url, { ...own, ...headers }, doing, signal);
  const refused = response.status >= 400 && response.status !== 416;
  const { message, json } = refused ? await readRefusal(response, token) : { message: '', json: false };
  const until = ledger.noteAnswer({ status: response.status, headers: response.headers, message });
  if (!refused) return response;
  if (until !== undefined) throw rateLimitedError(until, ledger.rateLimit(), token !== null);
  throw refusalError({ status: response.status, message, json, sso: response.headers.get('x-github-sso') }, { doing, repo: access.repo, hasToken: token !== null });
}

/** Sends exactly these headers; a failure to get an answer is a coded error. */
export async function sendRequest(access: Pick<GithubAccess, 'fetch' | 'clock'>, url: string, headers: Record<string, string>, doing: string, signal: AbortSignal): Promise<FetchResponse> {
  if (signal.aborted) throw stoppedError(signal, doing);
  try {
    return await access.fetch(url, { method: 'GET', headers, redirect: 'manual', signal });
  } catch (error) {
    throw signal.aborted ? stoppedError(signal, doing) : networkError(error, doing, url, access.clock.now());
  }
}

/** A body as text, up to a number of bytes; undefined when it is longer. */
export async function readText(response: FetchResponse, maxBytes: number): Promise<string | undefined> {
  if (response.body === null) return '';
  const pieces: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body, and with it the connection.
  for await (const piece of response.body) {
    size += piece.byteLength;
    if (size > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A server (or a proxy that plays one) may quote what it was sent: the token goes no further than this. */
async function readRefusal(response: FetchResponse, token: string | null): Promise<{ message: string; json: boolean }> {
  try {
    const parsed: unknown = JSON.parse((await readText(response, MAX_ERROR_BYTES)) ?? '');
    if (typeof parsed !== 'object' || parsed === null) return { message: '', json: false };
    return { message: 'message' in parsed && typeof parsed.message === 'string' ? cleanText(token === null ? parsed.message : parsed.message.replaceAll(token, '***')) : '', json: true };
  } catch {
    // The status says enough, whatever became of the body.
    return { message: '', json: false };
  }
}
