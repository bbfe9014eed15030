// holdline.files.json.gz: path, mode, size and sha256 of every file of a release. Pure.
// Believed only because its tree digest is the one the manifest states.
import { gunzipSync } from 'node:zlib';
import { HoldlineError } from '../domain/errors.js';
import type { ArchiveLimits } from '../domain/settings.js';
import { comparePaths, treeDigest, type Tree, type TreeEntry, type TreeMode } from '../domain/tree.js';

export const FILES_LIST_FORMAT = 1;
/** Compressed; 500,000 entries with their incompressible digests stay below. */
export const MAX_FILES_LIST_BYTES = 64 * 1024 * 1024;
const MAX_JSON_BYTES = 192 * 1024 * 1024;
const MAX_PATH_BYTES = 4096;
const MAX_PART_BYTES = 255;

/** The JSON before gzip; one entry per line, so that two lists can be compared with diff. */
export function formatFilesList(tree: Tree): string {
  const lines = tree.map(({ path, mode, size, sha256 }) => JSON.stringify({ path, mode, size, sha256 }));
  return `{"format":${FILES_LIST_FORMAT},"entries":[\n${lines.join(',\n')}\n]}\n`;
}

/** Throws `manifest-invalid` for a malformed list, `tree-digest` when it is not the manifest's tree. */
export function parseFilesList(content: Uint8Array, treeDigestStated: string, limits: ArchiveLimits): Tree {
  const value = parseJson(unpack(content));
  const entries = typeof value === 'object' && value !== null && 'format' in value && value.format === FILES_LIST_FORMAT && 'entries' in value ? value.entries : undefined;
  if (!Array.isArray(entries)) throw invalid(`it is not a list of format ${FILES_LIST_FORMAT}`);
  if (entries.length > limits.entries) throw tooLarge(`${entries.length} entries`, `${limits.entries}`);
  const tree = entries.map((entry: unknown, index) => readEntry(entry, index));
  assertSorted(tree);
  const bytes = tree.reduce((sum, entry) => sum + entry.size, 0);
  if (bytes > limits.unpackedBytes) throw tooLarge(`${bytes} bytes`, `${limits.unpackedBytes}`);
  const found = treeDigest(tree);
  if (found !== treeDigestStated) {
    throw new HoldlineError('tree-digest', `cannot use the files list: its tree digest is ${found}, the manifest states ${treeDigestStated}`, {
      hint: 'The release was put together wrongly; ask the publisher to publish again.', context: { found, stated: treeDigestStated },
    });
  }
  return tree;
}

function unpack(content: Uint8Array): Buffer {
  try {
    return gunzipSync(content, { maxOutputLength: MAX_JSON_BYTES });
  } catch (cause) {
    throw invalid('it is not gzip, is damaged, or unpacks to too much', cause);
  }
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (cause) {
    throw invalid('it is not JSON in UTF-8', cause);
  }
}

function readEntry(entry: unknown, index: number): TreeEntry {
  if (typeof entry !== 'object' || entry === null) throw invalid(`entry ${index} is not an object`);
  const { path, mode, size, sha256 } = entry as Partial<Record<keyof TreeEntry, unknown>>;
  if (typeof path !== 'string' || !isTreePath(path)) throw invalid(`entry ${index} has no proper path`);
  if (!isTreeMode(mode)) throw invalid(`entry ${index} has no mode we know`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`entry ${index} has no proper size`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw invalid(`entry ${index} has no proper sha256`);
  return { path, mode, size, sha256 };
}

function isTreeMode(mode: unknown): mode is TreeMode {
  return mode === '0644' || mode === '0755' || mode === 'link';
}

/** Relative, no empty, `.` or `..` part, no backslash or control character, parts and whole of a length a filesystem takes. */
function isTreePath(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES && !/[\\\p{Cc}\p{Cs}]/u.test(path)
    && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= MAX_PART_BYTES);
}

function assertSorted(tree: Tree): void {
  for (const [index, entry] of tree.entries()) {
    const before = tree[index - 1];
    if (before !== undefined && comparePaths(before.path, entry.path) >= 0) throw invalid(`entry ${index} is twice or out of order`);
  }
}

function tooLarge(found: string, limit: string): HoldlineError {
  return new HoldlineError('artifact-too-large', `cannot take this release: its tree has ${found}, the limit here is ${limit}`, { hint: 'If the size is intended, raise it under `limits:` in the settings.' });
}

function invalid(why: string, cause?: unknown): HoldlineError {
  return new HoldlineError('manifest-invalid', `cannot use the files list: ${why}`, { hint: 'The release is unusable until its publisher publishes it again.', cause });
}
