// One answer of the source into the part file: where it goes on, what is refused before it is kept, when it is complete.
// Must never append bytes of another file, or more bytes than expected.
import { HoldlineError } from '../domain/errors.js';
import type { AssetResponse, Clock, Logger, ReleaseSource } from '../domain/ports.js';
import type { Asset } from '../domain/release.js';
import type { Report } from '../domain/results.js';
import { CHECK_EVERY_BYTES, type FreeSpace } from './check-free-space.js';
import { brokenOff, tooLarge, tooShort, wrongAnswer } from './download-errors.js';
import type { PartFile } from './part-file.js';
import { assertGzip, SNIFF_BYTES } from './sniff-gzip.js';
import { openWatched, readWatched, watchTransfer, type TransferWatch } from './watch-transfer.js';

export interface ReceiveContext {
  readonly source: ReleaseSource;
  readonly clock: Clock;
  readonly report: Report;
  readonly log: Logger;
  readonly space: FreeSpace;
  readonly asset: Asset;
  readonly part: PartFile;
  /** Bytes of the whole asset, where known; else at most maxBytes are taken. */
  readonly size: number | undefined;
  readonly maxBytes: number;
  /** A wrong resume would be found at the end; without this only a strong validator allows to resume. */
  readonly sha256Known: boolean;
  readonly sniff: 'gzip' | undefined;
  readonly stallMs: number;
  readonly deadlineAtMs: number;
  readonly progress: Progress;
}

/** Counted over all answers of one download. */
export interface Progress {
  /** Bytes over the network. */
  received: number;
  /** The furthest byte of the file ever reached. */
  furthest: number;
  reportedAtMs: number;
}

const REPORT_EVERY_MS = 100;

export async function receiveAnswer(context: ReceiveContext, signal: AbortSignal): Promise<void> {
  const { part, size, asset, clock, stallMs, deadlineAtMs } = context;
  if (part.size > 0 && part.size === size) return;
  const range = canResume(context) ? { from: part.size, etag: part.etag } : undefined;
  context.space.check(remaining(context, range?.from ?? 0));
  const watch = watchTransfer(clock, asset.name, { stallMs, deadlineAtMs }, signal);
  let response: AssetResponse | undefined;
  try {
    response = range === undefined ? undefined : await openRange(context, range, watch);
    response ??= await openWatched(context.source, asset, undefined, watch);
    await takeBody(context, response, watch);
  } finally {
    watch.stop();
    response?.cancel();
  }
}

function canResume({ part, size, sha256Known }: ReceiveContext): boolean {
  return part.size > 0 && (size === undefined || part.size < size) && (sha256Known || part.etag !== undefined);
}

/**
 * An answer that goes on where we are, or starts at zero; undefined where the source cannot, or has another file by now: then all of
 * it is asked for, in the same try, so that no part on the disk can make every later try fail. A web page in between is not that.
 */
async function openRange(context: ReceiveContext, range: { readonly from: number; readonly etag: string | undefined }, watch: TransferWatch): Promise<AssetResponse | undefined> {
  const { source, asset, log } = context;
  let response: AssetResponse | undefined;
  try {
    response = await openWatched(source, asset, range, watch);
  } catch (thrown) {
    if (!(thrown instanceof HoldlineError && thrown.code === 'source-invalid' && 'asked' in thrown.context)) throw thrown;
  }
  const sameFile = response?.etag === undefined || range.etag === undefined || response.etag === range.etag;
  if (response !== undefined && (response.from === 0 || (response.from === range.from && sameFile))) return response;
  response?.cancel();
  log.debug('the source cannot go on where the download stopped; asking for all of it', { asset: asset.name, asked: range.from, got: response?.from ?? null });
  return undefined;
}

async function takeBody(context: ReceiveContext, response: AssetResponse, watch: TransferWatch): Promise<void> {
  const { part, asset, progress } = context;
  let head = response.from > 0 ? undefined : Buffer.alloc(0);
  if (head === undefined) goOn(context, response);
  for await (const piece of readWatched(asset.name, response.body, watch)) {
    progress.received += piece.byteLength;
    if (head === undefined) {
      keep(context, piece);
      continue;
    }
    head = Buffer.concat([head, piece]);
    if (head.length < SNIFF_BYTES) continue;
    startFresh(context, response, head);
    head = undefined;
  }
  if (head !== undefined && head.length > 0) startFresh(context, response, head);
  const end = context.size ?? response.total;
  if (head?.length === 0 || (end !== undefined && part.size < end)) throw brokenOff(asset.name, part.size, end);
}

/** A 206; where it starts was checked for a range, and nothing else may start later than zero. */
function goOn(context: ReceiveContext, response: AssetResponse): void {
  const { part, asset } = context;
  if (response.from !== part.size) throw wrongAnswer(asset.name, `the whole file was asked for, the answer starts at byte ${response.from}`);
  assertTotal(context, response);
  part.begin(false, response.etag ?? part.etag);
}

/** An answer from zero replaces what was kept, but only once its first bytes look right. */
function startFresh(context: ReceiveContext, response: AssetResponse, head: Uint8Array): void {
  if (context.sniff === 'gzip') assertGzip(context.asset.name, head);
  assertTotal(context, response);
  context.part.begin(true, response.etag);
  keep(context, head);
}

function assertTotal(context: ReceiveContext, { total }: AssetResponse): void {
  if (total === undefined) return;
  const name = context.asset.name;
  if (total > (context.size ?? context.maxBytes)) throw tooLarge(name, total, context.size ?? context.maxBytes);
  if (context.size !== undefined && total < context.size) throw tooShort(name, total, context.size);
  if (context.size === undefined) context.space.check(total);
}

function keep(context: ReceiveContext, bytes: Uint8Array): void {
  const { part, asset, progress, space } = context;
  const cap = context.size ?? context.maxBytes;
  const before = part.size;
  if (before + bytes.byteLength > cap) {
    part.discard();
    throw tooLarge(asset.name, before + bytes.byteLength, cap);
  }
  try {
    part.append(bytes);
  } catch (thrown) {
    throw space.explain(thrown, remaining(context, before));
  }
  progress.furthest = Math.max(progress.furthest, part.size);
  if (Math.floor(part.size / CHECK_EVERY_BYTES) > Math.floor(before / CHECK_EVERY_BYTES)) space.check(remaining(context, part.size));
  const now = context.clock.monotonicMs();
  if (now - progress.reportedAtMs < REPORT_EVERY_MS) return;
  progress.reportedAtMs = now;
  context.report({ type: 'progress', phase: 'download', done: part.size, total: context.size ?? null, unit: 'bytes' });
}

function remaining({ size }: ReceiveContext, from: number): number | undefined {
  return size === undefined ? undefined : size - from;
}
