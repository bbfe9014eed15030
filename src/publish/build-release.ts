// The assets of a release in a folder: payload, manifest, signature, list of files, checksums. Nothing is sent anywhere.
// Two builds of one tree are byte-identical: no clock, no random number and no user of this machine goes into any asset.
import { createHash } from 'node:crypto';
import { basename, join, relative, sep } from 'node:path';
import semver from 'semver';
import { HoldlineError } from '../domain/errors.js';
import type { Manifest, Requirements } from '../domain/manifest.js';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import { CHECKSUMS_ASSET, FILES_ASSET, MANIFEST_ASSET, SIGNATURE_ASSET, type UpdateType } from '../domain/release.js';
import { treeDigest } from '../domain/tree.js';
import { formatFilesList } from '../artifact/files-list.js';
import { parseManifest } from '../artifact/manifest.js';
import { isPlainName } from '../artifact/plain-name.js';
import { formatTrustedComment } from '../artifact/trusted-comment.js';
import { buildPayload, type BuiltPayload } from './build-payload.js';
import { chooseFiles, type FileChoice } from './choose-files.js';
import type { SecretKey } from './secret-key.js';
import { signMessage } from './sign-message.js';
import { packGzip } from './write-gzip.js';

export interface BuildRequest extends FileChoice {
  readonly directory: string;
  /** `owner/name`. */
  readonly repo: string;
  readonly tag: string;
  /** Plain semver of the tag; default: the tag without `v`. */
  readonly version?: string | undefined;
  /** Payload name without version; default: the repository's. */
  readonly name?: string | undefined;
  /** Folder for the assets; made when missing, files in it replaced. */
  readonly out: string;
  readonly type?: UpdateType | undefined;
  readonly channel?: string | undefined;
  readonly notes?: string | undefined;
  readonly requires?: Requirements | undefined;
  /** ISO 8601 UTC. */
  readonly expires?: string | undefined;
  /** ISO 8601 UTC: from SOURCE_DATE_EPOCH. Default: a fixed moment, for a tree has no times of its own and the clock would make every build differ. */
  readonly created?: string | undefined;
  /** A change of signing keys to carry: asset name to content. */
  readonly keys?: ReadonlyMap<string, Buffer> | undefined;
  /** null: no signature; devices must then trust checksums only. */
  readonly key: SecretKey | null;
}

export interface BuiltRelease {
  /** Paths, the payload first. */
  readonly files: readonly string[];
  readonly manifest: Manifest;
  readonly warnings: readonly string[];
}

const UNBUILT: BuiltPayload = { size: 1, sha256: '0'.repeat(64), unpackedSize: 0, tree: [] };
/** The earliest moment a device believes its clock: says nothing, and stops no device. */
const UNSTATED_CREATED = new Date(PLAUSIBLE_SINCE).toISOString();
const MAX_VERSION_BYTES = 1024;
const PARSE_LIMITS = { payloadBytes: Number.MAX_SAFE_INTEGER, unpackedBytes: Number.MAX_SAFE_INTEGER, entries: 100_000, depth: 64, ratio: 200 };

export async function buildRelease(deps: { readonly fs: Filesystem; readonly log: Logger }, request: BuildRequest): Promise<BuiltRelease> {
  const { fs } = deps;
  const version = versionOf(request);
  const payloadName = `${request.name ?? basename(request.repo)}-${version}.tar.gz`;
  if (!isPlainName(payloadName)) throw usage(`${JSON.stringify(payloadName)} is no file name`, 'Give a plain --name.');
  if (fs.stat(fs.realPath(request.directory))?.kind !== 'directory') throw usage(`${request.directory} is not a folder`, 'Name the folder to publish.');
  const items = chooseFiles(fs, request.directory, request, belowDirectory(request));
  if (items.length === 0) throw usage(`nothing in ${request.directory} was chosen`, 'Check the folder, --include and --exclude.');
  const warnings = checkVersionFile(fs, request.directory, version, items.some(({ path }) => path === 'VERSION'));
  // Judged before the long work, so that a wrong value leaves nothing behind.
  makeManifest(request, version, payloadName, UNBUILT, Buffer.alloc(0));
  fs.makeDirectory(request.out);
  const payload = await buildPayload(deps, request.directory, items, join(request.out, payloadName));
  const list = packGzip(Buffer.from(formatFilesList(payload.tree)));
  const manifest = makeManifest(request, version, payloadName, payload, list);
  const contents = new Map<string, Buffer>([[FILES_ASSET, list], [MANIFEST_ASSET, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]]);
  sign(request, contents);
  for (const [name, bytes] of request.keys ?? []) contents.set(name, bytes);
  contents.set(CHECKSUMS_ASSET, checksums(payloadName, payload.sha256, contents));
  // A signature of an earlier build must not stand beside an unsigned manifest.
  fs.remove(join(request.out, SIGNATURE_ASSET));
  for (const [name, bytes] of contents) fs.writeDurably(join(request.out, name), bytes, 0o644);
  return { files: [payloadName, ...contents.keys()].map((name) => join(request.out, name)), manifest, warnings: [...warnings, ...(request.key === null ? ['The release is not signed: devices with trust.require: signature will refuse it.'] : [])] };
}

