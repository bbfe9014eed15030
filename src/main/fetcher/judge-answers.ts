// What the fetcher answers, judged before it is used: it has read what strangers wrote, and may be theirs by now. Pure.
import { basename, dirname } from 'node:path';
import semver from 'semver';
import { checkArchivePath } from '../../artifact/archive-names.js';
import { isPlainName } from '../../artifact/plain-name.js';
import { HoldlineError } from '../../domain/errors.js';
import type { Manifest } from '../../domain/manifest.js';
import type { ReleaseListing, SourceFile } from '../../domain/ports.js';
import type { Asset, Release } from '../../domain/release.js';
import { treeDigest, type Tree } from '../../domain/tree.js';
import type { ObtainedPayload } from '../../engine/parts.js';

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isDigest = (value: unknown): value is string => isText(value) && /^[0-9a-f]{64}$/u.test(value);

function nonsense(what: string): HoldlineError {
  return new HoldlineError('internal', `cannot go on: the process that fetches releases answers with ${what}. Nothing has changed`, { hint: 'If this happens again with the same release, do not trust that release, and report it.' });
}

/** @throws HoldlineError `internal`, as all of these */
export function judgeListing(value: unknown): ReleaseListing {
  if (!isFields(value) || !Array.isArray(value['releases']) || !value['releases'].every(isRelease)) throw nonsense('releases that are none');
  const { rateLimit } = value;
  return { releases: value['releases'], rateLimit: isFields(rateLimit) ? rateLimit as unknown as ReleaseListing['rateLimit'] : null };
}

export function judgeListings(value: unknown): Readonly<Record<string, ReleaseListing>> {
  if (!isFields(value)) throw nonsense('releases that are none');
  return Object.fromEntries(Object.entries(value).map(([component, listing]) => [component, judgeListing(listing)]));
}

/** A version becomes a folder's name. */
function isRelease(value: unknown): value is Release {
  return isFields(value) && isText(value['tag']) && isText(value['version']) && semver.valid(value['version']) === value['version'] && ['publishedAt', 'url', 'notes'].every((name) => isText(value[name]))
    && Array.isArray(value['assets']) && value['assets'].every(isAsset) && (value['sourceTarball'] === undefined || isAsset(value['sourceTarball']));
}

function isAsset(value: unknown): value is Asset {
  return isFields(value) && isText(value['name']) && isText(value['url']) && (value['size'] === undefined || isCount(value['size'])) && (value['sha256'] === null || isText(value['sha256'])) && typeof value['uploaded'] === 'boolean';
}

export function judgeWholeAsset(value: unknown): Buffer {
  if (!isText(value)) throw nonsense('an asset that is none');
  return Buffer.from(value, 'base64');
}

/** As long as it may be, and no longer. */
export function judgeFile(value: unknown, maxBytes: number): SourceFile {
  if (isFields(value) && (value['kind'] === 'missing' || value['kind'] === 'unchanged')) return { kind: value['kind'] };
  if (!isFields(value) || value['kind'] !== 'content' || !isText(value['content']) || !(value['etag'] === null || isText(value['etag']))) throw nonsense('a file that is none');
  const content = Buffer.from(value['content'], 'base64');
  if (content.length > maxBytes) throw nonsense('a file that is too long');
  return { kind: 'content', content, etag: value['etag'] };
}

/** With a manifest the list of files must be the one the manifest was signed for, whoever read it. */
export function judgePayload(value: unknown, manifest: Manifest | null, downloads: string, depth: number): ObtainedPayload {
  if (!isFields(value) || !isText(value['path']) || dirname(value['path']) !== downloads || !isPlainName(basename(value['path'])) || !isDigest(value['sha256'])) throw nonsense('a payload that lies elsewhere');
  if (!isCount(value['bytesDownloaded']) || !Array.isArray(value['warnings']) || !value['warnings'].every(isText)) throw nonsense('a payload that is none');
  const files = manifest === null ? null : judgeTree(value['files'], depth);
  if (manifest !== null && (files === null || treeDigest(files) !== manifest.tree_digest || value['sha256'] !== manifest.payload.sha256)) throw nonsense('files other than the signed ones');
  return { path: value['path'], sha256: value['sha256'], files, strip: value['strip'] === 'always' ? 'always' : 'auto', bytesDownloaded: value['bytesDownloaded'], warnings: value['warnings'] };
}

/** Each path may stand in a tree. */
export function judgeTree(value: unknown, depth: number): Tree {
  if (!Array.isArray(value) || !value.every(isEntry)) throw nonsense('a list of files that is none');
  const tree: Tree = value;
  if (tree.some(({ path }) => checkArchivePath(path, depth) !== path)) throw nonsense('a path that may not stand in a tree');
  return tree;
}

const isEntry = (value: unknown): value is Tree[number] => isFields(value) && isText(value['path']) && value['path'] !== '' && isText(value['mode']) && ['0644', '0755', 'link'].includes(value['mode']) && isCount(value['size']) && isDigest(value['sha256']);

export function judgeStaged(value: unknown, depth: number): Tree {
  if (!isFields(value)) throw nonsense('a tree that is none');
  return judgeTree(value['tree'], depth);
}
