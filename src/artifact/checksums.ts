// SHA256SUMS as sha256sum and others write it, and whether it agrees with what the source states. Pure.
// Proves transfer only: who can replace the payload can replace this file too.
import { HoldlineError } from '../domain/errors.js';

export const MAX_CHECKSUMS_BYTES = 1024 * 1024;

/** Name -> lower-case hex sha256. Names keep their folders; a leading `./` is dropped. */
export type Checksums = ReadonlyMap<string, string>;

const PLAIN_LINE = /^(\\?)([0-9a-fA-F]{64})(?: [ *]|\t)(.+)$/;
const TAGGED_LINE = /^SHA256 ?\((.+)\) ?= ?([0-9a-fA-F]{64})$/;

export function parseChecksums(content: Uint8Array): Checksums {
  const found = new Map<string, string>();
  const lines = decode(content).split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.trim() === '' || line.startsWith('#')) continue;
    const entry = parseLine(line);
    if (entry === undefined) throw unreadable(`line ${index + 1} is not a checksum and a name`);
    const before = found.get(entry.name);
    if (before !== undefined && before !== entry.sha256) throw unreadable(`line ${index + 1} gives ${JSON.stringify(entry.name)} a second, different checksum`);
    found.set(entry.name, entry.sha256);
  }
  return found;
}

/** The digests known for a payload and who says so, for one decision and its message. */
export interface StatedDigest { readonly by: string; readonly sha256: string | null | undefined }

/**
 * The one digest all agree on; null when nobody states one. Throws `artifact-digest` when two disagree.
 */
export function agreeOnDigest(name: string, stated: readonly StatedDigest[]): string | null {
  const known = stated.filter((one): one is { by: string; sha256: string } => typeof one.sha256 === 'string');
  const [first] = known;
  if (first === undefined) return null;
  const other = known.find((one) => one.sha256.toLowerCase() !== first.sha256.toLowerCase());
  if (other === undefined) return first.sha256.toLowerCase();
  throw new HoldlineError('artifact-digest', `cannot trust ${name}: ${first.by} says sha256 ${first.sha256}, ${other.by} says ${other.sha256}`, {
    hint: 'The file was replaced after it was published, or the publisher made a mistake. Nothing was installed; ask the publisher.',
    context: { name, [first.by]: first.sha256, [other.by]: other.sha256 },
  });
}

/** Under `trust.require: checksum` somebody must state a digest. */
export function assertCovered(name: string, digest: string | null): string {
  if (digest !== null) return digest;
  throw new HoldlineError('artifact-not-covered', `cannot trust ${name}: neither SHA256SUMS nor the source states its checksum`, {
    hint: 'Add a SHA256SUMS asset to the release, or sign releases with `holdline publish`. A source tarball has no stable checksum: publish a .tar.gz asset.',
    context: { name },
  });
}

function parseLine(line: string): { name: string; sha256: string } | undefined {
  const plain = PLAIN_LINE.exec(line);
  const tagged = plain === null ? TAGGED_LINE.exec(line) : null;
  const sha256 = plain?.[2] ?? tagged?.[2];
  const written = plain?.[3] ?? tagged?.[1];
  if (sha256 === undefined || written === undefined) return undefined;
  const name = plain?.[1] === '\\' ? unescapeName(written) : written;
  return { name: name.startsWith('./') ? name.slice(2) : name, sha256: sha256.toLowerCase() };
}

/** sha256sum marks a line with a leading backslash when the name has escapes. */
function unescapeName(name: string): string {
  return name.replace(/\\([\\nr])/g, (_, mark: string) => (mark === 'n' ? '\n' : mark === 'r' ? '\r' : '\\'));
}

function decode(content: Uint8Array): string {
  if (content.byteLength > MAX_CHECKSUMS_BYTES) throw unreadable(`it has more than ${MAX_CHECKSUMS_BYTES} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw unreadable('it is not text in UTF-8', cause);
  }
}

function unreadable(why: string, cause?: unknown): HoldlineError {
  return new HoldlineError('manifest-invalid', `cannot use SHA256SUMS: ${why}`, { hint: 'Make it with `sha256sum FILE… > SHA256SUMS` and publish again.', cause });
}
