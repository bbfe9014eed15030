// What is remembered between runs about a source: pages with their ETags, when not to ask, and how often we asked today.
// Losing it costs requests, never correctness: a damaged or unwritable file is only a warning.
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { errnoOf } from '../domain/errors.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import type { RateLimit } from '../domain/release.js';
import type { KeptRelease } from './github-release.js';

export interface CachedPage {
  readonly url: string;
  readonly etag: string;
  readonly next: string | null;
  readonly releases: readonly KeptRelease[];
}

/** What belongs to one repository as one token sees it: ETags and quotas differ per token. */
export interface CacheScope {
  readonly pages: readonly CachedPage[];
  readonly rateLimit: RateLimit | null;
  /** ISO 8601 UTC. */
  readonly notBefore: string | null;
  readonly strikes: number;
  /** ISO 8601 UTC. */
  readonly usedAt: string;
}

export interface SourceCache {
  readonly format: 1;
  /** UTC day, `2026-11-21`. */
  readonly day: string;
  readonly requests: number;
  readonly scopes: Readonly<Record<string, CacheScope>>;
}

export const EMPTY_SCOPE: CacheScope = { pages: [], rateLimit: null, notBefore: null, strikes: 0, usedAt: '1970-01-01T00:00:00.000Z' };
const EMPTY_CACHE: SourceCache = { format: 1, day: '1970-01-01', requests: 0, scopes: {} };

/** A service with a token and a person without take turns; more than these are leftovers. */
const MAX_SCOPES = 4;
const MAX_CACHE_BYTES = 16 * 1024 * 1024;

export const dayOf = (now: Date): string => now.toISOString().slice(0, 10);

/** The token itself never reaches the disk. */
export function scopeKey(apiUrl: string, repo: string, token: string | null): string {
  return createHash('sha256').update(JSON.stringify([apiUrl, repo.toLowerCase(), token])).digest('hex').slice(0, 24);
}

export function readSourceCache(fs: Filesystem, file: string, log: Logger): SourceCache {
  let content: string;
  try {
    content = fs.readText(file, MAX_CACHE_BYTES);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') log.warn('the memory of earlier checks cannot be read; asking afresh', { file, code: errnoOf(error) ?? null });
    return EMPTY_CACHE;
  }
  const parsed = parseCache(content);
  if (parsed === undefined) log.warn('the memory of earlier checks is damaged; asking afresh', { file });
  return parsed ?? EMPTY_CACHE;
}

/** Also before the limit of pages: an oversized cache is written without them rather than not at all. */
export function writeSourceCache(fs: Filesystem, file: string, cache: SourceCache, log: Logger): void {
  const newest = Object.entries(cache.scopes).sort(([, a], [, b]) => b.usedAt.localeCompare(a.usedAt)).slice(0, MAX_SCOPES);
  const kept = { ...cache, scopes: Object.fromEntries(newest) };
  const full = JSON.stringify(kept);
  const slim = (): string => JSON.stringify({ ...kept, scopes: Object.fromEntries(newest.map(([key, scope]) => [key, { ...scope, pages: [] }])) });
  try {
    fs.makeDirectory(dirname(file));
    fs.writeDurably(file, Buffer.byteLength(full) > MAX_CACHE_BYTES ? slim() : full, 0o600);
  } catch (error) {
    log.warn('what this check learned cannot be kept; the next one asks afresh', { file, code: errnoOf(error) ?? null });
  }
}

/** For `--status`: without asking anybody. `key`: see scopeKey. */
export function recallSource(cache: SourceCache, key: string, now: Date): { readonly requestsToday: number; readonly rateLimit: RateLimit | null } {
  return { requestsToday: cache.day === dayOf(now) ? cache.requests : 0, rateLimit: cache.scopes[key]?.rateLimit ?? null };
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function parseCache(content: string): SourceCache | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (!isFields(value) || value['format'] !== 1 || typeof value['day'] !== 'string' || !isCount(value['requests']) || !isFields(value['scopes'])) return undefined;
  const scopes = Object.entries(value['scopes']).filter((entry): entry is [string, CacheScope] => isScope(entry[1]));
  return { format: 1, day: value['day'], requests: value['requests'], scopes: Object.fromEntries(scopes) };
}

function isScope(value: unknown): value is CacheScope {
  if (!isFields(value) || !Array.isArray(value['pages']) || !isCount(value['strikes']) || !isTime(value['usedAt'])) return false;
  if (value['notBefore'] !== null && !isTime(value['notBefore'])) return false;
  if (value['rateLimit'] !== null && !isRateLimit(value['rateLimit'])) return false;
  return value['pages'].every(isPage);
}

const isRateLimit = (value: unknown): value is RateLimit => isFields(value) && isCount(value['limit']) && isCount(value['remaining']) && isTime(value['resetsAt']);

function isPage(value: unknown): value is CachedPage {
  return isFields(value) && typeof value['url'] === 'string' && typeof value['etag'] === 'string'
    && (value['next'] === null || typeof value['next'] === 'string') && Array.isArray(value['releases']) && value['releases'].every(isKeptRelease);
}

function isKeptRelease(value: unknown): value is KeptRelease {
  return isFields(value) && ['tag', 'publishedAt', 'url', 'notes'].every((name) => typeof value[name] === 'string')
    && typeof value['prerelease'] === 'boolean' && Array.isArray(value['assets']) && value['assets'].every(isKeptAsset);
}

const isKeptAsset = (value: unknown): boolean => isFields(value) && isCount(value['id']) && typeof value['name'] === 'string' && (value['size'] === null || isCount(value['size']))
  && (value['sha256'] === null || typeof value['sha256'] === 'string') && typeof value['uploaded'] === 'boolean';
