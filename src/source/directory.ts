// Releases from a folder or one file (USB stick, air gap): the same assets as on GitHub, verified the same way later.
// It only reads, never leaves the named folder, and follows no links in it.
import { basename, dirname, join } from 'node:path';
import { errnoOf, HoldlineError } from '../domain/errors.js';
import type { AssetResponse, Filesystem, ReleaseSource } from '../domain/ports.js';
import { MANIFEST_ASSET, type Asset, type Release } from '../domain/release.js';
import { isPayloadName, versionInFileName } from './file-version.js';
import { parseTag } from './parse-tag.js';

export interface DirectorySourceOptions {
  readonly fs: Filesystem;
  /** A folder, a payload, or a holdline.json. */
  readonly path: string;
  /** Only releases whose tag is this component's; null: only plain tags. */
  readonly component?: string | null;
  /** By its name in a manifest of several: a payload named by hand is taken for this one only where it is its own. */
  readonly part?: string | null;
}

interface Found { readonly name: string; readonly path: string; readonly size: number; readonly mtimeMs: number }

const MAX_MANIFEST_BYTES = 1024 * 1024;
/** A stick may hold anything; more sub folders than this are not releases of one app. */
const MAX_FOLDERS = 1000;

export function createDirectorySource(options: DirectorySourceOptions): ReleaseSource {
  const { fs, path } = options;
  return {
    description: path,
    list: () => attempt(path, () => ({ releases: readReleases(options), rateLimit: null })),
    open: (asset, range, signal) => attempt(path, () => openFile(fs, asset, range, signal)),
    requestsToday: () => 0,
    rateLimit: () => null,
  };
}

/** Synchronous work as a promise, the system's refusals as coded errors. */
function attempt<T>(path: string, work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      resolve(work());
    } catch (error) {
      reject(error instanceof HoldlineError ? error : explain(error, path));
    }
  });
}

function explain(error: unknown, path: string): HoldlineError {
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') return new HoldlineError('permission', `cannot read releases from ${path}: this user may not`, { hint: 'Run it as a user who may, or change the permissions.', cause: error });
  if (code === 'ENOENT' || code === 'ENOTDIR') return new HoldlineError('source-not-found', `cannot read releases from ${path}: there is no such file or folder`, { hint: 'Is the stick mounted?', cause: error });
  return new HoldlineError('source-network', `cannot read releases from ${path}: ${code ?? String(error)}`, { hint: 'The medium may be damaged or was pulled out.', cause: error });
}

function readReleases(options: DirectorySourceOptions): Release[] {
  const { fs } = options;
  const component = options.component ?? null;
  // The person may name a link; inside the folder none is followed.
  const path = fs.realPath(options.path);
  if (fs.stat(path)?.kind !== 'directory') return readNamedFile(fs, path, component, options.part ?? null);
  const folders = fs.list(path).filter((name) => fs.stat(join(path, name))?.kind === 'directory').slice(0, MAX_FOLDERS);
  return [path, ...folders.map((name) => join(path, name))].flatMap((folder) => readFolder(fs, folder, component));
}

/** One file: a manifest stands for its folder's release, a payload for itself with what lies beside it. */
function readNamedFile(fs: Filesystem, path: string, component: string | null, part: string | null): Release[] {
  const name = basename(path);
  const files = listFiles(fs, dirname(path));
  if (isManifestName(name)) return readManifest(fs, files, name, component);
  if (!isPayloadName(name)) {
    throw new HoldlineError('source-invalid', `cannot read a release from ${path}: it is neither a .tar.gz nor a ${MANIFEST_ASSET}`, { hint: 'Name the folder with the release\'s files, or one of these two.' });
  }
  const manifests = files.filter((file) => isManifestName(file.name)).map((file) => parseManifest(fs.readText(file.path, MAX_MANIFEST_BYTES), file));
  const described = manifests.filter(({ payloads }) => payloads.some(({ asset, of }) => asset === name && (of === null || of === part || part === null))).flatMap((manifest) => toRelease(files, manifest, component));
  // Of another component, or of another tag: no file without a description, but somebody else's.
  return described.length > 0 || manifests.some(({ payloads }) => payloads.some(({ asset, of }) => asset === name && of !== null)) ? described : [plainRelease(files, name)];
}

function readFolder(fs: Filesystem, folder: string, component: string | null): Release[] {
  const files = listFiles(fs, folder);
  const manifests = files.filter((file) => isManifestName(file.name));
  if (manifests.length > 0) return manifests.flatMap((file) => readManifest(fs, files, file.name, component));
  const payloads = files.filter((file) => isPayloadName(file.name));
  return payloads.filter((file) => payloads.length === 1 || versionInFileName(file.name) !== undefined).map((file) => plainRelease(files, file.name));
}

function listFiles(fs: Filesystem, folder: string): Found[] {
  return fs.list(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = fs.stat(path);
    return stat?.kind === 'file' ? [{ name, path, size: stat.size, mtimeMs: stat.mtimeMs }] : [];
  });
}

/** `holdline.json`, or `NAME.holdline.json` where several releases share a folder (their other assets carry the same prefix). */
const isManifestName = (name: string): boolean => name === MANIFEST_ASSET || name.endsWith(`.${MANIFEST_ASSET}`);

