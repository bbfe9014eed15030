// A small asset (manifest, signature, checksums, files list) into memory, bounded and checked against what the source says of it.
import { createHash } from 'node:crypto';
import type { AssetResponse, Clock, Logger, ReleaseSource } from '../domain/ports.js';
import type { Asset } from '../domain/release.js';
import type { TransferBounds } from './download.js';
import { brokenOff, tooLarge, tooShort, wrongAnswer, wrongDigest } from './download-errors.js';
import { retryTransfer } from './retry-transfer.js';
import { openWatched, readWatched, watchTransfer } from './watch-transfer.js';

export interface SmallAssetDeps { readonly source: ReleaseSource; readonly clock: Clock; readonly log: Logger }

export async function fetchSmallAsset(deps: SmallAssetDeps, asset: Asset, maxBytes: number, bounds: TransferBounds, signal: AbortSignal): Promise<Buffer> {
  assertUploaded(asset);
  if (asset.size !== undefined && asset.size > maxBytes) throw tooLarge(asset.name, asset.size, maxBytes);
  const deadlineAtMs = deps.clock.monotonicMs() + bounds.deadlineMs;
  const content = await retryTransfer(deps, bounds, {
    name: asset.name, reached: () => 0, attempt: () => receiveWhole(deps, asset, maxBytes, { stallMs: bounds.stallMs, deadlineAtMs }, signal),
  }, signal);
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (asset.sha256 !== null && asset.sha256 !== sha256) throw wrongDigest(asset.name, asset.sha256, sha256);
  return content;
}

export function assertUploaded(asset: Asset): void {
  if (!asset.uploaded) throw wrongAnswer(asset.name, 'its upload is not finished', 'Wait until the publisher has finished; holdline tries again by itself.');
}

async function receiveWhole(deps: SmallAssetDeps, asset: Asset, maxBytes: number, limits: Parameters<typeof watchTransfer>[2], signal: AbortSignal): Promise<Buffer> {
  const watch = watchTransfer(deps.clock, asset.name, limits, signal);
  let response: AssetResponse | undefined;
  try {
    response = await openWatched(deps.source, asset, undefined, watch);
    if (response.from !== 0) throw wrongAnswer(asset.name, `the whole file was asked for, the answer starts at byte ${response.from}`);
    const { total } = response;
    if (total !== undefined && asset.size !== undefined && total < asset.size) throw tooShort(asset.name, total, asset.size);
    const cap = asset.size ?? maxBytes;
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of readWatched(asset.name, response.body, watch)) {
      size += piece.byteLength;
      if (size > cap) throw tooLarge(asset.name, size, cap);
      pieces.push(Buffer.from(piece)); // copied: a source may reuse its buffer
    }
    const end = asset.size ?? total;
    if (end !== undefined && size < end) throw brokenOff(asset.name, size, end);
    return Buffer.concat(pieces, size);
  } finally {
    watch.stop();
    response?.cancel();
  }
}
