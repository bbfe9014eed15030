// The attestations GitHub keeps for content of one digest, as it hands them out. Nothing here is trusted: who asked verifies.
// Only bundles inside the answer are taken; an address elsewhere is never followed.
import { HoldlineError } from '../domain/errors.js';
import type { GithubAccess } from './ask-github.js';
import { createOctokitFetch } from './octokit-fetch.js';

const PAGE_SIZE = 100;

export async function listAttestations(access: GithubAccess, sha256: string, signal: AbortSignal): Promise<readonly unknown[]> {
  const doing = `ask for attestations of ${access.repo}`;
  const url = `${access.apiUrl}/repos/${access.repo}/attestations/sha256:${sha256}?per_page=${PAGE_SIZE}`;
  const ask = createOctokitFetch(access, doing, signal);
  let text: string;
  try {
    text = await (await ask(url, { headers: { accept: 'application/vnd.github+json' } })).text();
  } catch (error) {
    // There are none, or this token may not see them (attestations: read).
    if (error instanceof HoldlineError && error.code === 'source-not-found') return [];
    throw error;
  }
  const bundles = readBundles(JSON.parse(text));
  if (bundles === undefined) throw new HoldlineError('source-invalid', `cannot ${doing}: the answer makes no sense`, { hint: 'Check github_api_url.' });
  const inside = bundles.filter((bundle) => bundle !== null && bundle !== undefined);
  if (inside.length < bundles.length) access.log.warn('GitHub names attestations without handing them out: put the bundle into the release as an asset', { count: bundles.length - inside.length });
  return inside;
}

function readBundles(answer: unknown): readonly unknown[] | undefined {
  if (typeof answer !== 'object' || answer === null || !('attestations' in answer) || !Array.isArray(answer.attestations)) return undefined;
  return answer.attestations.map((one: unknown) => (typeof one === 'object' && one !== null && 'bundle' in one ? one.bundle : null));
}
