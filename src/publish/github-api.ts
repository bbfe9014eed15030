// Octokit for the publisher over the injected network, and GitHub's refusals as coded errors. The token goes to the API's own hosts only
// and never into an error.
import { Octokit } from '@octokit/rest';
import { HoldlineError, toHoldlineError, type ErrorCode } from '../domain/errors.js';
import type { Fetch } from '../domain/ports.js';

/** Answers are metadata; a page of releases stays far below. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const NO_BODY = new Set([204, 205, 304]);

export function createPublisherApi(fetch: Fetch, apiUrl: string, token: string, signal: AbortSignal): Octokit {
  const request = async (url: string, options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string | Uint8Array<ArrayBuffer> }): Promise<Response> => {
    const { method = 'GET', headers = {}, body } = options;
    // Redirects are not followed: they could take token and payload elsewhere.
    const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }), redirect: 'manual', signal });
    const text = NO_BODY.has(answer.status) ? null : await readBounded(answer.body);
    return new Response(text, { status: answer.status, headers: [...answer.headers.entries()].filter(([name]) => name !== 'content-encoding' && name !== 'content-length') });
  };
  return new Octokit({ auth: token, baseUrl: apiUrl.replace(/\/+$/, ''), userAgent: 'holdline-publish', request: { fetch: request }, log: { debug: ignore, info: ignore, warn: ignore, error: ignore } });
}

const ignore = (): void => { /* octokit's own words; ours are in the errors */ };

async function readBounded(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > MAX_ANSWER_BYTES) throw new HoldlineError('source-invalid', 'cannot publish: the answer is too long to be GitHub\'s', { hint: 'Check the API address.' });
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Where assets may be uploaded to: the API's own host or its sister, over the same kind of connection. */
export function checkUploadUrl(uploadUrl: string, apiUrl: string): string {
  const plain = uploadUrl.replace(/\{[^}]*\}$/, '');
  if (URL.canParse(plain)) {
    const [to, api] = [new URL(plain), new URL(apiUrl)];
    const family = (host: string): string => host.replace(/^(?:api|uploads)\./, '');
    if (to.protocol === api.protocol && family(to.hostname) === family(api.hostname) && to.username === '') return plain;
  }
  throw new HoldlineError('source-invalid', `cannot publish: the server wants the assets sent to ${JSON.stringify(plain)}, which is not GitHub at ${apiUrl}`, { hint: 'Nothing was sent there. Check the API address.' });
}

interface Refusal { readonly code: ErrorCode; readonly why: string; readonly hint: string }

const REFUSALS: Readonly<Record<number, Refusal>> = {
  401: { code: 'source-unauthorized', why: 'GitHub does not accept the token', hint: 'Set GITHUB_TOKEN to a valid token with "Contents: read and write".' },
  403: { code: 'source-forbidden', why: 'the token may not write releases', hint: 'Give it "Contents: read and write" for this repository (in Actions: `permissions: contents: write`).' },
  404: { code: 'source-not-found', why: 'there is no such repository for this token', hint: 'Check owner/name, and that the token may see the repository; GitHub answers "not found" for private ones it will not show.' },
  422: { code: 'source-invalid', why: 'GitHub refuses the request', hint: 'Check that the tag is a valid name and that no other run publishes the same tag.' },
  429: { code: 'source-rate-limited', why: 'GitHub asks to slow down', hint: 'Try again later.' },
};

export function statusOf(thrown: unknown): number | undefined {
  return typeof thrown === 'object' && thrown !== null && 'status' in thrown && typeof thrown.status === 'number' ? thrown.status : undefined;
}

/** Worth another try: the network, or the server's own trouble. */
export function isPassing(error: HoldlineError): boolean {
  return error.code === 'source-server' || error.code === 'source-network';
}

export function explainGithub(thrown: unknown, doing: string): HoldlineError {
  if (thrown instanceof HoldlineError) return thrown;
  const status = statusOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (status === undefined || (status === 500 && !message.includes('GitHub'))) return explainNetwork(thrown, doing);
  const limited = status === 403 && /rate limit/i.test(message);
  const refusal = limited ? REFUSALS[429] : REFUSALS[status];
  const { code, why, hint } = refusal ?? { code: 'source-server' as const, why: `GitHub answered ${status}`, hint: 'Try again later; what was uploaded is kept in the draft.' };
  return new HoldlineError(code, `cannot ${doing}: ${why}`, { hint, context: { status, said: message.slice(0, 300) } });
}

function explainNetwork(thrown: unknown, doing: string): HoldlineError {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') return new HoldlineError('interrupted', `cannot ${doing}: it was stopped`, { hint: 'Run it again: what was uploaded is kept in the draft.' });
  if (cause instanceof HoldlineError) return cause;
  const known = toHoldlineError(cause);
  return new HoldlineError('source-network', `cannot ${doing}: the network failed (${known.message.replace(/^cannot go on: /, '')})`, { hint: 'Check the connection and run it again: what was uploaded is kept in the draft.' });
}
