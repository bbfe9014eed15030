// The assets of a release in a folder: payload, manifest, signature, list of files, checksums. Nothing is sent anywhere.
// Two builds of one tree are byte-identical: no clock, no random number and no user of this machine goes into any asset.
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import semver from 'semver';
import type { Manifest, ManifestHead, ManifestOfSeveral, ManifestPart, Requirements } from '../domain/manifest.js';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import { CHECKSUMS_ASSET, componentFilesAsset, FILES_ASSET, MANIFEST_ASSET, SIGNATURE_ASSET, type UpdateType } from '../domain/release.js';
import { parseManifest } from '../artifact/manifest.js';
import { formatTrustedComment } from '../artifact/trusted-comment.js';
import { buildPart, preparePart, type BuiltPart, type PartRequest } from './build-part.js';
import type { FileChoice } from './choose-files.js';
import type { SecretKey } from './secret-key.js';
import { signMessage } from './sign-message.js';
import { publishUsage } from './usage.js';

/** What is the same for a release of one payload and for one of several. */
interface ReleaseRequest extends FileChoice {
  /** `owner/name`. */
  readonly repo: string;
  readonly tag: string;
  /** Plain semver of the tag; default: the tag without `v`. */
  readonly version?: string | undefined;
  /** Folder for the assets; made when missing, files in it replaced. */
  readonly out: string;
  readonly type?: UpdateType | undefined;
  readonly channel?: string | undefined;
  readonly notes?: string | undefined;
  /** ISO 8601 UTC. */
  readonly expires?: string | undefined;
  /** ISO 8601 UTC: from SOURCE_DATE_EPOCH. Default: a fixed moment, for a tree has no times of its own and the clock would make every build differ. */
  readonly created?: string | undefined;
  /** A change of signing keys to carry: asset name to content. */
  readonly keys?: ReadonlyMap<string, Buffer> | undefined;
  /** null: no signature; devices must then trust checksums only. */
  readonly key: SecretKey | null;
}

export interface BuildRequest extends ReleaseRequest {
  readonly directory: string;
  /** Payload name without version; default: the repository's. */
  readonly name?: string | undefined;
  readonly requires?: Requirements | undefined;
}

/** `include`, `exclude` and `files` hold in each of the folders. */
export interface SeveralRequest extends ReleaseRequest {
  /** By component. */
  readonly parts: Readonly<Record<string, { readonly directory: string; readonly requires?: Requirements | undefined }>>;
}

export interface BuiltRelease<Stated extends Manifest | ManifestOfSeveral = Manifest> {
  /** Paths, the payloads first. */
  readonly files: readonly string[];
  readonly manifest: Stated;
  readonly warnings: readonly string[];
}

interface Deps { readonly fs: Filesystem; readonly log: Logger }

/** The earliest moment a device believes its clock: says nothing, and stops no device. */
const UNSTATED_CREATED = new Date(PLAUSIBLE_SINCE).toISOString();
const PARSE_LIMITS = { payloadBytes: Number.MAX_SAFE_INTEGER, unpackedBytes: Number.MAX_SAFE_INTEGER, entries: 100_000, depth: 64, ratio: 200 };

export async function buildRelease(deps: Deps, request: BuildRequest): Promise<BuiltRelease> {
  const version = versionOf(request);
  const asset = `${request.name ?? basename(request.repo)}-${version}.tar.gz`;
  const prepared = preparePart(deps.fs, { ...request, version, asset, list: FILES_ASSET, requires: request.requires, called: '' });
  const head = headOf(request, version);
  // Judged before the long work, so that a wrong value leaves nothing behind.
  assertTaken(ofOne(head, prepared.draft));
  deps.fs.makeDirectory(request.out);
  const built = await buildPart(deps, prepared);
  return writeAssets(deps.fs, request, [built], ofOne(head, built.part), prepared.warnings);
}

