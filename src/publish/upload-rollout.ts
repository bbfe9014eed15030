// The rollout statement on the default branch of a GitHub repository, through the contents API: read with its sha, replaced only where nobody
// changed it meanwhile. The signature goes first, so that no device sees a statement whose signature is not there yet.
import type { Octokit } from '@octokit/rest';
import { HoldlineError } from '../domain/errors.js';
import type { Fetch } from '../domain/ports.js';
import { rolloutPath, type SignedRollout } from '../domain/rollout.js';
import type { RolloutScope } from './change-rollout.js';
import { createPublisherApi, explainGithub, statusOf } from './github-api.js';

export interface RolloutPlace { readonly fetch: Fetch; readonly apiUrl: string; readonly token: string; readonly scope: RolloutScope }

interface There { readonly text: string; readonly sha: string }

export interface OnlineRollout {
  /** What devices see now; null: nothing. */
  readonly signed: SignedRollout | null;
  /** @returns a page of the commit */
  replace(next: SignedRollout, message: string): Promise<string>;
}

export async function openOnlineRollout(place: RolloutPlace, signal: AbortSignal): Promise<OnlineRollout> {
  const api = createPublisherApi(place.fetch, place.apiUrl, place.token, signal);
  const [owner = '', repo = ''] = place.scope.repo.split('/');
  const where = { owner, repo };
  const path = rolloutPath(place.scope.channel, place.scope.component);
  const there = await readThere(api, { ...where, path });
  const signature = await readThere(api, { ...where, path: `${path}.minisig` });
  const put = async (file: string, content: string, before: Pick<There, 'sha'> | null, message: string): Promise<{ readonly page: string; readonly sha: string }> => {
    const { data } = await ask(`write ${file} of ${place.scope.repo}`, () => api.rest.repos.createOrUpdateFileContents({
      ...where, path: file, message, content: Buffer.from(content).toString('base64'), ...(before === null ? {} : { sha: before.sha }),
    }));
    return { page: data.commit.html_url ?? '', sha: data.content?.sha ?? '' };
  };
  return {
    signed: there === null ? null : { text: there.text, signature: signature?.text ?? null },
    async replace(next, message) {
      const written = next.signature === null ? null : await put(`${path}.minisig`, next.signature, signature, message);
      try { return (await put(path, next.text, there, message)).page; } catch (thrown) {
        // The old statement stays, so its signature must stand beside it again.
        if (written !== null && signature !== null) await put(`${path}.minisig`, signature.text, written, `${message} (taken back)`).catch(() => undefined);
        throw thrown;
      }
    },
  };
}

async function readThere(api: Octokit, file: { readonly owner: string; readonly repo: string; readonly path: string }): Promise<There | null> {
  try {
    const { data } = await api.rest.repos.getContent(file);
    if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) throw new HoldlineError('source-invalid', `cannot change the rollout: ${file.path} of ${file.owner}/${file.repo} is no file`, { hint: 'It must be a plain file on the default branch.' });
    return { text: Buffer.from(data.content, 'base64').toString('utf8'), sha: data.sha };
  } catch (thrown) {
    if (statusOf(thrown) === 404) return null;
    throw explainGithub(thrown, `read ${file.path}`);
  }
}

async function ask<Answer>(doing: string, act: () => Promise<Answer>): Promise<Answer> {
  try { return await act(); } catch (thrown) {
    if (statusOf(thrown) === 409) throw new HoldlineError('source-invalid', `cannot ${doing}: somebody changed it meanwhile`, { hint: 'Run it again: it goes on from what is there now.', cause: thrown });
    throw explainGithub(thrown, doing);
  }
}
