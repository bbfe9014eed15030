// `holdline publish`: the signed assets of a release in a folder, and with --upload the GitHub release itself.
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import semver from 'semver';
import { HoldlineError } from '../../domain/errors.js';
import type { Requirements } from '../../domain/manifest.js';
import type { Filesystem } from '../../domain/ports.js';
import type { UpdateType } from '../../domain/release.js';
import type { MadeReport, PublishRequest } from '../../interface/app.js';
import { formatBytes } from '../../interface/cli/format.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createFetch } from '../../platform/http.js';
import { buildRelease, type BuiltRelease } from '../../publish/build-release.js';
import { readStatementFiles } from '../../publish/make-statement.js';
import { readRequires } from '../../publish/read-requires.js';
import type { SecretKey } from '../../publish/secret-key.js';
import { parseTag } from '../../source/parse-tag.js';
import { uploadRelease } from '../../publish/upload-release.js';
import { openSecretKey, readSecretKey } from './read-secret-key.js';

const TYPES: readonly UpdateType[] = ['patch', 'minor', 'major', 'security', 'hotfix'];
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** The answer to an upload comes when the last byte has gone up a slow line. */
const UPLOAD_MS = 3_600_000;
const DEFAULT_API = 'https://api.github.com';

export async function publish(request: PublishRequest): Promise<MadeReport> {
  const directory = resolve(request.directory);
  const repo = request.repo ?? process.env['GITHUB_REPOSITORY'];
  if (repo === undefined || !/^[^/\s]+\/[^/\s]+$/u.test(repo)) throw usage('cannot publish: no repository', 'Give --repo OWNER/NAME (in a GitHub workflow GITHUB_REPOSITORY names it).');
  const { component } = request;
  const tag = request.tag ?? process.env['GITHUB_REF_NAME'] ?? `${component === undefined ? '' : `${component}-`}${tagOfFolder(directory)}`;
  const token = process.env['GITHUB_TOKEN'];
  if (request.upload && (token === undefined || token === '')) throw usage('cannot upload: GITHUB_TOKEN is not set', 'Set it to a token with Contents: write; in a workflow: env: GITHUB_TOKEN: ${{ github.token }}.');
  const fs = createFilesystem();
  const built = await buildRelease({ fs, log: QUIET }, {
    keys: request.keys === undefined ? undefined : readStatementFiles(fs, resolve(request.keys), repo),
    directory, repo, tag, out: resolve(request.out), key: await readKey(request.key), type: typeOf(request.type),
    name: request.name ?? component, version: component === undefined ? undefined : versionOf(tag, component), channel: request.channel, notes: request.notes, expires: isoOf(request.expires), created: createdOf(process.env['SOURCE_DATE_EPOCH']),
    requires: requiresOf(fs, request), ...(request.exclude.length === 0 ? {} : { exclude: request.exclude }),
  });
  const url = request.upload ? await upload(built, repo, tag, token ?? '') : null;
  return report(built, url);
}

/** A flag stands above the file. */
function requiresOf(fs: Filesystem, { requires, minVersion }: PublishRequest): Requirements | undefined {
  if (requires === undefined && minVersion === undefined) return undefined;
  return { ...(requires === undefined ? {} : readRequires(fs, resolve(requires))), ...(minVersion === undefined ? {} : { min_version: minVersion }) };
}

async function upload(built: BuiltRelease, repo: string, tag: string, token: string): Promise<string> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new HoldlineError('interrupted', 'cannot go on: stopped; the release is still a draft, run it again')));
  const env = process.env;
  const { url } = await uploadRelease(
    { fs: createFilesystem(), clock: systemClock, log: QUIET, fetch: createFetch({ headersTimeoutMs: UPLOAD_MS, proxy: { https: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? null, http: env['http_proxy'] ?? null, no: env['no_proxy'] ?? env['NO_PROXY'] ?? null } }) },
    { repo, tag, token, apiUrl: env['GITHUB_API_URL'] ?? DEFAULT_API, prerelease: semver.prerelease(built.manifest.version) !== null, notes: built.manifest.notes, files: built.files },
    stop.signal,
  );
  return url;
}

function report({ files, manifest, warnings }: BuiltRelease, url: string | null): MadeReport {
  const out = files[0] === undefined ? '.' : join(files[0], '..');
  return {
    files,
    facts: {
      version: manifest.version, tag: manifest.tag, payload: `${basename(manifest.payload.asset)} (${formatBytes(manifest.payload.size)})`, 'tree digest': manifest.tree_digest,
      ...Object.fromEntries(warnings.map((warning, index) => [index === 0 ? 'warning' : `warning ${index + 1}`, warning])), ...(url === null ? {} : { release: url }),
    },
    next: url === null ? [`try it on a device:  holdline --update --from ${out}`, 'make the GitHub release:  the same command with --upload'] : [],
  };
}

async function readKey(file: string | undefined): Promise<SecretKey | null> {
  const fromEnv = process.env['HOLDLINE_KEY'];
  if (file !== undefined) return readSecretKey(file);
  return fromEnv === undefined || fromEnv === '' ? null : openSecretKey(fromEnv, 'the key');
}

/** As devices read it: the prefix, and a date behind, are no part of the version. */
function versionOf(tag: string, component: string): string {
  const version = parseTag(tag, component);
  if (version !== undefined) return version;
  throw usage(`cannot publish ${component}: the tag ${tag} is none of its releases`, `Tag it ${component}-v1.2.3, also ${component}-v1.2.3-20260610.`);
}

function tagOfFolder(directory: string): string {
  try { return `v${readFileSync(join(directory, 'VERSION'), 'utf8').trim()}`; } catch {
    throw usage('cannot publish: no tag', 'Give --tag v1.2.3, or put a VERSION file into the folder.');
  }
}

function typeOf(text: string | undefined): UpdateType | undefined {
  const type = TYPES.find((t) => t === text);
  if (text !== undefined && type === undefined) throw usage(`cannot publish a release of type ${text}`, `Types: ${TYPES.join(', ')}.`);
  return type;
}

function isoOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw usage(`cannot understand --expires ${text}`, 'Give a date like 2027-06-30 or 2027-06-30T12:00:00Z.');
  return new Date(at).toISOString();
}

/** Seconds since the epoch, as reproducible builds agree on it. */
function createdOf(epoch: string | undefined): string | undefined {
  if (epoch === undefined || epoch === '') return undefined;
  if (!/^\d{1,11}$/u.test(epoch)) throw usage(`cannot understand SOURCE_DATE_EPOCH=${epoch}`, 'It is a number of seconds.');
  return new Date(Number(epoch) * 1000).toISOString();
}

const usage = (message: string, hint: string): HoldlineError => new HoldlineError('usage', message, { hint });
