// One small file of the default branch, by the contents API: asked with its ETag, bounded, JSON only. Nothing it says is trusted here.
import { HoldlineError } from '../domain/errors.js';
import type { SourceFile } from '../domain/ports.js';
import type { GithubAccess } from './ask-github.js';
import { createOctokitFetch } from './octokit-fetch.js';

export async function readGithubFile(access: GithubAccess, path: string, etag: string | null, maxBytes: number, signal: AbortSignal): Promise<SourceFile> {
  const doing = `read ${path} of ${access.repo}`;
  const url = `${access.apiUrl}/repos/${access.repo}/contents/${path.split('/').map(encodeURIComponent).join('/')}`;
  const ask = createOctokitFetch(access, doing, signal);
  try {
    const answer = await ask(url, { headers: { accept: 'application/vnd.github+json', ...(etag === null ? {} : { 'if-none-match': etag }) } });
    if (answer.status === 304) return { kind: 'unchanged' };
    const content = readContent(JSON.parse(await answer.text()));
    if (content === undefined) throw new HoldlineError('source-invalid', `cannot ${doing}: the answer is no file`, { hint: 'Is it a folder or a link there? It must be a file of its own.' });
    if (content.length > maxBytes) throw new HoldlineError('source-invalid', `cannot ${doing}: it has ${content.length} bytes, more than ${maxBytes}`, { hint: 'Nothing of it was used.' });
    return { kind: 'content', content, etag: answer.headers.get('etag') ?? null };
  } catch (error) {
    if (error instanceof HoldlineError && error.code === 'source-not-found') return { kind: 'missing' };
    throw error;
  }
}

/** Lines of base64; GitHub gives files above a megabyte without content, which is none for us. */
function readContent(answer: unknown): Buffer | undefined {
  if (typeof answer !== 'object' || answer === null || !('type' in answer) || answer.type !== 'file') return undefined;
  if (!('encoding' in answer) || answer.encoding !== 'base64' || !('content' in answer) || typeof answer.content !== 'string') return undefined;
  const text = answer.content.replaceAll(/\s/g, '');
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
