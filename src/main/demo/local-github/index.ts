// A faithful local GitHub for tests and the demo: API, uploads and storage as separate origins on 127.0.0.1,
// with every fault on demand. It listens on loopback only and needs nothing but Node.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenRights } from './api-context.js';
import { handleApi } from './api-server.js';
import type { Fault, FaultOrigin } from './faults.js';
import { createFaults } from './faults.js';
import type { Content, ReleaseDescription, StoredAsset, StoredRelease, StoredRepository } from './github-store.js';
import { createGithubStore } from './github-store.js';
import { createRateLimits } from './rate-limits.js';
import { createStorage } from './storage-server.js';
import { handleWeb } from './web-server.js';
import { changeAsset, findRelease } from './change-release.js';
import { storeFile } from './contents.js';

export type { Fault, FaultKind, FaultOrigin } from './faults.js';
export type { AssetDescription, Content, ReleaseDescription, StoredAsset, StoredRelease } from './github-store.js';
export type { TokenRights } from './api-context.js';

export interface LocalGitHubOptions {
  /** Known tokens; any other is `Bad credentials`. */
  readonly tokens?: Readonly<Record<string, TokenRights>>;
  /** `/api/v3` for an Enterprise server. */
  readonly basePath?: string;
  /** Requests an hour; default 60 and 5000 as GitHub. */
  readonly limits?: { readonly anonymous?: number; readonly token?: number };
  /** Life of a signed link; default 5 minutes. */
  readonly linkLifeMs?: number;
  /** Answer asset requests with 200 from the API itself instead of 302. */
  readonly direct?: boolean;
  readonly now?: () => Date;
}

export interface LoggedRequest {
  readonly origin: FaultOrigin;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** 0 while unanswered, or closed without an answer. */
  readonly status: number;
}

export interface LocalGitHub {
  /** Give this to the updater as its API URL. */
  readonly apiUrl: string;
  readonly storageUrl: string;
  readonly uploadUrl: string;
  /** Where people look, and public downloads are. */
  readonly webUrl: string;
  /** Every request so far, in order. */
  readonly requests: readonly LoggedRequest[];
  addRepository(fullName: string, options?: { readonly private?: boolean }): void;
  /** Adds the repository too when it is new. */
  addRelease(fullName: string, release: ReleaseDescription): Promise<StoredRelease>;
  removeRelease(fullName: string, tag: string): void;
  /** Moves a release to another tag. */
  retag(fullName: string, from: string, to: string): void;
  /** Replaces, adds or re-describes an asset in place. */
  changeAsset(fullName: string, tag: string, name: string, change: Partial<Pick<StoredAsset, 'state' | 'digest'>> & { readonly content?: Content }): Promise<void>;
  /** `bundle` null: named by an address only. */
  addAttestation(fullName: string, sha256: string, bundle: unknown): void;
  /** A file of the default branch; null takes it away. */
  putFile(fullName: string, path: string, content: Buffer | string | null): void;
  fault(fault: Fault): void;
  clearFaults(): void;
  setRateLimit(token: string | null, remaining: number, resetInSeconds: number): void;
  setDirect(direct: boolean): void;
  setLinkLife(ms: number): void;
  /** Stops listening and cuts every open connection: from then on, connections are refused. */
  close(): Promise<void>;
}

interface Origin { readonly server: Server; readonly url: string }

async function listen(name: FaultOrigin, log: LoggedRequest[], handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<Origin> {
  const server = createServer((request, response) => {
    const entry = { origin: name, method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, status: 0 };
    log.push(entry);
    const { writeHead } = response;
    response.writeHead = ((...args: Parameters<typeof writeHead>) => {
      entry.status = args[0];
      return writeHead.apply(response, args);
    }) as typeof writeHead;
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function closeOrigin(origin: Origin): Promise<void> {
  const closed = new Promise<void>((resolve) => { origin.server.close(() => resolve()); });
  origin.server.closeAllConnections();
  await closed;
}

export async function startLocalGitHub(options: LocalGitHubOptions = {}): Promise<LocalGitHub> {
  const now = options.now ?? ((): Date => new Date());
  const basePath = options.basePath ?? '';
  let direct = options.direct ?? false;
  let linkLifeMs = options.linkLifeMs ?? 300_000;
  const requests: LoggedRequest[] = [];
  const store = createGithubStore(now);
  const faults = createFaults();
  const limits = createRateLimits(now, { anonymous: options.limits?.anonymous ?? 60, token: options.limits?.token ?? 5000 });
  const storage = createStorage(store, faults, now, () => linkLifeMs);
  const known = new Map<number, StoredRepository>();
  const origins = { api: '', upload: '', web: '' };
  const world = { store, storage, limits, faults, origins, storageOrigin: '', tokens: new Map(Object.entries(options.tokens ?? {})), direct: () => direct, now };
  const shared = { world, findById: (id: number) => known.get(id) };

  const storageOrigin = await listen('storage', requests, (request, response) => storage.handle(request, response));
  const api = await listen('api', requests, (request, response) => handleApi({ ...shared, basePath, uploads: false }, request, response));
  const upload = await listen('upload', requests, (request, response) => handleApi({ ...shared, basePath: '', uploads: true }, request, response));
  const web = await listen('web', requests, (request, response) => handleWeb(world, request, response));
  Object.assign(origins, { api: api.url + basePath, upload: upload.url, web: web.url });
  world.storageOrigin = storageOrigin.url;

  const ensure = (fullName: string, isPrivate?: boolean): StoredRepository => {
    const repository = store.ensureRepository(fullName, isPrivate);
    known.set(repository.id, repository);
    return repository;
  };
  return {
    apiUrl: origins.api, storageUrl: storageOrigin.url, uploadUrl: upload.url, webUrl: web.url, requests,
    addRepository: (fullName, about) => { ensure(fullName, about?.private); },
    addRelease: (fullName, release) => store.release(ensure(fullName), release),
    removeRelease(fullName, tag) {
      const repository = ensure(fullName);
      repository.releases = repository.releases.filter((release) => release.tag !== tag);
    },
    retag: (fullName, from, to) => { findRelease(ensure(fullName), from).tag = to; },
    changeAsset: (fullName, tag, name, change) => changeAsset(store, findRelease(ensure(fullName), tag), name, change),
    addAttestation(fullName, sha256, bundle) {
      const { attestations, id } = ensure(fullName);
      const key = `sha256:${sha256}`;
      attestations.set(key, [...attestations.get(key) ?? [], { bundle, repository_id: id, bundle_url: `${storageOrigin.url}/attestation` }]);
    },
    putFile(fullName, path, content) {
      const repository = ensure(fullName);
      if (content === null) repository.files.delete(path); else storeFile(repository, path, Buffer.from(content));
    },
    fault: faults.add,
    clearFaults: faults.clear,
    setRateLimit: limits.set,
    setDirect: (value) => { direct = value; },
    setLinkLife: (ms) => { linkLifeMs = ms; },
    close: async () => { await Promise.all([storageOrigin, api, upload, web].map(closeOrigin)); },
  };
}