function versionOf({ tag, version }: BuildRequest): string {
  const found = version ?? tag.replace(/^v/, '');
  if (semver.valid(found) !== found || !tag.includes(found)) {
    throw usage(`the tag ${JSON.stringify(tag)} is not a semver version`, 'Use a tag such as v1.2.3, or NAME-v1.2.3 for a component.');
  }
  return found;
}

/** The folder for the assets is no content, should it lie inside. */
function belowDirectory({ directory, out }: BuildRequest): string[] {
  const below = relative(directory, out);
  if (below === '') throw usage('the assets would go into the folder that is published', 'Give another --out.');
  return below === '..' || below.startsWith('../') ? [] : [below.split(sep).join('/')];
}

function checkVersionFile(fs: Filesystem, directory: string, version: string, isThere: boolean): string[] {
  if (!isThere) return ['There is no VERSION file: devices will write one from the tag.'];
  const stated = fs.readText(join(directory, 'VERSION'), MAX_VERSION_BYTES).trim();
  if (stated === version) return [];
  throw new HoldlineError('version-invalid', `cannot publish: VERSION says ${JSON.stringify(stated)}, the tag says ${version}`, {
    hint: `Run: echo ${version} > ${JSON.stringify(join(directory, 'VERSION'))}, or publish under the tag that fits.`, context: { stated, tag: version },
  });
}

function makeManifest(request: BuildRequest, version: string, asset: string, payload: BuiltPayload, list: Buffer): Manifest {
  const manifest: Manifest = {
    format: 1, repo: request.repo, tag: request.tag, version,
    channel: request.channel ?? channelOf(version), type: request.type ?? typeOf(version),
    payload: { asset, size: payload.size, sha256: payload.sha256, unpacked_size: payload.unpackedSize },
    tree_digest: treeDigest(payload.tree),
    files: { name: FILES_ASSET, size: list.length, sha256: sha256(list) },
    patches: [], requires: request.requires ?? {}, processes: [], hooks: {}, rollout: null,
    created: request.created ?? UNSTATED_CREATED,
    expires: request.expires ?? null, notes: request.notes ?? '',
  };
  // What a device would refuse must not be signed.
  try {
    parseManifest(Buffer.from(JSON.stringify(manifest)), PARSE_LIMITS);
  } catch (thrown) {
    throw usage(`the manifest would be refused: ${thrown instanceof Error ? thrown.message.replace(/^cannot use the manifest holdline\.json: /, '') : String(thrown)}`, 'Correct the value that is named.');
  }
  return manifest;
}

function sign({ key, repo, tag }: BuildRequest, contents: Map<string, Buffer>): void {
  const manifest = contents.get(MANIFEST_ASSET);
  if (key !== null && manifest !== undefined) contents.set(SIGNATURE_ASSET, Buffer.from(signMessage(key, manifest, formatTrustedComment({ repo, tag }))));
}

/** The lowest number that changed is not known here; which one is not zero says as much as a version alone can. */
function typeOf(version: string): UpdateType {
  if (semver.patch(version) > 0) return 'patch';
  return semver.minor(version) > 0 ? 'minor' : 'major';
}

function channelOf(version: string): string {
  const [name] = semver.prerelease(version) ?? [];
  return name === undefined ? 'stable' : typeof name === 'string' ? name : 'next';
}

function checksums(payload: string, digest: string, contents: ReadonlyMap<string, Buffer>): Buffer {
  const lines = [[payload, digest] as const, ...[...contents].map(([name, bytes]) => [name, sha256(bytes)] as const)];
  return Buffer.from(lines.map(([name, sum]) => `${sum}  ${name}\n`).join(''));
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function usage(what: string, hint: string): HoldlineError {
  return new HoldlineError('usage', `cannot publish: ${what}`, { hint });
}
