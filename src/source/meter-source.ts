// A source whose assets are counted as they arrive and come no faster than allowed. Never holds back what is already paid for longer than a second.
import type { AssetResponse, Clock, ReleaseSource } from '../domain/ports.js';

export interface Meter {
  readonly clock: Clock;
  /** Bytes per second; 0: not bounded. */
  readonly bandwidth: number;
  readonly count: (bytes: number) => void;
  /** A transfer has ended, also one that was broken off. */
  readonly ended: () => void;
}

export function meterSource(source: ReleaseSource, meter: Meter): ReleaseSource {
  const pace = createPace(meter.clock, meter.bandwidth);
  return {
    get description() { return source.description; },
    list: (signal) => source.list(signal), requestsToday: () => source.requestsToday(), rateLimit: () => source.rateLimit(),
    ...(source.attestations === undefined ? {} : { attestations: source.attestations.bind(source) }),
    async open(asset, range, signal): Promise<AssetResponse> {
      const response = await source.open(asset, range, signal);
      return { ...response, body: metered(response.body, meter, pace, signal), cancel: () => response.cancel() };
    },
  };
}

async function* metered(body: AsyncIterable<Uint8Array>, meter: Meter, pace: Pace, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      meter.count(piece.byteLength);
      for (const slice of pace.cut(piece)) {
        await pace.take(slice.byteLength, signal);
        yield slice;
      }
    }
  } finally { meter.ended(); }
}

interface Pace {
  /** Into what may pass in a second: a wait is never long enough to be taken for a stall. */
  cut(piece: Uint8Array): Iterable<Uint8Array>;
  /** Resolves when they may pass. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** A bucket of one second's bytes, full at the beginning, shared by all transfers of the source. */
function createPace(clock: Clock, bandwidth: number): Pace {
  if (bandwidth === 0) return { cut: (piece) => [piece], take: () => Promise.resolve() };
  let tokens = bandwidth;
  let lastMs = clock.monotonicMs();
  return {
    * cut(piece) { for (let at = 0; at < piece.byteLength; at += bandwidth) yield piece.subarray(at, at + bandwidth); },
    async take(bytes, signal) {
      const now = clock.monotonicMs();
      tokens = Math.min(bandwidth, tokens + ((now - lastMs) / 1000) * bandwidth) - bytes;
      lastMs = now;
      // Whoever overdraws waits until it is paid back; who comes meanwhile finds the debt and waits behind.
      if (tokens < 0) await clock.sleep((-tokens / bandwidth) * 1000, signal);
    },
  };
}
