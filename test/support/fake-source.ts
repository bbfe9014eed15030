// A ReleaseSource in memory whose answers go wrong on demand, and a clock that jumps to the next sleeper when nothing else happens.
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { HoldlineError } from '../../src/domain/errors.js';
import type { AssetResponse, Clock, ReleaseSource } from '../../src/domain/ports.js';
import type { Asset, Release } from '../../src/domain/release.js';

export type Answer =
  | { readonly kind: 'good' }
  | { readonly kind: 'cut'; readonly after: number }
  /** Ends early as if it were complete, without saying its length. */
  | { readonly kind: 'silent-cut'; readonly after: number }
  | { readonly kind: 'hang'; readonly after: number }
  | { readonly kind: 'never-answer' }
  | { readonly kind: 'ignore-range'; readonly after?: number }
  /** 200 from zero whatever was asked, as a captive portal answers. */
  | { readonly kind: 'page'; readonly content: Buffer }
  /** Goes on in another file: a server that knows Range but not If-Range. */
  | { readonly kind: 'no-if-range' }
  | { readonly kind: 'wrong-range'; readonly by: number }
  | { readonly kind: 'other-bytes'; readonly content: Buffer }
  | { readonly kind: 'no-length' }
  | { readonly kind: 'error'; readonly error: Error };

export interface FakeSource extends ReleaseSource {
  readonly opened: { readonly name: string; readonly from: number; readonly etag: string | undefined }[];
  /** The next answers, in order; `good` when used up. */
  readonly answers: Answer[];
  etag: string | undefined;
  /** Called before each piece. */
  onPiece: (sent: number) => void;
  /** Bodies that were given out and neither read to their end nor cancelled. */
  readonly openBodies: () => number;
  /** Grows with everything it does. */
  activity: number;
}

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

export function assetOf(name: string, content: Uint8Array, changes: Partial<Asset> = {}): Asset {
  return { name, size: content.byteLength, sha256: null, uploaded: true, url: `fake:${name}`, ...changes };
}

export function releaseOf(tag: string, assets: readonly Asset[], changes: Partial<Release> = {}): Release {
  return { tag, version: tag.replace(/^v/, ''), prerelease: false, publishedAt: '2026-11-21T00:00:00Z', url: 'https://example.test/r', notes: '', assets, sourceTarball: undefined, ...changes };
}

export function createFakeSource(contents: Readonly<Record<string, Buffer>>, chunkBytes = 1000): FakeSource {
  let unread = 0;
  const source: FakeSource = {
    description: 'the fake source', opened: [], answers: [], etag: '"v1"', onPiece: () => undefined, openBodies: () => unread, activity: 0,
    list: () => Promise.resolve({ releases: [], rateLimit: null }),
    requestsToday: () => 0,
    rateLimit: () => null,
    async open(asset, range, signal) {
      await turn();
      source.activity += 1;
      source.opened.push({ name: asset.name, from: range?.from ?? 0, etag: range?.etag });
      const answer = source.answers.shift() ?? { kind: 'good' };
      if (answer.kind === 'error') throw answer.error;
      if (answer.kind === 'never-answer') return new Promise(() => undefined);
      const whole = contents[asset.name];
      if (whole === undefined) throw new HoldlineError('source-not-found', `cannot find ${asset.name}`);
      const content = answer.kind === 'other-bytes' || answer.kind === 'page' ? answer.content : whole;
      const changed = answer.kind !== 'no-if-range' && range?.etag !== undefined && range.etag !== source.etag;
      const from = range === undefined || changed || answer.kind === 'ignore-range' || answer.kind === 'page' ? 0 : range.from + (answer.kind === 'wrong-range' ? answer.by : 0);
      unread += 1;
      let closed = false;
      const close = (): void => { if (!closed) unread -= 1; closed = true; };
      const response: AssetResponse = {
        status: from > 0 ? 206 : 200, from, etag: source.etag, total: answer.kind === 'no-length' || answer.kind === 'silent-cut' ? undefined : content.length,
        body: sendPieces(content.subarray(from), answer, signal, chunkBytes, source, close), cancel: close,
      };
      return response;
    },
  };
  return source;
}

async function* sendPieces(content: Buffer, answer: Answer, _signal: AbortSignal, chunkBytes: number, source: FakeSource, close: () => void): AsyncGenerator<Uint8Array> {
  const end = 'after' in answer ? Math.min(answer.after ?? content.length, content.length) : content.length;
  const scratch = Buffer.alloc(chunkBytes); // reused, as a real source may
  for (let at = 0; at < end;) {
    await turn();
    const length = content.copy(scratch, 0, at, Math.min(at + chunkBytes, end));
    at += length;
    source.onPiece(at);
    source.activity += 1;
    yield scratch.subarray(0, length);
  }
  if (answer.kind === 'hang') await new Promise(() => undefined);
  if ((answer.kind === 'cut' || answer.kind === 'ignore-range') && end < content.length) throw new Error('socket hang up');
  close();
}

export interface JumpingClock extends Clock { readonly slept: number[]; wall: Date; elapsed(): number }

/** Time stands still while anything happens, then jumps to the next sleeper: stalls and backoffs cost no real time. */
export function createJumpingClock(activity: () => number, wall = new Date('2026-11-21T09:30:00Z')): JumpingClock {
  let nowMs = 1000;
  let running = false;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const run = async (): Promise<void> => {
    running = true;
    while (sleepers.size > 0) {
      for (let idle = 0, seen = activity(); idle < 10; idle = seen === activity() ? idle + 1 : 0) {
        seen = activity();
        await turn();
      }
      const next = [...sleepers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      nowMs = Math.max(nowMs, next.at);
      sleepers.delete(next);
      next.wake();
    }
    running = false;
  };
  return {
    wall, slept: [],
    now() { return this.wall; },
    monotonicMs: () => nowMs,
    elapsed: () => nowMs - 1000,
    sleep(ms, signal) {
      this.slept.push(ms);
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) { reject(signal.reason as Error); return; }
        const end = (): void => { sleepers.delete(sleeper); reject(signal?.reason as Error); };
        const sleeper = { at: nowMs + ms, wake: () => { signal?.removeEventListener('abort', end); resolve(); } };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', end, { once: true });
        if (!running) void run();
      });
    },
  };
}
