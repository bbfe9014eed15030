// `holdline doctor`, the part that asks GitHub: reachability, token, repository, rate limit, clock skew. Two requests.
import { HoldlineError } from '../../domain/errors.js';
import type { Clock, Fetch, FetchResponse } from '../../domain/ports.js';
import type { Settings } from '../../domain/settings.js';
import type { DoctorFinding } from '../../interface/app.js';
import { failed, passed, warned } from './examine-device.js';

const TIMEOUT_MS = 15_000;
const MAX_SKEW_MS = 5 * 60_000;
const LOW_REQUESTS = 10;

async function get(fetch: Fetch, settings: Settings, path: string): Promise<FetchResponse> {
  const headers: Record<string, string> = { accept: 'application/vnd.github+json', 'user-agent': 'holdline-doctor' };
  if (settings.githubToken !== null) headers['authorization'] = `Bearer ${settings.githubToken}`;
  return fetch(`${settings.githubApiUrl}${path}`, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
}

function reasonOf(thrown: unknown): string {
  const seen: string[] = [];
  for (let error = thrown; error instanceof Error && seen.length < 4; error = error.cause) seen.push(error.message);
  return seen.join(': ');
}

function judgeSkew(response: FetchResponse, clock: Clock): DoctorFinding[] {
  const date = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(date)) return [];
  const skew = Math.abs(clock.now().getTime() - date);
  return skew > MAX_SKEW_MS ? [warned('clock', `${Math.round(skew / 60_000)} minutes away from the server's`, 'Let the system keep it: timedatectl set-ntp true.')] : [];
}

function judgeToken(response: FetchResponse, settings: Settings): DoctorFinding {
  if (response.status === 401) return failed('token', 'GitHub refuses the token (401)', 'Make a new fine-grained token with Contents: read for this repository and set GITHUB_TOKEN.');
  return settings.githubToken === null
    ? warned('token', 'none: public repositories only, 60 requests an hour shared by all devices behind one address', 'Set GITHUB_TOKEN in the .env beside the settings (fine-grained, Contents: read).')
    : passed('token', 'accepted');
}

function judgeLimit(response: FetchResponse): DoctorFinding[] {
  const limit = response.headers.get('x-ratelimit-limit');
  const remaining = response.headers.get('x-ratelimit-remaining');
  if (limit === null || remaining === null) return [];
  const reset = Number(response.headers.get('x-ratelimit-reset') ?? 0);
  const detail = `${remaining} of ${limit} requests left until ${new Date(reset * 1000).toISOString()}`;
  return [Number(remaining) < LOW_REQUESTS ? warned('rate limit', detail, 'Set a token, or a longer check_interval.') : passed('rate limit', detail)];
}

function judgeRepository(response: FetchResponse, settings: Settings): DoctorFinding {
  const repo = settings.githubRepo;
  if (response.status === 200) return passed('repository', repo);
  if (response.status === 404) return failed('repository', `${repo} is not to be seen (404)`, settings.githubToken === null ? 'Correct github_repo; for a private repository set GITHUB_TOKEN.' : 'Correct github_repo, or give the token Contents: read for it.');
  return failed('repository', `${repo}: GitHub answers ${response.status}`, response.status === 403 ? 'The token may not read it, or the rate limit is spent: see above.' : 'Try again later.');
}

/** Never throws: what cannot be reached is a finding. */
export async function examineNetwork(parts: { readonly settings: Settings; readonly clock: Clock; readonly fetch: Fetch }): Promise<DoctorFinding[]> {
  const { settings, clock, fetch } = parts;
  try {
    const limit = await get(fetch, settings, '/rate_limit');
    await limit.body?.cancel();
    const findings = [passed('network', `${settings.githubApiUrl} answers`), ...judgeSkew(limit, clock), judgeToken(limit, settings), ...judgeLimit(limit)];
    const repo = await get(fetch, settings, `/repos/${settings.githubRepo}`);
    await repo.body?.cancel();
    return [...findings, judgeRepository(repo, settings)];
  } catch (thrown) {
    const hint = thrown instanceof HoldlineError && thrown.hint !== undefined ? thrown.hint : 'Check network, DNS, proxy (https_proxy) and the clock; github_api_url for GitHub Enterprise.';
    return [failed('network', `${settings.githubApiUrl} cannot be reached: ${reasonOf(thrown)}`, hint)];
  }
}
