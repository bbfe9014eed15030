// The reading half of the local GitHub's API: releases, assets, source tarballs, repository, user, rate limit.
import type { ApiCall } from './api-context.js';
import { answerCached, answerError, answerJson, limitHeaders, mayRead, mayWrite } from './api-context.js';
import { readContents } from './contents.js';
import type { StoredRelease, StoredRepository } from './github-store.js';
import { renderAsset, renderRateLimit, renderRelease, renderRepository, renderUser } from './render-json.js';
import { answerFault } from './send-body.js';
import { sendAsset } from './storage-server.js';

/** Newest first by creation, as GitHub lists them; drafts only for who may push. */
function visibleReleases(call: ApiCall, repository: StoredRepository): StoredRelease[] {
  const all = repository.releases.filter((release) => !release.draft || mayWrite(call, repository));
  return all.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id - a.id);
}

function listReleases(call: ApiCall, repository: StoredRepository): void {
  const number = (name: string, fallback: number): number => Math.max(1, Math.trunc(Number(call.url.searchParams.get(name) ?? fallback)) || fallback);
  const perPage = Math.min(100, number('per_page', 30));
  const page = number('page', 1);
  const all = visibleReleases(call, repository);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  // GitHub's own links name the repository by its number.
  const link = (to: number, rel: string): string => `<${call.world.origins.api}/repositories/${repository.id}/releases?per_page=${perPage}&page=${to}>; rel="${rel}"`;
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []), ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []), ...(page > 1 ? [link(1, 'first')] : []),
  ];
  const body = all.slice((page - 1) * perPage, page * perPage).map((release) => renderRelease(call.world.origins, repository, release));
  answerCached(call, body, links.length === 0 ? {} : { link: links.join(', ') });
}

/** By commit date, not by version: the trap real GitHub has. */
function latestRelease(call: ApiCall, repository: StoredRepository): void {
  const found = visibleReleases(call, repository).find((release) => !release.draft && !release.prerelease);
  if (found === undefined) return answerError(call, 404, 'Not Found');
  return answerCached(call, renderRelease(call.world.origins, repository, found));
}

async function showAsset(call: ApiCall, repository: StoredRepository, id: number): Promise<void> {
  const { world } = call;
  for (const release of visibleReleases(call, repository)) {
    const asset = release.assets.find((candidate) => candidate.id === id);
    if (asset === undefined) continue;
    if (!(call.request.headers.accept ?? '').includes('application/octet-stream')) return answerCached(call, renderAsset(world.origins, repository, release, asset));
    if (asset.state !== 'uploaded') break;
    if (!world.direct()) return redirect(call, world.storageOrigin + world.storage.signAsset(asset));
    const fault = world.faults.next('storage', asset.name);
    if (answerFault(call.response, fault)) return undefined;
    for (const [name, value] of Object.entries(limitHeaders(call))) call.response.setHeader(name, value);
    return sendAsset(call.request, call.response, asset, fault);
  }
  return answerError(call, 404, 'Not Found');
}

function redirect(call: ApiCall, to: string): void {
  call.response.writeHead(302, { location: to, ...limitHeaders(call), 'content-type': 'text/html;charset=utf-8', 'cache-control': 'no-cache' });
  call.response.end();
}

function sendTarball(call: ApiCall, repository: StoredRepository, ref: string): void {
  const tag = ref.replace(/^refs\/tags\//, '');
  const release = repository.releases.find((candidate) => candidate.tag === tag && !candidate.draft);
  if (release === undefined) return answerError(call, 404, 'Not Found');
  return redirect(call, call.world.storageOrigin + call.world.storage.signSource(repository, release));
}

function listAttestations(call: ApiCall, repository: StoredRepository, digest: string): void {
  const attestations = repository.attestations.get(digest);
  if (attestations === undefined) return answerError(call, 404, 'Not Found');
  return answerCached(call, { attestations });
}

function showRelease(call: ApiCall, repository: StoredRepository, wanted: (release: StoredRelease) => boolean): void {
  const found = visibleReleases(call, repository).find(wanted);
  if (found === undefined) return answerError(call, 404, 'Not Found');
  return answerCached(call, renderRelease(call.world.origins, repository, found));
}

export function answerRateLimit(call: ApiCall): void {
  answerJson(call, 200, renderRateLimit(call.world.limits.read(call.token)));
}

export function answerUser(call: ApiCall): void {
  if (call.token === null) return answerError(call, 401, 'Requires authentication');
  return answerCached(call, renderUser(call.world.origins, 'octocat'));
}

/** `rest`: the path below the repository, decoded. */
export async function routeRead(call: ApiCall, repository: StoredRepository, rest: string): Promise<void> {
  if (!mayRead(call, repository)) return answerError(call, 404, 'Not Found');
  if (rest === '') return answerCached(call, renderRepository(call.world.origins, repository, call.token === null ? null : { push: mayWrite(call, repository) }));
  if (rest === 'releases') return listReleases(call, repository);
  if (rest === 'releases/latest') return latestRelease(call, repository);
  const asset = /^releases\/assets\/(\d+)$/.exec(rest)?.[1];
  if (asset !== undefined) return showAsset(call, repository, Number(asset));
  const assetsOf = /^releases\/(\d+)\/assets$/.exec(rest)?.[1];
  if (assetsOf !== undefined) {
    const release = visibleReleases(call, repository).find((candidate) => candidate.id === Number(assetsOf));
    if (release === undefined) return answerError(call, 404, 'Not Found');
    return answerCached(call, release.assets.map((one) => renderAsset(call.world.origins, repository, release, one)));
  }
  const id = /^releases\/(\d+)$/.exec(rest)?.[1];
  if (id !== undefined) return showRelease(call, repository, (release) => release.id === Number(id));
  const tag = /^releases\/tags\/(.+)$/.exec(rest)?.[1];
  if (tag !== undefined) return showRelease(call, repository, (release) => release.tag === tag && !release.draft);
  const file = /^contents\/(.+)$/.exec(rest)?.[1];
  if (file !== undefined) return readContents(call, repository, file);
  const digest = /^attestations\/(.+)$/.exec(rest)?.[1];
  if (digest !== undefined) return listAttestations(call, repository, digest);
  const ref = /^tarball\/(.+)$/.exec(rest)?.[1];
  if (ref !== undefined) return sendTarball(call, repository, ref);
  return answerError(call, 404, 'Not Found');
}
