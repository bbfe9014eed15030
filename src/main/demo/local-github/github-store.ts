// What the local GitHub knows: repositories, releases, assets and their bytes. It never touches the network.
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { StoredFile } from './contents.js';

/** Bytes in memory, or the path of a file. */
export type Content = Buffer | string;

export interface StoredAsset {
  readonly id: number;
  name: string;
  content: Content;
  size: number;
  /** `sha256:…`, or null as for assets uploaded before GitHub kept digests. */
  digest: string | null;
  /** Strong validator of the bytes, as object storage gives it. */
  etag: string;
  /** `open` while the upload is not finished. */
  state: 'uploaded' | 'open';
  contentType: string;
  createdAt: string;
}

export interface StoredRelease {
  readonly id: number;
  tag: string;
  name: string;
  notes: string;
  draft: boolean;
  prerelease: boolean;
  createdAt: string;
  publishedAt: string | null;
  assets: StoredAsset[];
  /** The source tarball; undefined answers with a tiny generated one. */
  source: Content | undefined;
}

export interface StoredRepository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  private: boolean;
  releases: StoredRelease[];
  /** `sha256:HEX` to what the attestations API answers for it. */
  readonly attestations: Map<string, unknown[]>;
  /** The default branch, by path. */
  readonly files: Map<string, StoredFile>;
}

/** An asset with more said about it than its bytes. */
export interface AssetDescription {
  readonly content: Content;
  readonly digest?: string | null;
  readonly state?: 'uploaded' | 'open';
  readonly contentType?: string;
}

export interface ReleaseDescription {
  readonly tag: string;
  readonly name?: string;
  readonly notes?: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  /** ISO 8601 UTC; default: now. */
  readonly createdAt?: string;
  readonly publishedAt?: string;
  readonly assets?: Readonly<Record<string, Content | AssetDescription>>;
  readonly source?: Content;
}

export const readContent = (content: Content): Buffer => (typeof content === 'string' ? readFileSync(content) : content);
export const sizeOf = (content: Content): number => (typeof content === 'string' ? statSync(content).size : content.length);

/** The bytes from `start` to `end` (inclusive), streamed when they are a file. */
export function* sliceContent(content: Buffer, start: number, end: number, chunk = 65_536): Generator<Buffer> {
  for (let at = start; at <= end; at += chunk) yield content.subarray(at, Math.min(at + chunk, end + 1));
}

export function streamContent(content: Content, start: number, end: number): Readable | Generator<Buffer> {
  return typeof content === 'string' ? createReadStream(content, { start, end }) : sliceContent(content, start, end);
}

async function digestOf(content: Content): Promise<string> {
  const hash = createHash('sha256');
  if (typeof content !== 'string') return hash.update(content).digest('hex');
  for await (const chunk of createReadStream(content)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export interface GithubStore {
  repository(owner: string, name: string): StoredRepository | undefined;
  ensureRepository(fullName: string, isPrivate?: boolean): StoredRepository;
  release(repository: StoredRepository, description: ReleaseDescription): Promise<StoredRelease>;
  asset(name: string, description: AssetDescription): Promise<StoredAsset>;
  /** Storage knows assets by id alone. */
  findAsset(id: number): StoredAsset | undefined;
}

export function createGithubStore(now: () => Date): GithubStore {
  const repositories = new Map<string, StoredRepository>();
  let lastId = 1000;
  const nextId = (): number => (lastId += 1);
  const stamp = (): string => now().toISOString().replace(/\.\d+Z$/, 'Z');

  const asset = async (name: string, given: AssetDescription): Promise<StoredAsset> => {
    const hex = await digestOf(given.content);
    return {
      id: nextId(), name, content: given.content, size: sizeOf(given.content), etag: `"${hex.slice(0, 20)}"`, state: given.state ?? 'uploaded',
      digest: given.digest === undefined ? `sha256:${hex}` : given.digest, contentType: given.contentType ?? 'application/octet-stream', createdAt: stamp(),
    };
  };

  return {
    asset,
    repository: (owner, name) => repositories.get(`${owner}/${name}`.toLowerCase()),
    ensureRepository(fullName, isPrivate) {
      const [owner = '', name = ''] = fullName.split('/');
      const key = fullName.toLowerCase();
      const found = repositories.get(key) ?? { id: nextId(), owner, name, private: false, releases: [], attestations: new Map(), files: new Map() };
      if (isPrivate !== undefined) found.private = isPrivate;
      repositories.set(key, found);
      return found;
    },
    async release(repository, given) {
      const assets: StoredAsset[] = [];
      for (const [name, content] of Object.entries(given.assets ?? {})) {
        assets.push(await asset(name, Buffer.isBuffer(content) || typeof content === 'string' ? { content } : content));
      }
      const createdAt = given.createdAt ?? stamp();
      const release: StoredRelease = {
        id: nextId(), tag: given.tag, name: given.name ?? given.tag, notes: given.notes ?? '', draft: given.draft ?? false, prerelease: given.prerelease ?? false,
        createdAt, publishedAt: given.draft === true ? null : given.publishedAt ?? createdAt, assets, source: given.source,
      };
      repository.releases.push(release);
      return release;
    },
    findAsset(id) {
      for (const repository of repositories.values()) {
        for (const release of repository.releases) {
          const found = release.assets.find((candidate) => candidate.id === id);
          if (found !== undefined) return found;
        }
      }
      return undefined;
    },
  };
}