/** One payload for each component, one manifest and one signature over all of them. */
export async function buildReleaseOfSeveral(deps: Deps, request: SeveralRequest): Promise<BuiltRelease<ManifestOfSeveral>> {
  const version = versionOf(request);
  // By name, whatever the order of the flags: the same release is the same bytes.
  const prepared = Object.entries(request.parts).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, preparePart(deps.fs, partRequest(name, version, part, request))] as const);
  const head = headOf(request, version);
  assertTaken({ ...head, components: Object.fromEntries(prepared.map(([name, { draft }]) => [name, draft])) });
  deps.fs.makeDirectory(request.out);
  const built: (readonly [string, BuiltPart])[] = [];
  for (const [name, part] of prepared) built.push([name, await buildPart(deps, part)]);
  const manifest = { ...head, components: Object.fromEntries(built.map(([name, { part }]) => [name, part])) };
  return writeAssets(deps.fs, request, built.map(([, part]) => part), manifest, prepared.flatMap(([, { warnings }]) => warnings));
}

function partRequest(name: string, version: string, { directory, requires }: SeveralRequest['parts'][string], request: SeveralRequest): PartRequest {
  return { ...request, directory, requires, version, asset: `${name}-${version}.tar.gz`, list: componentFilesAsset(name), called: `${name}: ` };
}

function writeAssets<Stated extends Manifest | ManifestOfSeveral>(fs: Filesystem, request: ReleaseRequest, parts: readonly BuiltPart[], manifest: Stated, warnings: readonly string[]): BuiltRelease<Stated> {
  const { out, key } = request;
  assertTaken(manifest);
  const contents = new Map<string, Buffer>([...parts.map(({ part, list }) => [part.files.name, list] as const), [MANIFEST_ASSET, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]]);
  sign(request, contents);
  for (const [name, bytes] of request.keys ?? []) contents.set(name, bytes);
  const payloads = parts.map(({ part: { payload } }) => payload);
  contents.set(CHECKSUMS_ASSET, checksums(payloads.map(({ asset, sha256: digest }) => [asset, digest] as const), contents));
  // A signature of an earlier build must not stand beside an unsigned manifest.
  fs.remove(join(out, SIGNATURE_ASSET));
  for (const [name, bytes] of contents) fs.writeDurably(join(out, name), bytes, 0o644);
  return {
    files: [...payloads.map(({ asset }) => asset), ...contents.keys()].map((name) => join(out, name)), manifest,
    warnings: [...warnings, ...(key === null ? ['The release is not signed: devices with trust.require: signature will refuse it.'] : [])],
  };
}

function versionOf({ tag, version }: ReleaseRequest): string {
  const found = version ?? tag.replace(/^v/, '');
  if (semver.valid(found) !== found || !tag.includes(found)) {
    throw publishUsage(`the tag ${JSON.stringify(tag)} is not a semver version`, 'Use a tag such as v1.2.3, or NAME-v1.2.3 with --component NAME, or PREFIX-v1.2.3 with --tag-prefix PREFIX.');
  }
  return found;
}

function headOf(request: ReleaseRequest, version: string): ManifestHead {
  return {
    format: 1, repo: request.repo, tag: request.tag, version, channel: request.channel ?? channelOf(version), type: request.type ?? typeOf(version), rollout: null,
    created: request.created ?? UNSTATED_CREATED, expires: request.expires ?? null, notes: request.notes ?? '',
  };
}

/** In the order in which manifests have always been written. */
function ofOne({ rollout, created, expires, notes, ...first }: ManifestHead, part: ManifestPart): Manifest {
  return { ...first, ...part, rollout, created, expires, notes };
}

/** What a device would refuse must not be signed. */
function assertTaken(manifest: Manifest | ManifestOfSeveral): void {
  try {
    parseManifest(Buffer.from(JSON.stringify(manifest)), PARSE_LIMITS);
  } catch (thrown) {
    throw publishUsage(`the manifest would be refused: ${thrown instanceof Error ? thrown.message.replace(/^cannot use the manifest holdline\.json: /, '') : String(thrown)}`, 'Correct the value that is named.');
  }
}

function sign({ key, repo, tag }: ReleaseRequest, contents: Map<string, Buffer>): void {
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

function checksums(payloads: readonly (readonly [string, string])[], contents: ReadonlyMap<string, Buffer>): Buffer {
  const lines = [...payloads, ...[...contents].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')] as const)];
  return Buffer.from(lines.map(([name, sum]) => `${sum}  ${name}\n`).join(''));
}
