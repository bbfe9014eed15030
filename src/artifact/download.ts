// One asset onto the disk: streamed, hashed, resumed after a cut or a restart, bounded in size, time and tries.
// Must never give out a path whose bytes are not exactly what was expected.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Clock, Filesystem, Logger, ReleaseSource } from '../domain/ports.js';
import type { Asset } from '../domain/release.js';
import type { Report } from '../domain/results.js';
import { createFreeSpace } from './check-free-space.js';
import { tooLarge, wrongDigest } from './download-errors.js';
import { partPath } from './kept-bytes.js';
import { hashInto, notePath, openPartFile, type PartFile } from './part-file.js';
import { isPlainName } from './plain-name.js';
import { receiveAnswer, type Progress, type ReceiveContext } from './receive-answer.js';
import { retryTransfer } from './retry-transfer.js';
import { interruptedError } from './watch-transfer.js';

export interface DownloadDeps { readonly source: ReleaseSource; readonly fs: Filesystem; readonly clock: Clock; readonly report: Report; readonly log: Logger }

/** The bounds every transfer keeps; all from the settings. */
export interface TransferBounds {
  /** The longest time without a new byte. */
  readonly stallMs: number;
  /** For all tries together, on the monotonic clock. */
  readonly deadlineMs: number;
  /** Extra tries in a row without a new byte. */
  readonly maxRetries: number;
  /** Before the first extra try; doubles up to five minutes. */
  readonly retryDelayMs: number;
}

export interface DownloadRequest extends TransferBounds {
  readonly asset: Asset;
  /** Name of the file; the same content must always get the same one. A plain file name. */
  readonly key: string;
  readonly expected: { readonly size?: number | undefined; readonly sha256?: string | undefined };
  readonly maxBytes: number;
  /** Holds nothing but downloads: everything but this key's files is removed. */
  readonly directory: string;
  /** What must stay free on the disk. */
  readonly minFreeBytes: number;
  /** Refuse what does not begin like gzip (a captive portal's page, say) before it is kept. */
  readonly sniff?: 'gzip' | undefined;
}

export interface Download {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** What came over the network in this call, repeated parts included. */
  readonly bytesDownloaded: number;
}

export async function downloadAsset(deps: DownloadDeps, request: DownloadRequest, signal: AbortSignal): Promise<Download> {
  if (!isPlainName(request.key)) throw new HoldlineError('internal', `cannot download to ${JSON.stringify(request.key)}: not a plain file name`);
  const size = request.expected.size ?? request.asset.size;
  if (size !== undefined && size > request.maxBytes) throw tooLarge(request.asset.name, size, request.maxBytes);
  try {
    makeRoom(deps.fs, request);
    const finished = await reuseFinished(deps.fs, request, signal);
    if (finished !== undefined) return finished;
    const { asset, expected, directory, key } = request;
    const part = await openPartFile(deps.fs, { directory, key }, { asset: asset.name, url: asset.url, size: size ?? null, sha256: expected.sha256 ?? null }, signal);
    try {
      return await fillAndVerify(deps, request, part, size, signal);
    } finally {
      part.close();
    }
  } catch (thrown) {
    if (signal.aborted) throw interruptedError(request.asset.name, signal);
    throw explainFsError(thrown, `download ${request.asset.name}`);
  }
}

async function fillAndVerify(deps: DownloadDeps, request: DownloadRequest, part: PartFile, size: number | undefined, signal: AbortSignal): Promise<Download> {
  const { asset, expected, maxBytes, sniff, stallMs } = request;
  const progress: Progress = { received: 0, furthest: part.size, reportedAtMs: Number.NEGATIVE_INFINITY };
  const space = createFreeSpace(deps.fs, asset.name, request.directory, request.minFreeBytes);
  const context: ReceiveContext = {
    ...deps, asset, part, size, maxBytes, sniff, stallMs, progress, space,
    sha256Known: expected.sha256 !== undefined, deadlineAtMs: deps.clock.monotonicMs() + request.deadlineMs,
  };
  for (let round = 1; ; round += 1) {
    await retryTransfer(deps, request, { name: asset.name, attempt: () => receiveAnswer(context, signal), reached: () => progress.furthest }, signal);
    const sha256 = part.digest();
    if (expected.sha256 === undefined || sha256 === expected.sha256) {
      deps.report({ type: 'progress', phase: 'download', done: part.size, total: part.size, unit: 'bytes' });
      return { size: part.size, sha256, bytesDownloaded: progress.received, path: part.finish() };
    }
    // Bytes of two answers may belong to two files: worth one clean try. Bytes of one answer are what the source serves.
    const mixed = part.pieces > 1;
    part.discard();
    if (!mixed || round > 1) throw wrongDigest(asset.name, expected.sha256, sha256);
    deps.log.warn(`what was put together of ${asset.name} is not the expected file; starting again from zero`, { expected: expected.sha256, found: sha256 });
    progress.furthest = 0;
  }
}

/** Old downloads go first: they may be what fills the disk. */
function makeRoom(fs: Filesystem, request: DownloadRequest): void {
  const { directory, key } = request;
  fs.makeDirectory(directory, 0o700);
  const mine = new Set([join(directory, key), partPath(directory, key), notePath(directory, key)]);
  for (const name of fs.list(directory)) {
    const path = join(directory, name);
    if (!mine.has(path)) fs.remove(path);
  }
}

/** A finished file counts only when its bytes, read again now, are the expected ones. */
async function reuseFinished(fs: Filesystem, request: DownloadRequest, signal: AbortSignal): Promise<Download | undefined> {
  const path = join(request.directory, request.key);
  const found = fs.stat(path);
  if (found === undefined) return undefined;
  const { sha256, size } = request.expected;
  if (found.kind === 'file' && sha256 !== undefined && (size === undefined || size === found.size) && found.size <= request.maxBytes) {
    const hash = createHash('sha256');
    const bytes = await hashInto(fs, path, hash, signal);
    if (hash.digest('hex') === sha256) return { path, size: bytes, sha256, bytesDownloaded: 0 };
  }
  fs.remove(path);
  return undefined;
}
