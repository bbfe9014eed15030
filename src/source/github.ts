// Releases from GitHub or an Enterprise server. Nothing it says is trusted; it only finds and fetches.
import { HoldlineError } from '../domain/errors.js';
import type { Clock, Fetch, Filesystem, Logger, ReleaseSource } from '../domain/ports.js';
import type { GithubAccess } from './ask-github.js';
import { toRelease, type KeptRelease } from './github-release.js';
import { listAttestations } from './list-attestations.js';
import { listAllReleases, type Retries } from './list-releases.js';
import { openGithubAsset } from './open-asset.js';
import { readGithubFile } from './read-file.js';
import { isLoopback } from './redirect-rule.js';
import { scopeKey } from './source-cache.js';
import { createSourceLedger } from './source-ledger.js';

export interface GitHubSourceOptions {
  readonly fetch: Fetch;
  readonly fs: Filesystem;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where ETags, limits and counts survive restarts: domain/layout sourceCacheFile. */
  readonly cacheFile: string;
  /** `owner/name`. */
  readonly repo: string;
  /** `https://api.github.com`, `https://ghe.example.com/api/v3`. */
  readonly apiUrl: string;
  readonly token: string | null;
  /** Only tags `COMPONENT-v1.2.3`; null: only plain ones. */
  readonly component?: string | null;
  readonly retries: Retries;
  /** Where the server's pages are: `https://github.com`; default: where it counts requests without a token, so that downloads do not spend them. */
  readonly webUrl?: string | null;
  /** Shared by the sources of one repository: its releases are listed once, whoever asks first. Absent: at each call. */
  readonly listing?: SharedListing | undefined;
  /** `holdline/0.1.0`. */
  readonly userAgent: string;
}

/** Of one repository, for one turn over several components: requests are few, and all of them judge the same releases. */
export interface SharedListing { kept: Promise<readonly KeptRelease[]> | undefined }

const cleanUrl = (url: string): string => url.replace(/\/+$/, '');

/** The scope of the cache, also for who only reads it (`recallSource`). */
export const githubScopeKey = (apiUrl: string, repo: string, token: string | null): string => scopeKey(cleanUrl(apiUrl), repo, token);

export function createGitHubSource(options: GitHubSourceOptions): ReleaseSource {
  const { fetch, clock, log, repo, token, userAgent } = options;
  const apiUrl = cleanUrl(options.apiUrl);
  const component = options.component ?? null;
  assertSafe(apiUrl, repo, token);
  // With a token there is quota enough, and a private repository has no public downloads.
  const webUrl = options.webUrl === undefined ? webOf(apiUrl) : options.webUrl;
  const publicUrl = token === null && webUrl !== null ? `${webUrl}/${repo}` : null;
  const key = githubScopeKey(apiUrl, repo, token);
  const ledger = createSourceLedger({ fs: options.fs, clock, log, file: options.cacheFile, key, hasToken: token !== null });
  const access: GithubAccess = { fetch, clock, log, ledger, apiUrl, repo, token, userAgent };
  const { host } = new URL(apiUrl);
  const attestations = async (sha256: string, signal: AbortSignal): Promise<readonly unknown[]> => {
    try {
      return await listAttestations(access, sha256, signal);
    } finally {
      ledger.save();
    }
  };
  return {
    description: `${host === 'api.github.com' ? 'github.com' : host}/${repo}`,
    async list(signal) {
      ledger.refresh();
      try {
        const kept = await listShared(options.listing, () => listAllReleases(access, options.retries, signal));
        return { releases: kept.flatMap((release) => toRelease(release, component, `${apiUrl}/repos/${repo}`, publicUrl) ?? []), rateLimit: ledger.rateLimit() };
      } finally {
        ledger.save();
      }
    },
    async open(asset, range, signal) {
      try {
        return await openGithubAsset(access, asset, range, signal);
      } finally {
        ledger.save();
      }
    },
    async file(path, etag, maxBytes, signal) {
      try {
        return await readGithubFile(access, path, etag, maxBytes, signal);
      } finally {
        ledger.save();
      }
    },
    ...(keepsAttestations(apiUrl) ? { attestations } : {}),
    requestsToday: () => ledger.requestsToday(),
    rateLimit: () => ledger.rateLimit(),
  };
}

/** An Enterprise server counts nobody unless told to. */
const webOf = (apiUrl: string): string | null => (apiUrl === 'https://api.github.com' ? 'https://github.com' : null);

/** A refusal is shared too: asking again at once would only spend what is left. */
function listShared(listing: SharedListing | undefined, list: () => Promise<readonly KeptRelease[]>): Promise<readonly KeptRelease[]> {
  if (listing === undefined) return list();
  listing.kept ??= list();
  return listing.kept;
}

/** An Enterprise server has no attestations. */
const keepsAttestations = (apiUrl: string): boolean => new URL(apiUrl).pathname !== '/api/v3';

/** The settings check the same; here it is what the token's safety rests on. */
function assertSafe(apiUrl: string, repo: string, token: string | null): void {
  const valid = URL.canParse(apiUrl) && /^https?:$/.test(new URL(apiUrl).protocol);
  if (!valid) throw new HoldlineError('settings-invalid', 'cannot ask GitHub: github_api_url is no http address', { hint: 'Use https://api.github.com, or https://HOST/api/v3 of an Enterprise server.' });
  const { protocol, hostname } = new URL(apiUrl);
  if (token !== null && protocol === 'http:' && !isLoopback(hostname)) {
    throw new HoldlineError('settings-invalid', 'cannot ask GitHub: github_api_url is http, and the token would be readable on the way', { hint: 'Use https, or unset GITHUB_TOKEN.' });
  }
  if (!/^[\w.-]+\/[\w.-]+$/.test(repo) || /(^|\/)\.{1,2}($|\/)/.test(repo)) {
    throw new HoldlineError('settings-invalid', 'cannot ask GitHub: github_repo is not of the form owner/name', { hint: 'Write it as in the address bar: owner/name.' });
  }
}
