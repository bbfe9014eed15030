// The JSON of GitHub's answers, field for field as its OpenAPI description has them (a test holds them against it).
import type { StoredAsset, StoredRelease, StoredRepository } from './github-store.js';

export interface Origins { readonly api: string; readonly upload: string; readonly web: string }

const nodeId = (kind: string, id: number): string => Buffer.from(`${kind}${id}`).toString('base64url');

export function renderUser(origins: Origins, login: string): object {
  const at = `${origins.api}/users/${login}`;
  return {
    login, id: 1, node_id: nodeId('U', 1), avatar_url: `${origins.web}/images/${login}.png`, gravatar_id: '', url: at, html_url: `${origins.web}/${login}`,
    followers_url: `${at}/followers`, following_url: `${at}/following{/other_user}`, gists_url: `${at}/gists{/gist_id}`, starred_url: `${at}/starred{/owner}{/repo}`,
    subscriptions_url: `${at}/subscriptions`, organizations_url: `${at}/orgs`, repos_url: `${at}/repos`, events_url: `${at}/events{/privacy}`,
    received_events_url: `${at}/received_events`, type: 'User', site_admin: false, user_view_type: 'public',
  };
}

export function renderAsset(origins: Origins, repository: StoredRepository, release: StoredRelease, asset: StoredAsset): object {
  const full = `${repository.owner}/${repository.name}`;
  return {
    url: `${origins.api}/repos/${full}/releases/assets/${asset.id}`, id: asset.id, node_id: nodeId('RA', asset.id), name: asset.name, label: null,
    uploader: renderUser(origins, repository.owner), content_type: asset.contentType, state: asset.state, size: asset.size, digest: asset.digest, download_count: 0,
    created_at: asset.createdAt, updated_at: asset.createdAt,
    browser_download_url: `${origins.web}/${full}/releases/download/${encodeURIComponent(release.tag)}/${encodeURIComponent(asset.name)}`,
  };
}

export function renderRelease(origins: Origins, repository: StoredRepository, release: StoredRelease): object {
  const full = `${repository.owner}/${repository.name}`;
  const at = `${origins.api}/repos/${full}/releases/${release.id}`;
  const tag = encodeURIComponent(release.tag);
  return {
    url: at, assets_url: `${at}/assets`, upload_url: `${origins.upload}/repos/${full}/releases/${release.id}/assets{?name,label}`,
    html_url: `${origins.web}/${full}/releases/tag/${tag}`, id: release.id, author: renderUser(origins, repository.owner), node_id: nodeId('RE', release.id),
    tag_name: release.tag, target_commitish: 'main', name: release.name, draft: release.draft, immutable: false, prerelease: release.prerelease,
    created_at: release.createdAt, updated_at: release.publishedAt ?? release.createdAt, published_at: release.publishedAt,
    assets: release.assets.map((asset) => renderAsset(origins, repository, release, asset)),
    tarball_url: release.draft ? null : `${origins.api}/repos/${full}/tarball/${tag}`, zipball_url: release.draft ? null : `${origins.api}/repos/${full}/zipball/${tag}`,
    body: release.notes,
  };
}

const REPOSITORY_LINKS = {
  archive_url: '{archive_format}{/ref}', assignees_url: 'assignees{/user}', blobs_url: 'git/blobs{/sha}', branches_url: 'branches{/branch}',
  collaborators_url: 'collaborators{/collaborator}', comments_url: 'comments{/number}', commits_url: 'commits{/sha}', compare_url: 'compare/{base}...{head}',
  contents_url: 'contents/{+path}', contributors_url: 'contributors', deployments_url: 'deployments', downloads_url: 'downloads', events_url: 'events',
  forks_url: 'forks', git_commits_url: 'git/commits{/sha}', git_refs_url: 'git/refs{/sha}', git_tags_url: 'git/tags{/sha}', hooks_url: 'hooks',
  issue_comment_url: 'issues/comments{/number}', issue_events_url: 'issues/events{/number}', issues_url: 'issues{/number}', keys_url: 'keys{/key_id}',
  labels_url: 'labels{/name}', languages_url: 'languages', merges_url: 'merges', milestones_url: 'milestones{/number}',
  notifications_url: 'notifications{?since,all,participating}', pulls_url: 'pulls{/number}', releases_url: 'releases{/id}', stargazers_url: 'stargazers',
  statuses_url: 'statuses/{sha}', subscribers_url: 'subscribers', subscription_url: 'subscription', tags_url: 'tags', teams_url: 'teams', trees_url: 'git/trees{/sha}',
} as const;

export function renderRepository(origins: Origins, repository: StoredRepository, permissions: { readonly push: boolean } | null): object {
  const full = `${repository.owner}/${repository.name}`;
  const at = `${origins.api}/repos/${full}`;
  const web = `${origins.web}/${full}`;
  const links = Object.fromEntries(Object.entries(REPOSITORY_LINKS).map(([key, path]) => [key, `${at}/${path}`]));
  return {
    id: repository.id, node_id: nodeId('R', repository.id), name: repository.name, full_name: full, private: repository.private, visibility: repository.private ? 'private' : 'public',
    owner: renderUser(origins, repository.owner), html_url: web, description: null, fork: false, url: at, ...links,
    git_url: `git:${web.replace(/^https?:/, '')}.git`, ssh_url: `git@local:${full}.git`, clone_url: `${web}.git`, svn_url: web, homepage: null, mirror_url: null,
    size: 1, stargazers_count: 0, watchers_count: 0, language: null, has_issues: true, has_projects: false, has_wiki: false, has_pages: false, has_discussions: false,
    forks_count: 0, archived: false, disabled: false, open_issues_count: 0, license: null, allow_forking: true, is_template: false, topics: [], forks: 0, open_issues: 0,
    watchers: 0, default_branch: 'main', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', pushed_at: '2026-01-01T00:00:00Z',
    network_count: 0, subscribers_count: 0,
    ...(permissions === null ? {} : { permissions: { admin: false, maintain: false, push: permissions.push, triage: permissions.push, pull: true } }),
  };
}

export interface Limit { readonly limit: number; readonly remaining: number; readonly reset: number; readonly used: number }

export function renderRateLimit(limit: Limit): object {
  const other = { limit: 10, remaining: 10, reset: limit.reset, used: 0 };
  return { resources: { core: limit, search: other, graphql: { ...other, limit: 0, remaining: 0 } }, rate: limit };
}

export function renderError(message: string, status: number, errors?: readonly object[]): object {
  return { message, ...(errors === undefined ? {} : { errors }), documentation_url: 'https://docs.github.com/rest', status: String(status) };
}
