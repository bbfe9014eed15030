// One tree of a release: its payload and its list of files in the folder of the assets, and what the manifest says of them.
import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { ManifestPart, Requirements } from '../domain/manifest.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import { treeDigest } from '../domain/tree.js';
import { formatFilesList } from '../artifact/files-list.js';
import { isPlainName } from '../artifact/plain-name.js';
import { buildPayload, type BuiltPayload } from './build-payload.js';
import { chooseFiles, type FileChoice } from './choose-files.js';
import type { TarItem } from './tar-blocks.js';
import { publishUsage } from './usage.js';
import { packGzip } from './write-gzip.js';

export interface PartRequest extends FileChoice {
  readonly directory: string;
  readonly out: string;
  readonly version: string;
  /** Asset names of the payload and the list. */
  readonly asset: string;
  readonly list: string;
  readonly requires: Requirements | undefined;
  /** Before sentences about it; empty for the only one. */
  readonly called: string;
}

/** Chosen, not yet built. */
export interface PreparedPart {
  readonly request: PartRequest;
  readonly items: readonly TarItem[];
  readonly warnings: readonly string[];
  /** As it would stand in the manifest, so that a wrong value is seen before the long work. */
  readonly draft: ManifestPart;
}

export interface BuiltPart { readonly part: ManifestPart; readonly list: Buffer }

const UNBUILT: BuiltPayload = { size: 1, sha256: '0'.repeat(64), unpackedSize: 0, tree: [] };
const MAX_VERSION_BYTES = 1024;

export function preparePart(fs: Filesystem, request: PartRequest): PreparedPart {
  const { directory, asset } = request;
  if (!isPlainName(asset)) throw publishUsage(`${JSON.stringify(asset)} is no file name`, 'Give a plain --name.');
  if (fs.stat(directory) === undefined || fs.stat(fs.realPath(directory))?.kind !== 'directory') throw publishUsage(`${directory} is not a folder`, 'Name the folder to publish.');
  const items = chooseFiles(fs, directory, request, belowDirectory(request));
  if (items.length === 0) throw publishUsage(`nothing in ${directory} was chosen`, 'Check the folder, --include and --exclude.');
  return { request, items, warnings: checkVersionFile(fs, request, items.some(({ path }) => path === 'VERSION')), draft: describe(request, UNBUILT, Buffer.alloc(0)) };
}

export async function buildPart(deps: { readonly fs: Filesystem; readonly log: Logger }, { request, items }: PreparedPart): Promise<BuiltPart> {
  const payload = await buildPayload(deps, request.directory, items, join(request.out, request.asset));
  const list = packGzip(Buffer.from(formatFilesList(payload.tree)));
  return { part: describe(request, payload, list), list };
}

function describe({ asset, list: name, requires }: PartRequest, payload: BuiltPayload, list: Buffer): ManifestPart {
  return {
    payload: { asset, size: payload.size, sha256: payload.sha256, unpacked_size: payload.unpackedSize },
    tree_digest: treeDigest(payload.tree),
    files: { name, size: list.length, sha256: createHash('sha256').update(list).digest('hex') },
    patches: [], requires: requires ?? {}, processes: [], hooks: {},
  };
}

/** The folder for the assets is no content, should it lie inside. */
function belowDirectory({ directory, out }: PartRequest): string[] {
  const below = relative(directory, out);
  if (below === '') throw publishUsage('the assets would go into the folder that is published', 'Give another --out.');
  return below === '..' || below.startsWith('../') ? [] : [below.split(sep).join('/')];
}

function checkVersionFile(fs: Filesystem, { directory, version, called }: PartRequest, isThere: boolean): string[] {
  if (!isThere) return [`${called}There is no VERSION file: devices will write one from the tag.`];
  const stated = fs.readText(join(directory, 'VERSION'), MAX_VERSION_BYTES).trim();
  if (stated === version) return [];
  throw new HoldlineError('version-invalid', `cannot publish: ${called}VERSION says ${JSON.stringify(stated)}, the tag says ${version}`, {
    hint: `Run: echo ${version} > ${JSON.stringify(join(directory, 'VERSION'))}, or publish under the tag that fits.`, context: { stated, tag: version },
  });
}
