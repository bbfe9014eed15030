// The publisher's half of the local GitHub's API: create a release, upload assets, publish, delete.
import type { ApiCall } from './api-context.js';
import { answerError, answerJson, mayRead, mayWrite, readBody } from './api-context.js';
import { writeContents } from './contents.js';
import type { StoredRelease, StoredRepository } from './github-store.js';
import { renderAsset, renderRelease } from './render-json.js';

interface ReleaseFields { readonly tag_name?: unknown; readonly name?: unknown; readonly body?: unknown; readonly draft?: unknown; readonly prerelease?: unknown }

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const flagOf = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

async function readFields(call: ApiCall): Promise<ReleaseFields | undefined> {
  try {
    const parsed: unknown = JSON.parse((await readBody(call.request)).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const invalid = (call: ApiCall, resource: string, field: string, code: string): void => answerError(call, 422, 'Validation Failed', [{ resource, code, field }]);

const tagTaken = (repository: StoredRepository, tag: string, except?: StoredRelease): boolean =>
  repository.releases.some((release) => release !== except && release.tag === tag && !release.draft);

async function createRelease(call: ApiCall, repository: StoredRepository): Promise<void> {
  const fields = await readFields(call);
  if (fields === undefined) return answerError(call, 400, 'Problems parsing JSON');
  const tag = textOf(fields.tag_name);
  if (tag === undefined || tag === '') return invalid(call, 'Release', 'tag_name', 'missing_field');
  const draft = flagOf(fields.draft) ?? false;
  if (!draft && tagTaken(repository, tag)) return invalid(call, 'Release', 'tag_name', 'already_exists');
  const release = await call.world.store.release(repository, {
    tag, draft, name: textOf(fields.name) ?? tag, notes: textOf(fields.body) ?? '', prerelease: flagOf(fields.prerelease) ?? false,
  });
  return answerJson(call, 201, renderRelease(call.world.origins, repository, release), { location: `${call.world.origins.api}/repos/${repository.owner}/${repository.name}/releases/${release.id}` });
}

async function changeRelease(call: ApiCall, repository: StoredRepository, release: StoredRelease): Promise<void> {
  const fields = await readFields(call);
  if (fields === undefined) return answerError(call, 400, 'Problems parsing JSON');
  const draft = flagOf(fields.draft) ?? release.draft;
  const tag = textOf(fields.tag_name) ?? release.tag;
  if (!draft && tagTaken(repository, tag, release)) return invalid(call, 'Release', 'tag_name', 'already_exists');
  release.tag = tag;
  release.name = textOf(fields.name) ?? release.name;
  release.notes = textOf(fields.body) ?? release.notes;
  release.prerelease = flagOf(fields.prerelease) ?? release.prerelease;
  if (release.draft && !draft) release.publishedAt = call.world.now().toISOString().replace(/\.\d+Z$/, 'Z');
  release.draft = draft;
  return answerJson(call, 200, renderRelease(call.world.origins, repository, release));
}

/** GitHub renames what has spaces or other special characters. */
const storedName = (name: string): string => name.replaceAll(/[^A-Za-z0-9._+-]+/g, '.').replaceAll(/^\.+|\.+$/g, '');

async function uploadAsset(call: ApiCall, repository: StoredRepository, release: StoredRelease): Promise<void> {
  const name = storedName(call.url.searchParams.get('name') ?? '');
  const content = await readBody(call.request);
  if (name === '') return invalid(call, 'ReleaseAsset', 'name', 'missing_field');
  const length = call.request.headers['content-length'];
  if (length === undefined) return answerError(call, 411, 'Length Required');
  if (release.assets.some((asset) => asset.name === name)) return invalid(call, 'ReleaseAsset', 'name', 'already_exists');
  const asset = await call.world.store.asset(name, { content, contentType: call.request.headers['content-type'] ?? 'application/octet-stream' });
  release.assets.push(asset);
  return answerJson(call, 201, renderAsset(call.world.origins, repository, release, asset));
}

function answerGone(call: ApiCall): void {
  call.response.writeHead(204);
  call.response.end();
}

function deleteAsset(call: ApiCall, repository: StoredRepository, id: number): void {
  const release = repository.releases.find((candidate) => candidate.assets.some((asset) => asset.id === id));
  if (release === undefined) return answerError(call, 404, 'Not Found');
  release.assets = release.assets.filter((asset) => asset.id !== id);
  return answerGone(call);
}

export async function routeWrite(call: ApiCall, repository: StoredRepository, rest: string, uploads: boolean): Promise<void> {
  // As GitHub: a repository one may not write to is 404 when one may not even see it, else 403; without a token 401.
  if (call.token === null) return answerError(call, mayRead(call, repository) ? 401 : 404, mayRead(call, repository) ? 'Requires authentication' : 'Not Found');
  if (!mayRead(call, repository)) return answerError(call, 404, 'Not Found');
  if (!mayWrite(call, repository)) return answerError(call, 403, 'Resource not accessible by personal access token');
  const { method } = call.request;
  const parts = /^releases\/(assets\/)?(\d+)(\/assets)?$/.exec(rest);
  if (method === 'POST' && rest === 'releases' && !uploads) return createRelease(call, repository);
  const file = /^contents\/(.+)$/.exec(rest)?.[1];
  if (method === 'PUT' && file !== undefined && !uploads) return writeContents(call, repository, file);
  if (parts === null) return answerError(call, 404, 'Not Found');
  const id = Number(parts[2]);
  if (method === 'DELETE' && parts[1] !== undefined) return deleteAsset(call, repository, id);
  const release = repository.releases.find((candidate) => candidate.id === id);
  if (release === undefined) return answerError(call, 404, 'Not Found');
  if (method === 'POST' && parts[3] !== undefined && uploads) return uploadAsset(call, repository, release);
  if (method === 'PATCH' && parts[1] === undefined && parts[3] === undefined) return changeRelease(call, repository, release);
  if (method === 'DELETE' && parts[1] === undefined && parts[3] === undefined) {
    repository.releases = repository.releases.filter((candidate) => candidate !== release);
    return answerGone(call);
  }
  return answerError(call, 404, 'Not Found');
}
