// Files on the default branch of the local GitHub: read and written through the contents API, one commit a file.
import { createHash } from 'node:crypto';
import type { ApiCall } from './api-context.js';
import { answerCached, answerError, answerJson, readBody } from './api-context.js';
import type { StoredRepository } from './github-store.js';
import { renderCommit, renderFile } from './render-contents.js';

export interface StoredFile { readonly path: string; readonly bytes: Buffer; readonly sha: string }

/** As git names a blob. */
const blobSha = (bytes: Buffer): string => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export function storeFile(repository: StoredRepository, path: string, bytes: Buffer): StoredFile {
  const file = { path, bytes, sha: blobSha(bytes) };
  repository.files.set(path, file);
  return file;
}

export function readContents(call: ApiCall, repository: StoredRepository, path: string): void {
  const file = repository.files.get(path);
  return file === undefined ? answerError(call, 404, 'Not Found') : answerCached(call, renderFile(call.world.origins, repository, file));
}

interface Fields { readonly message?: unknown; readonly content?: unknown; readonly sha?: unknown }

/** As GitHub: an existing file is replaced only by who names the sha it has now. */
export async function writeContents(call: ApiCall, repository: StoredRepository, path: string): Promise<void> {
  let fields: Fields;
  try { fields = JSON.parse((await readBody(call.request)).toString('utf8')) as Fields; } catch { return answerError(call, 400, 'Problems parsing JSON'); }
  const { message, content, sha } = fields;
  if (typeof message !== 'string' || message === '') return answerError(call, 422, 'Invalid request.\n\n"message" wasn\'t supplied.');
  if (typeof content !== 'string') return answerError(call, 422, 'Invalid request.\n\n"content" wasn\'t supplied.');
  const bytes = Buffer.from(content, 'base64');
  if (bytes.toString('base64') !== content.replaceAll('\n', '')) return answerError(call, 422, 'content is not valid Base64');
  const there = repository.files.get(path);
  if (there !== undefined && sha === undefined) return answerError(call, 422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  if ((there !== undefined && sha !== there.sha) || (there === undefined && sha !== undefined)) return answerError(call, 409, `${path} does not match ${typeof sha === 'string' ? sha : ''}`);
  const file = storeFile(repository, path, bytes);
  return answerJson(call, there === undefined ? 201 : 200, renderCommit(call.world.origins, repository, file, message, call.world.now()));
}
