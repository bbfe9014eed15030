// `holdline publish`: the signed assets of a release in a folder, and with --upload the GitHub release itself.
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import semver from 'semver';
import { HoldlineError } from '../../domain/errors.js';
import { isOfSeveral, type Manifest, type ManifestOfSeveral, type ManifestPart, type Requirements } from '../../domain/manifest.js';
import type { Filesystem } from '../../domain/ports.js';
import type { UpdateType } from '../../domain/release.js';
import type { MadeReport, PublishRequest } from '../../interface/app.js';
import { formatBytes } from '../../interface/cli/format.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createFetch } from '../../platform/http.js';
import { buildRelease, buildReleaseOfSeveral, type BuiltRelease, type SeveralRequest } from '../../publish/build-release.js';
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
  const directories = foldersOf(request);
  const repo = request.repo ?? process.env['GITHUB_REPOSITORY'];
  if (repo === undefined || !/^[^/\s]+\/[^/\s]+$/u.test(repo)) throw usage('cannot publish: no repository', 'Give --repo OWNER/NAME (in a GitHub workflow GITHUB_REPOSITORY names it).');
  const prefix = request.tagPrefix ?? request.component;
  const tag = request.tag ?? process.env['GITHUB_REF_NAME'] ?? `${prefix === undefined ? '' : `${prefix}-`}${tagOfFolder(directories[0] ?? '')}`;
  const token = process.env['GITHUB_TOKEN'];
  if (request.upload && (token === undefined || token === '')) throw usage('cannot upload: GITHUB_TOKEN is not set', 'Set it to a token with Contents: write; in a workflow: env: GITHUB_TOKEN: ${{ github.token }}.');
  const fs = createFilesystem();
  const common = {
    keys: request.keys === undefined ? undefined : readStatementFiles(fs, resolve(request.keys), repo),
    repo, tag, out: resolve(request.out), key: await readKey(request.key), type: typeOf(request.type),
    version: prefix === undefined ? undefined : versionOf(tag, prefix), channel: request.channel, notes: request.notes, expires: isoOf(request.expires), created: createdOf(process.env['SOURCE_DATE_EPOCH']),
    ...(request.exclude.length === 0 ? {} : { exclude: request.exclude }),
  };
  const built = request.parts.length === 0
    ? await buildRelease({ fs, log: QUIET }, { ...common, directory: directories[0] ?? '', name: request.name ?? request.component, requires: requiresOf(fs, request, request.requires) })
    : await buildReleaseOfSeveral({ fs, log: QUIET }, { ...common, parts: partsOf(fs, request) });
  const url = request.upload ? await upload(built, repo, tag, token ?? '') : null;
  return report(built, url);
}

/** What is built, the first for its VERSION. */
function foldersOf({ directory, parts, name }: PublishRequest): readonly string[] {
  if (parts.length === 0) {
    if (directory === undefined) throw usage('cannot publish: no folder', 'Name the folder: holdline publish FOLDER; or of several components: --component NAME=FOLDER for each.');
    return [resolve(directory)];
  }
  const twice = parts.find(({ component }, at) => parts.findIndex((other) => other.component === component) < at);
  const bad = parts.find((part) => part.component === '' || part.directory === '');
  if (directory !== undefined) throw usage(`cannot publish ${directory}: the components have folders of their own`, 'Leave it out, or give --component without a folder.');
  if (twice !== undefined) throw usage(`cannot publish: ${twice.component} is given twice`, 'One folder for each component.');
  if (bad !== undefined) throw usage(`cannot understand --component ${bad.component}=${bad.directory}`, 'Write --component NAME=FOLDER.');
  if (name !== undefined) throw usage('cannot publish: --name is of one payload, and these are several', 'Leave it out: each payload is called by its component.');
  return parts.map((part) => resolve(part.directory));
}

function partsOf(fs: Filesystem, request: PublishRequest): SeveralRequest['parts'] {
  const names = request.parts.map(({ component }) => component);
  const files = request.requires.map((text) => ({ text, name: text.slice(0, Math.max(0, text.indexOf('='))), file: text.slice(text.indexOf('=') + 1) }));
  const stray = files.find(({ name }) => !names.includes(name));
  if (stray !== undefined) throw usage(`cannot understand --requires ${stray.text}: it does not say of which component`, `Write --requires NAME=FILE with one of: ${names.join(', ')}.`);
  return Object.fromEntries(request.parts.map(({ component, directory }) => {
    const requires = requiresOf(fs, request, files.filter(({ name }) => name === component).map(({ file }) => file));
    return [component, { directory: resolve(directory), ...(requires === undefined ? {} : { requires }) }];
  }));
}

/** A flag stands above the file. */
function requiresOf(fs: Filesystem, { minVersion }: PublishRequest, [file, second]: readonly string[]): Requirements | undefined {
  if (second !== undefined) throw usage(`cannot read both ${file ?? ''} and ${second}`, 'One file of requirements: --requires FILE.');
  if (file === undefined && minVersion === undefined) return undefined;
  return { ...(file === undefined ? {} : readRequires(fs, resolve(file))), ...(minVersion === undefined ? {} : { min_version: minVersion }) };
}

type Built = BuiltRelease<Manifest | ManifestOfSeveral>;

async function upload(built: Built, repo: string, tag: string, token: string): Promise<string> {
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

function report({ files, manifest, warnings }: Built, url: string | null): MadeReport {
  const out = files[0] === undefined ? '.' : join(files[0], '..');
  return {
    files,
    facts: {
      version: manifest.version, tag: manifest.tag, ...contentsOf(manifest),
      ...Object.fromEntries(warnings.map((warning, index) => [index === 0 ? 'warning' : `warning ${index + 1}`, warning])), ...(url === null ? {} : { release: url }),
    },
    next: url === null ? [`try it on a device:  holdline --update --from ${out}`, 'make the GitHub release:  the same command with --upload'] : [],
  };
}

function contentsOf(manifest: Manifest | ManifestOfSeveral): Readonly<Record<string, string>> {
  const told = ({ payload, tree_digest: digest }: ManifestPart): readonly [string, string] => [`${basename(payload.asset)} (${formatBytes(payload.size)})`, digest];
  if (isOfSeveral(manifest)) return Object.fromEntries(Object.entries(manifest.components).map(([name, part]) => [`payload ${name}`, told(part).join(', tree ')]));
  const [payload, digest] = told(manifest);
  return { payload, 'tree digest': digest };
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
