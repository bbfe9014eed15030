// The open book of one source during a run: counts requests, obeys limits, keeps pages, and writes it all down in one go.
import { HoldlineError } from '../domain/errors.js';
import type { Clock, Filesystem, Logger } from '../domain/ports.js';
import type { RateLimit } from '../domain/release.js';
import type { LimitAnswer } from './limit-wishes.js';
import { MAX_WAIT_MS, readLimitWish } from './limit-wishes.js';
import type { CachedPage, CacheScope } from './source-cache.js';
import { dayOf, EMPTY_SCOPE, readSourceCache, recallSource, writeSourceCache } from './source-cache.js';

export interface SourceLedger {
  /** Throws `source-rate-limited` while an earlier answer asked us to wait: nothing is sent then. */
  assertMayAsk(): void;
  countRequest(): void;
  /** Takes what an answer says about limits; returns until when to wait when the answer was a refusal for one. */
  noteAnswer(answer: LimitAnswer): string | undefined;
  page(url: string): CachedPage | undefined;
  keepPages(pages: readonly CachedPage[]): void;
  /** Reads again what another process may have written meanwhile. */
  refresh(): void;
  save(): void;
  requestsToday(): number;
  rateLimit(): RateLimit | null;
}

export interface LedgerPlace { readonly fs: Filesystem; readonly clock: Clock; readonly log: Logger; readonly file: string; readonly key: string; readonly hasToken: boolean }

export function createSourceLedger(place: LedgerPlace): SourceLedger {
  const { fs, clock, log, file, key } = place;
  let scope: CacheScope | undefined;
  let before = 0;
  let counted = 0;
  const read = (): CacheScope => {
    const cache = readSourceCache(fs, file, log);
    before = recallSource(cache, key, clock.now()).requestsToday;
    return cache.scopes[key] ?? EMPTY_SCOPE;
  };
  const now = (): CacheScope => (scope ??= read());
  return {
    assertMayAsk() {
      const until = now().notBefore;
      const waitMs = until === null ? 0 : Date.parse(until) - clock.now().getTime();
      // Longer than we ever wait: the clock has jumped since it was written, so it means nothing.
      if (until !== null && waitMs > 0 && waitMs <= MAX_WAIT_MS) throw rateLimitedError(until, now().rateLimit, place.hasToken);
    },
    countRequest: () => { counted += 1; },
    noteAnswer(answer) {
      const wish = readLimitWish(answer, now().strikes, clock.now());
      const notBefore = wish.waitMs === undefined ? null : new Date(clock.now().getTime() + wish.waitMs).toISOString();
      scope = { ...now(), strikes: wish.strikes, rateLimit: wish.rateLimit ?? now().rateLimit, notBefore };
      return wish.refused && notBefore !== null ? notBefore : undefined;
    },
    page: (url) => now().pages.find((page) => page.url === url),
    keepPages: (pages) => { scope = { ...now(), pages }; },
    refresh: () => { scope = read(); },
    save() {
      if (scope === undefined) return;
      const disk = readSourceCache(fs, file, log);
      const today = dayOf(clock.now());
      const requests = (disk.day === today ? disk.requests : 0) + counted;
      writeSourceCache(fs, file, { format: 1, day: today, requests, scopes: { ...disk.scopes, [key]: { ...scope, usedAt: clock.now().toISOString() } } }, log);
      before = requests;
      counted = 0;
    },
    requestsToday() {
      now();
      return before + counted;
    },
    rateLimit: () => now().rateLimit,
  };
}

export function rateLimitedError(until: string, limit: RateLimit | null, hasToken: boolean): HoldlineError<'source-rate-limited'> {
  const why = limit?.remaining === 0 ? `the limit of ${limit.limit} requests an hour is used up` : 'it asked us to wait';
  return new HoldlineError('source-rate-limited', `cannot ask GitHub now: ${why}; the next try is after ${until}, until then this device stays as it is`, {
    hint: hasToken ? 'Nothing to do: it goes on by itself. If it happens often, raise check_interval.'
      : 'It goes on by itself. All devices behind one address share 60 requests an hour: set GITHUB_TOKEN (5,000 an hour) or raise check_interval.',
    context: { until, limit: limit?.limit ?? null, remaining: limit?.remaining ?? null },
  });
}
