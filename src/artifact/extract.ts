// Unpacks a verified payload into a fresh directory. Every rule is checked before the effect it guards; what this returns is the tree
// as shipped, hashed from the bytes themselves. Must never write outside `into`, whatever the archive holds.
import { HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import type { ArchiveLimits } from '../domain/settings.js';
import { sortTree, type Tree } from '../domain/tree.js';
import { invalidArchive, overLimit } from './archive-errors.js';
import { ListWriter } from './list-writer.js';
import { readGzip } from './read-gzip.js';
import { guessStrip, WrongGuess, type StripDecision, type StripRule } from './strip-top.js';
import { TarReader } from './tar-reader.js';
import { TreeSink } from './tree-sink.js';
import { TreeWriter, type EntryWriter, type Reuse } from './tree-writer.js';

export interface ExtractDependencies { readonly fs: Filesystem; readonly report: Report; readonly log: Logger }

/** How a payload is read, whether it is unpacked or only looked at. */
export interface PayloadRequest {
  /** The verified tar.gz. */
  readonly payload: string;
  /** `always` for source tarballs: their one top folder is never content. */
  readonly strip: 'auto' | 'always';
  readonly managedPaths: readonly string[];
  readonly limits: ArchiveLimits;
  readonly links: 'inside' | 'none';
  /** Lower-case hex, as verified, where no signed list of files covers the tree: what is unpacked is then hashed once more, as it is read. Default: null. */
  readonly sha256?: string | null;
}

export interface ExtractRequest extends PayloadRequest {
  /** Fresh: missing or empty. Removed again when the payload is refused. */
  readonly into: string;
  readonly reuse: Reuse | null;
  /** Files for which it is true are created without write bits (0444/0555). Default: none. */
  readonly isCode?: (path: string) => boolean;
}

export interface PayloadListing {
  /** As shipped: sorted, modes 0644/0755/link. */
  readonly tree: Tree;
  /** The top folder that was taken away. */
  readonly stripped: string | null;
  /** Files, links and directories, named or implied. */
  readonly entries: number;
}

export interface ExtractResult extends PayloadListing {
  readonly bytesWritten: number;
  readonly filesLinked: number;
}

/** Below this, a high ratio is no bomb: a small archive of zeros is honest. */
const RATIO_FREE_BYTES = 1024 * 1024;
const BLOCK_BYTES = 512;

export async function extractPayload(deps: ExtractDependencies, request: ExtractRequest, signal: AbortSignal): Promise<ExtractResult> {
  const { fs } = deps;
  const { into, reuse, isCode = () => false } = request;
  const attempt = async (decided: StripDecision | undefined): Promise<ExtractResult> => {
    // What may be shared with the current tree hangs on the path, so a wrong guess is not repaired but done again.
    if (decided !== undefined) fs.remove(into);
    const writer = new TreeWriter(fs, { into, reuse, isCode });
    try {
      const listing = await readPayload(deps, request, writer, guessStrip(fs, request, reuse?.directory, decided), signal);
      return { ...listing, bytesWritten: writer.bytesWritten, filesLinked: writer.filesLinked };
    } finally {
      writer.abandon();
    }
  };
  assertFresh(fs, into);
  try {
    return await guessThenKnow(deps.log, attempt);
  } catch (thrown) {
    removeQuietly(deps, into);
    throw explainFsError(thrown, `unpack the release into ${into}`);
  }
}

/** The tree a payload would give, by the same rules; nothing is written. */
export async function listPayload(deps: ExtractDependencies, request: PayloadRequest, signal: AbortSignal): Promise<PayloadListing & { readonly versionText: string | null }> {
  try {
    return await guessThenKnow(deps.log, async (decided) => {
      const writer = new ListWriter();
      const listing = await readPayload(deps, request, writer, guessStrip(deps.fs, request, undefined, decided), signal);
      return { ...listing, versionText: writer.versionText };
    });
  } catch (thrown) {
    throw explainFsError(thrown, `read the release ${request.payload}`);
  }
}

async function guessThenKnow<Result>(log: Logger, attempt: (decided: StripDecision | undefined) => Promise<Result>): Promise<Result> {
  try {
    return await attempt(undefined);
  } catch (thrown) {
    if (!(thrown instanceof WrongGuess)) throw thrown;
    log.debug('reading the payload again: its top folder was guessed wrongly', { strip: thrown.decision });
    return await attempt(thrown.decision);
  }
}

async function readPayload(deps: ExtractDependencies, request: PayloadRequest, writer: EntryWriter, strip: StripRule, signal: AbortSignal): Promise<PayloadListing> {
  const size = payloadSize(deps.fs, request);
  const sink = new TreeSink(writer, { ...request, strip });
  const reader = new TarReader(sink);
  const progress = { consumed: 0 };
  const limit = new InflatedLimit(request.limits, size);
  let told = -1;
  for await (const piece of readGzip(deps.fs, { path: request.payload, size, sha256: request.sha256 ?? null }, progress)) {
    throwIfAborted(signal);
    limit.add(piece.length);
    reader.push(piece);
    if (progress.consumed !== told) deps.report({ type: 'progress', phase: 'stage', done: progress.consumed, total: size, unit: 'bytes' });
    told = progress.consumed;
  }
  reader.finish();
  throwIfAborted(signal);
  const { entries, stripped, count } = sink.finish();
  return { tree: sortTree(entries), stripped, entries: count };
}

/** Outside of the clean-up: what is there already is not ours to remove. */
function assertFresh(fs: Filesystem, into: string): void {
  const stat = fs.stat(into);
  if (stat === undefined || (stat.kind === 'directory' && fs.list(into).length === 0)) return;
  throw new HoldlineError('step-failed', `cannot unpack the release: ${into} is not an empty folder`, { hint: 'This is a mistake in holdline itself; please report it.' });
}

/** What really comes out of the deflate stream, whatever the headers declare. */
class InflatedLimit {
  #total = 0;
  readonly #max: number;

  constructor(private readonly limits: ArchiveLimits, private readonly size: number) {
    // Headers and padding: at most a pax header, its body and the entry's own blocks for each entry.
    this.#max = limits.unpackedBytes + limits.entries * 4 * BLOCK_BYTES + RATIO_FREE_BYTES;
  }

  add(bytes: number): void {
    this.#total += bytes;
    if (this.#total > this.#max) throw overLimit(`it unpacks to more than ${this.limits.unpackedBytes} bytes`);
    if (this.#total > RATIO_FREE_BYTES && this.#total > this.size * this.limits.ratio) {
      throw overLimit(`it unpacks to more than ${this.limits.ratio} times its size`);
    }
  }
}

function payloadSize(fs: Filesystem, request: PayloadRequest): number {
  const stat = fs.stat(request.payload);
  if (stat?.kind !== 'file') throw invalidArchive(`${request.payload} is not a file`);
  if (stat.size > request.limits.payloadBytes) {
    throw new HoldlineError('artifact-too-large', `cannot unpack the release: it has ${stat.size} bytes, more than ${request.limits.payloadBytes}`, {
      hint: 'If the release is right, raise limits.payload_bytes in the settings.',
    });
  }
  return stat.size;
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new HoldlineError('interrupted', 'cannot go on unpacking: holdline was asked to stop. Nothing was changed.', { cause: signal.reason });
  }
}

/** The first error is the one to tell. */
function removeQuietly(deps: ExtractDependencies, path: string): void {
  try {
    deps.fs.remove(path);
  } catch (thrown) {
    deps.log.warn('cannot remove a half unpacked release; it is removed at the next start', { path, reason: String(thrown) });
  }
}
