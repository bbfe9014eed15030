// The JSON of the contents API, field for field as GitHub's OpenAPI description has it (a test holds them against it).
import { createHash } from 'node:crypto';
import type { StoredFile } from './contents.js';
import type { StoredRepository } from './github-store.js';
import type { Origins } from './render-json.js';

function addresses(origins: Origins, repository: StoredRepository, { path, sha }: StoredFile): { self: string; git: string; html: string; download: string } {
  const full = `${repository.owner}/${repository.name}`;
  return {
    self: `${origins.api}/repos/${full}/contents/${path}?ref=main`, git: `${origins.api}/repos/${full}/git/blobs/${sha}`,
    html: `${origins.web}/${full}/blob/main/${path}`, download: `${origins.web}/raw/${full}/main/${path}`,
  };
}

function describe(origins: Origins, repository: StoredRepository, file: StoredFile): object {
  const { self, git, html, download } = addresses(origins, repository, file);
  return {
    name: file.path.slice(file.path.lastIndexOf('/') + 1), path: file.path, sha: file.sha, size: file.bytes.length, url: self, html_url: html, git_url: git, download_url: download,
    type: 'file', _links: { self, git, html },
  };
}

/** GitHub breaks the base64 into lines of 60. */
export function renderFile(origins: Origins, repository: StoredRepository, file: StoredFile): object {
  return { ...describe(origins, repository, file), content: file.bytes.toString('base64').replaceAll(/.{1,60}/g, '$&\n'), encoding: 'base64' };
}

export function renderCommit(origins: Origins, repository: StoredRepository, file: StoredFile, message: string, now: Date): object {
  const at = `${origins.api}/repos/${repository.owner}/${repository.name}/git`;
  const sha = createHash('sha1').update(`${file.sha} ${message} ${now.toISOString()}`).digest('hex');
  const who = { name: repository.owner, email: `${repository.owner}@localhost.test`, date: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  return {
    content: describe(origins, repository, file),
    commit: {
      sha, node_id: Buffer.from(`C${sha}`).toString('base64url'), url: `${at}/commits/${sha}`, html_url: `${origins.web}/${repository.owner}/${repository.name}/commit/${sha}`,
      author: who, committer: who, message, tree: { url: `${at}/trees/${sha}`, sha }, parents: [], verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
    },
  };
}
