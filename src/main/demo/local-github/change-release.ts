// Changes to what the local GitHub already shows, as a publisher or an attacker would make them.
import type { Content, GithubStore, StoredAsset, StoredRelease, StoredRepository } from './github-store.js';

export function findRelease(repository: StoredRepository, tag: string): StoredRelease {
  const found = repository.releases.find((release) => release.tag === tag);
  if (found === undefined) throw new Error(`the local GitHub has no release ${tag} in ${repository.owner}/${repository.name}`);
  return found;
}

/** New bytes keep the asset's id, as nothing real does, so that tests can swap them under a resumed download; their etag changes. */
export async function changeAsset(
  store: GithubStore, release: StoredRelease, name: string, change: Partial<Pick<StoredAsset, 'state' | 'digest'>> & { readonly content?: Content },
): Promise<void> {
  const found = release.assets.find((asset) => asset.name === name);
  if (found === undefined) {
    release.assets.push(await store.asset(name, { content: Buffer.alloc(0), ...change }));
    return;
  }
  if (change.content !== undefined) {
    const { content, size, digest, etag } = await store.asset(name, { content: change.content });
    Object.assign(found, { content, size, digest, etag });
  }
  if (change.state !== undefined) found.state = change.state;
  if (change.digest !== undefined) found.digest = change.digest;
}
