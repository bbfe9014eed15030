// The assets of a folder as a GitHub release: a draft first, every asset uploaded and checked, published last. A run that was cut off is
// continued: the draft is found again, what is in it complete is kept, what is broken is replaced. A published release is never changed.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Octokit, RestEndpointMethodTypes } from '@octokit/rest';
import { HoldlineError } from '../domain/errors.js';
import type { Clock, Fetch, Filesystem, Logger } from '../domain/ports.js';
import { checkUploadUrl, createPublisherApi, explainGithub, isPassing, statusOf } from './github-api.js';

export interface UploadDependencies { readonly fs: Filesystem; readonly clock: Clock; readonly fetch: Fetch; readonly log: Logger }

export interface UploadRequest {
  readonly repo: string;
  readonly apiUrl: string;
  readonly token: string;
  readonly tag: string;
  /** The prerelease mark on GitHub. */
  readonly prerelease: boolean;
  readonly notes: string;
  /** Paths of the assets. */
  readonly files: readonly string[];
}

export interface UploadResult { /** Page for people. */ readonly url: string; readonly uploaded: readonly string[]; readonly kept: readonly string[] }

type Release = RestEndpointMethodTypes['repos']['listReleases']['response']['data'][number];
type Asset = Release['assets'][number];
interface Sent { readonly name: string; readonly size: number; readonly digest: string }
interface LocalAsset extends Sent { readonly bytes: Buffer<ArrayBuffer> }

const MAX_ASSET_BYTES = 2 * 2 ** 30;
const MAX_RETRIES = 4;
const RETRY_DELAY_MS = 2_000;

export async function uploadRelease(deps: UploadDependencies, request: UploadRequest, signal: AbortSignal): Promise<UploadResult> {
  const [owner = '', repo = ''] = request.repo.split('/');
  const publisher = new Publisher(deps, request, createPublisherApi(deps.fetch, request.apiUrl, request.token, signal), { owner, repo }, signal);
  return await publisher.run();
}

class Publisher {
  readonly #sent: Sent[] = [];

  constructor(
    private readonly deps: UploadDependencies, private readonly request: UploadRequest, private readonly api: Octokit,
    private readonly where: { readonly owner: string; readonly repo: string }, private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<UploadResult> {
    const draft = await this.#draft();
    const uploaded: string[] = [];
    const kept: string[] = [];
    for (const path of this.request.files) {
      // One at a time in memory; a publisher has it.
      const asset = this.#read(path);
      this.#sent.push({ name: asset.name, size: asset.size, digest: asset.digest });
      const there = draft.assets.find(({ name }) => name === asset.name);
      if (there !== undefined && isSame(there, asset)) kept.push(asset.name);
      else {
        await this.#replace(draft, asset, there);
        uploaded.push(asset.name);
      }
    }
    await this.#check(draft);
    const published = await this.#ask('publish the release', () => this.api.rest.repos.updateRelease({
      ...this.where, release_id: draft.id, tag_name: this.request.tag, name: this.request.tag, body: this.request.notes, prerelease: this.request.prerelease, draft: false,
    }));
    return { url: published.data.html_url, uploaded, kept };
  }

  /** Ours from an earlier run, or a new one. */
  async #draft(): Promise<Release> {
    const { tag } = this.request;
    const all = await this.#ask('list the releases', () => this.api.paginate(this.api.rest.repos.listReleases, { ...this.where, per_page: 100 }));
    const same = all.filter((release) => release.tag_name === tag);
    const published = same.find((release) => !release.draft);
    if (published !== undefined) {
      throw new HoldlineError('source-invalid', `cannot publish ${tag}: it is published already (${published.html_url})`, { hint: 'A published release is never changed: devices may have it. Raise the version.' });
    }
    const [draft, second] = same;
    if (second !== undefined) throw new HoldlineError('source-invalid', `cannot publish ${tag}: there are two drafts for it`, { hint: 'Delete one of them on GitHub.' });
    if (draft !== undefined) {
      this.deps.log.info('going on with the draft of an earlier run', { tag, assets: draft.assets.length });
      return draft;
    }
    const made = await this.#ask('create the draft', () => this.api.rest.repos.createRelease({
      ...this.where, tag_name: tag, name: tag, body: this.request.notes, prerelease: this.request.prerelease, draft: true,
    }));
    return made.data;
  }

  #read(path: string): LocalAsset {
    const bytes = Buffer.from(this.deps.fs.readBytes(path, MAX_ASSET_BYTES));
    return { name: basename(path), size: bytes.length, bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
  }

  async #replace(draft: Release, asset: LocalAsset, there: Asset | undefined): Promise<void> {
    const url = checkUploadUrl(draft.upload_url, this.request.apiUrl);
    let broken = there;
    await this.#ask(`upload ${asset.name}`, async () => {
      if (broken !== undefined) await this.#delete(broken.id);
      broken = undefined;
      try {
        await this.api.request({ method: 'POST', url: `${url}?name=${encodeURIComponent(asset.name)}`, data: asset.bytes, headers: { 'content-type': 'application/octet-stream', 'content-length': String(asset.bytes.length) } });
      } catch (thrown) {
        // Whatever of it arrived has the name now; the next try replaces it.
        broken = (await this.#assets(draft)).find(({ name }) => name === asset.name);
        if (broken !== undefined && isSame(broken, asset)) return;
        throw thrown;
      }
    });
  }

  async #delete(id: number): Promise<void> {
    try {
      await this.api.rest.repos.deleteReleaseAsset({ ...this.where, asset_id: id });
    } catch (thrown) {
      if (statusOf(thrown) !== 404) throw thrown;
    }
  }

  async #assets(draft: Release): Promise<Asset[]> {
    return await this.api.paginate(this.api.rest.repos.listReleaseAssets, { ...this.where, release_id: draft.id, per_page: 100 });
  }

  /** What the server has now, before anybody sees it. */
  async #check(draft: Release): Promise<void> {
    const there = await this.#ask('check the uploaded assets', () => this.#assets(draft));
    for (const asset of this.#sent) {
      const found = there.find(({ name }) => name === asset.name);
      if (found === undefined || !isSame(found, asset)) {
        throw new HoldlineError('artifact-digest', `cannot publish: GitHub does not have ${asset.name} as it was sent. The release stays a draft`, { hint: 'Run it again: the asset is uploaded anew.' });
      }
    }
  }

  /** Bounded tries for what passes by itself; anything else at once. */
  async #ask<Answer>(doing: string, ask: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await ask();
      } catch (thrown) {
        const error = explainGithub(thrown, doing);
        if (!isPassing(error) || tries >= MAX_RETRIES || this.signal.aborted) throw error;
        this.deps.log.warn('trying again', { doing, reason: error.message });
        await this.deps.clock.sleep(RETRY_DELAY_MS * 2 ** tries, this.signal);
      }
    }
  }
}

/** By digest; by size alone only where the server states no digest (old Enterprise servers). */
function isSame(there: Asset, asset: Sent): boolean {
  if (there.state !== 'uploaded' || there.size !== asset.size) return false;
  const digest = 'digest' in there ? there.digest : null;
  return digest === null || digest === undefined || digest === asset.digest;
}
