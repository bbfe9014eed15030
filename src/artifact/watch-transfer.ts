// Watches one transfer: no new byte for too long, the total deadline, or an abort end it at once, even when the other side never answers.
// Must never leave a timer or a listener behind after `stop`.
import { HoldlineError } from '../domain/errors.js';
import type { AssetResponse, Clock, ReleaseSource } from '../domain/ports.js';
import type { Asset } from '../domain/release.js';

export interface TransferLimits {
  /** The longest time without a new byte. */
  readonly stallMs: number;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
}

export interface TransferWatch {
  /** Aborted when the transfer is over for one of the three reasons; its reason is the HoldlineError. */
  readonly signal: AbortSignal;
  /** The promise, or that error, whichever comes first. */
  next<T>(pending: Promise<T>): Promise<T>;
  /** A new byte has arrived. */
  touch(): void;
  stop(): void;
}

export function watchTransfer(clock: Clock, name: string, limits: TransferLimits, signal: AbortSignal): TransferWatch {
  const over = new AbortController();
  const stopped = new AbortController();
  let lastMs = clock.monotonicMs();
  const obey = (): void => over.abort(interruptedError(name, signal));
  const guard = async (): Promise<void> => {
    for (;;) {
      const now = clock.monotonicMs();
      if (now >= limits.deadlineAtMs) return over.abort(deadlineError(name));
      if (now - lastMs >= limits.stallMs) return over.abort(stallError(name, limits.stallMs));
      await clock.sleep(Math.min(lastMs + limits.stallMs, limits.deadlineAtMs) - now, stopped.signal);
    }
  };
  if (signal.aborted) obey();
  signal.addEventListener('abort', obey, { once: true });
  guard().catch(() => undefined); // its only failure is being stopped
  return {
    signal: over.signal,
    next: (pending) => orAborted(pending, over.signal),
    touch: () => { lastMs = clock.monotonicMs(); },
    stop: () => {
      stopped.abort();
      signal.removeEventListener('abort', obey);
    },
  };
}

/** Asks the source; an answer that comes after the watch gave up is cancelled. */
export async function openWatched(source: ReleaseSource, asset: Asset, range: Parameters<ReleaseSource['open']>[1], watch: TransferWatch): Promise<AssetResponse> {
  const pending = source.open(asset, range, watch.signal);
  try {
    return await watch.next(pending);
  } catch (thrown) {
    pending.then((late) => late.cancel(), () => undefined);
    throw asTransferError(asset.name, thrown);
  }
}

/** The non-empty pieces of a body. A body that fails is `download-interrupted`. */
export async function* readWatched(name: string, body: AsyncIterable<Uint8Array>, watch: TransferWatch): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const piece = await watch.next(iterator.next()).catch((thrown: unknown) => { throw asTransferError(name, thrown); });
      if (piece.done === true) return;
      if (piece.value.byteLength === 0) continue;
      watch.touch();
      yield piece.value;
    }
  } finally {
    // Not awaited: of a body that hangs this would hang too.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

export function interruptedError(name: string, signal: AbortSignal): HoldlineError {
  if (signal.reason instanceof HoldlineError) return signal.reason;
  return new HoldlineError('interrupted', `cannot finish the download of ${name}: it was stopped; nothing was changed`, { hint: KEPT, cause: signal.reason });
}

export const KEPT = 'What has arrived is kept; the next run goes on from there.';

/** Rejects at once when the signal is aborted. Not Promise.race: that would keep every piece reachable until the signal goes. */
function orAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(asError(signal.reason));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
    pending.finally(() => signal.removeEventListener('abort', give)).then(resolve, reject);
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function asTransferError(name: string, thrown: unknown): HoldlineError {
  if (thrown instanceof HoldlineError) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new HoldlineError('download-interrupted', `cannot download ${name}: the transfer broke off (${why})`, { hint: KEPT, cause: thrown });
}

function stallError(name: string, stallMs: number): HoldlineError {
  return new HoldlineError('download-stalled', `cannot download ${name}: no new byte for ${stallMs / 1000} s`, {
    hint: `${KEPT} On a slow line raise download_timeout.`, context: { stall_ms: stallMs },
  });
}

function deadlineError(name: string): HoldlineError {
  return new HoldlineError('download-deadline', `cannot download ${name}: it took longer than download_deadline allows`, { hint: `${KEPT} On a slow line raise download_deadline.` });
}