/** Only read for its names here; it is verified later. */
interface NamedManifest {
  readonly file: Found;
  readonly tag: string;
  /** `of`: the component whose payload it is; null where the manifest is of one. */
  readonly payloads: readonly { readonly asset: string; readonly of: string | null }[];
  readonly created: string | undefined;
}

function readManifest(fs: Filesystem, files: readonly Found[], name: string, component: string | null): Release[] {
  const file = files.find((candidate) => candidate.name === name);
  return file === undefined ? [] : toRelease(files, parseManifest(fs.readText(file.path, MAX_MANIFEST_BYTES), file), component);
}

function toRelease(files: readonly Found[], { file, tag, created }: NamedManifest, component: string | null): Release[] {
  const version = parseTag(tag, component);
  if (version === undefined) return [];
  const prefix = file.name.slice(0, -MANIFEST_ASSET.length);
  const others = files.filter((other) => isManifestName(other.name)).map((other) => other.name.slice(0, -MANIFEST_ASSET.length)).filter((other) => other !== prefix && other !== '');
  const assets = files.filter((other) => !others.some((foreign) => other.name.startsWith(`${foreign}holdline.`))).flatMap((other) => {
    // Shared names (SHA256SUMS, payloads) stay; the prefix goes from our own holdline files.
    const canonical = prefix !== '' && other.name.startsWith(`${prefix}holdline.`) ? other.name.slice(prefix.length) : other.name;
    return prefix !== '' && canonical === other.name && other.name.startsWith('holdline.') ? [] : [toAsset(other, canonical)];
  });
  return [{ tag, version, prerelease: false, publishedAt: created ?? new Date(file.mtimeMs).toISOString(), url: file.path, notes: '', assets, sourceTarball: undefined }];
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseManifest(content: string, file: Found): NamedManifest {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  if (!isFields(value) || typeof value['tag'] !== 'string') {
    throw new HoldlineError('manifest-invalid', `cannot read ${file.path}: it is no release description`, { hint: 'Copy the release\'s files again.' });
  }
  const { components, created } = value;
  const payloads = [{ of: null, asset: payloadOf(value) }, ...Object.entries(isFields(components) ? components : {}).map(([of, part]) => ({ of, asset: payloadOf(part) }))];
  return {
    file, tag: value['tag'], payloads: payloads.flatMap(({ of, asset }) => (asset === undefined ? [] : [{ of, asset }])),
    created: typeof created === 'string' && !Number.isNaN(Date.parse(created)) ? new Date(created).toISOString() : undefined,
  };
}

function payloadOf(part: unknown): string | undefined {
  const payload = isFields(part) ? part['payload'] : undefined;
  const asset = isFields(payload) ? payload['asset'] : undefined;
  return typeof asset === 'string' ? asset : undefined;
}

/** A payload without a manifest: its name says the version, its own VERSION file has the last word. */
function plainRelease(files: readonly Found[], name: string): Release {
  const named = versionInFileName(name);
  const file = files.find((candidate) => candidate.name === name);
  const beside = files.filter((other) => other.name === name || !isPayloadName(other.name));
  return {
    tag: named?.tag ?? name, version: named?.version ?? UNKNOWN_VERSION, guessed: true, prerelease: false, publishedAt: new Date(file?.mtimeMs ?? 0).toISOString(),
    url: file?.path ?? name, notes: '', assets: beside.map((other) => toAsset(other, other.name)), sourceTarball: undefined,
  };
}

/** Of a payload whose name says no version: `guessed` releases take it from the payload's VERSION. */
export const UNKNOWN_VERSION = '0.0.0';

const toAsset = (file: Found, name: string): Asset => ({ name, size: file.size, sha256: null, uploaded: true, url: file.path });

function openFile(fs: Filesystem, asset: Asset, range: { readonly from: number; readonly etag?: string | undefined } | undefined, signal: AbortSignal): AssetResponse {
  const stat = fs.stat(asset.url);
  if (stat === undefined || stat.kind !== 'file') throw new HoldlineError('source-not-found', `cannot read ${asset.url}: it is gone`, { hint: 'Was the stick pulled out?' });
  const etag = `"${stat.inode.toString(16)}-${stat.size.toString(16)}-${Math.round(stat.mtimeMs).toString(16)}"`;
  const fits = range !== undefined && range.from > 0 && range.from < stat.size && (range.etag === undefined || range.etag === etag);
  const from = fits ? range.from : 0;
  const stop = new AbortController();
  return { status: fits ? 206 : 200, from, total: stat.size, etag, body: readFrom(fs, asset.url, from, [signal, stop.signal]), cancel: () => stop.abort() };
}

/** Gives the loop a turn between pieces, so that an abort is seen and a bar is drawn. */
async function* readFrom(fs: Filesystem, path: string, from: number, signals: readonly AbortSignal[]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  try {
    for (const piece of fs.readChunks(path)) {
      if (signals.some((signal) => signal.aborted)) throw new HoldlineError('interrupted', `cannot read ${path}: it was stopped; nothing was changed`);
      const skip = Math.min(Math.max(from - offset, 0), piece.byteLength);
      offset += piece.byteLength;
      // A copy: the next piece may reuse the buffer.
      if (skip < piece.byteLength) yield Uint8Array.from(piece.subarray(skip));
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  } catch (error) {
    throw error instanceof HoldlineError ? error : explain(error, path);
  }
}
