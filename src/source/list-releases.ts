// All pages of a repository's releases: each asked with its ETag, answered from memory on 304. Octokit speaks, bounded by MAX_PAGES.
import { HoldlineError } from '../domain/errors.js';
import type { GithubAccess } from './ask-github.js';
import { isApiAddress } from './ask-github.js';
import { keepRelease, type KeptRelease } from './github-release.js';
import { createOctokitFetch } from './octokit-fetch.js';
import { stoppedError } from './network-errors.js';
import type { CachedPage } from './source-cache.js';

export const MAX_PAGES = 30;
const PAGE_SIZE = 100;

export interface Retries { readonly maxRetries: number; readonly retryDelayMs: number }
const MAX_RETRY_DELAY_MS = 60_000;

export async function listAllReleases(access: GithubAccess, retries: Retries, signal: AbortSignal): Promise<readonly KeptRelease[]> {
  const doing = `list the releases of ${access.repo}`;
  const ask = await createPageReader(access, doing, signal);
  const pages: CachedPage[] = [];
  let url: string | null = `${access.apiUrl}/repos/${access.repo}/releases?per_page=${PAGE_SIZE}`;
  while (url !== null && pages.length < MAX_PAGES) {
    const address: string = url;
    const page: CachedPage = await withRetries(access, retries, signal, () => ask(address));
    pages.push(page);
    url = page.next;
  }
  if (url !== null) access.log.warn(`only the newest ${MAX_PAGES * PAGE_SIZE} releases are looked at`, { repo: access.repo });
  // An answer without an ETag is not worth keeping: it can never be asked for again for free.
  access.ledger.keepPages(pages.filter((page) => page.etag !== ''));
  return pages.flatMap((page) => page.releases);
}

type PageReader = (url: string) => Promise<CachedPage>;

/** Loads octokit: not before it is needed, `--status` must not pay for it. */
async function createPageReader(access: GithubAccess, doing: string, signal: AbortSignal): Promise<PageReader> {
  const { Octokit } = await import('@octokit/rest');
  const debug = (message: string): void => access.log.debug(message);
  const octokit = new Octokit({
    baseUrl: access.apiUrl, userAgent: access.userAgent, request: { fetch: createOctokitFetch(access, doing, signal) }, log: { debug, info: debug, warn: debug, error: debug },
  });
  return async (url) => {
    const known = access.ledger.page(url);
    try {
      const answer = await octokit.request({ method: 'GET', url, headers: known === undefined ? {} : { 'if-none-match': known.etag } });
      return { url, etag: answer.headers.etag ?? '', next: nextLink(access, answer.headers.link, doing), releases: keepReleases(access, answer.data, doing) };
    } catch (error) {
      if (known !== undefined && isNotModified(error)) return known;
      throw unwrap(error, doing);
    }
  };
}

/** Octokit throws on 304. */
const isNotModified = (error: unknown): boolean => error instanceof Error && 'status' in error && error.status === 304;

/** Our own error travels through octokit as the cause of its. */
function unwrap(error: unknown, doing: string): HoldlineError {
  if (error instanceof HoldlineError) return error;
  if (error instanceof Error && error.cause instanceof HoldlineError) return error.cause;
  return new HoldlineError('source-invalid', `cannot ${doing}: the answer makes no sense`, { cause: error });
}

function keepReleases(access: GithubAccess, body: unknown, doing: string): KeptRelease[] {
  if (!Array.isArray(body)) throw new HoldlineError('source-invalid', `cannot ${doing}: the answer is no list`, { hint: 'Check github_api_url.' });
  const kept = body.flatMap((value: unknown) => keepRelease(value) ?? []);
  if (kept.length < body.length) access.log.debug('drafts and entries that are no releases were left out', { count: body.length - kept.length });
  return kept;
}

/** The next page as the Link header names it, only inside the API: the token goes there. */
function nextLink(access: GithubAccess, header: string | undefined, doing: string): string | null {
  const found = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(header ?? '')?.[1];
  if (found === undefined) return null;
  if (!URL.canParse(found) || !isApiAddress(access, found)) {
    throw new HoldlineError('source-invalid', `cannot ${doing}: the next page lies outside ${new URL(access.apiUrl).host}`, { hint: 'Nothing was sent there. Is github_api_url the server\'s own name?' });
  }
  return found;
}

async function withRetries<T>(access: GithubAccess, retries: Retries, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const again = error instanceof HoldlineError && error.context['transient'] === true && tried < retries.maxRetries && !signal.aborted;
      if (!again) throw error;
      const delayMs = Math.min(retries.retryDelayMs * 2 ** tried, MAX_RETRY_DELAY_MS);
      access.log.warn(`${error.message}; trying again in ${delayMs / 1000} s`, { code: error.code, retry: tried + 1 });
      await access.clock.sleep(delayMs, signal).catch(() => { throw stoppedError(signal, `list the releases of ${access.repo}`); });
    }
  }
}
