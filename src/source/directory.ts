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
  if (fs.stat(path)?.kind !== 'directory') return readNamedFile(fs, path, component);
  const folders = fs.list(path).filter((name) => fs.stat(join(path, name))?.kind === 'directory').slice(0, MAX_FOLDERS);
  return [path, ...folders.map((name) => join(path, name))].flatMap((folder) => readFolder(fs, folder, component));
}

/** One file: a manifest stands for its folder's release, a payload for itself with what lies beside it. */
function readNamedFile(fs: Filesystem, path: string, component: string | null): Release[] {
  const name = basename(path);
  const files = listFiles(fs, dirname(path));
  if (isManifestName(name)) return readManifest(fs, files, name, component);
  if (!isPayloadName(name)) {
    throw new HoldlineError('source-invalid', `cannot read a release from ${path}: it is neither a .tar.gz nor a ${MANIFEST_ASSET}`, { hint: 'Name the folder with the release\'s files, or one of these two.' });
  }
  const described = files.filter((file) => isManifestName(file.name)).flatMap((file) => readManifest(fs, files, file.name, component, name));
  return described.length > 0 ? described : [plainRelease(files, name)];
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

/** `payload`: only when the manifest describes this file. The manifest is only read for its name here; it is verified later. */
function readManifest(fs: Filesystem, files: readonly Found[], name: string, component: string | null, payload?: string): Release[] {
  const file = files.find((candidate) => candidate.name === name);
  if (file === undefined) return [];
  const { tag, described, created } = parseManifest(fs.readText(file.path, MAX_MANIFEST_BYTES), file.path);
  const version = parseTag(tag, component);
  if (version === undefined || (payload !== undefined && payload !== described)) return [];
  const prefix = name.slice(0, -MANIFEST_ASSET.length);
  const others = files.filter((other) => isManifestName(other.name)).map((other) => other.name.slice(0, -MANIFEST_ASSET.length)).filter((other) => other !== prefix && other !== '');
  const assets = files.filter((other) => !others.some((foreign) => other.name.startsWith(`${foreign}holdline.`))).flatMap((other) => {
    // Shared names (SHA256SUMS, payloads) stay; the prefix goes from our own holdline files.
    const canonical = prefix !== '' && other.name.startsWith(`${prefix}holdline.`) ? other.name.slice(prefix.length) : other.name;
    return prefix !== '' && canonical === other.name && other.name.startsWith('holdline.') ? [] : [toAsset(other, canonical)];
  });
  return [{ tag, version, prerelease: false, publishedAt: created ?? new Date(file.mtimeMs).toISOString(), url: file.path, notes: '', assets, sourceTarball: undefined }];
}

function parseManifest(content: string, path: string): { tag: string; described: string | undefined; created: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || !('tag' in value) || typeof value.tag !== 'string') {
    throw new HoldlineError('manifest-invalid', `cannot read ${path}: it is no release description`, { hint: 'Copy the release\'s files again.' });
  }
  const payload = 'payload' in value && typeof value.payload === 'object' && value.payload !== null && 'asset' in value.payload ? value.payload.asset : undefined;
  const created = 'created' in value && typeof value.created === 'string' && !Number.isNaN(Date.parse(value.created)) ? new Date(value.created).toISOString() : undefined;
  return { tag: value.tag, described: typeof payload === 'string' ? payload : undefined, created };
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
