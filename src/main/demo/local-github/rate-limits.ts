// The hourly quotas of the local GitHub: one per token, one for everybody without.
import type { Limit } from './render-json.js';

const HOUR_MS = 3_600_000;

export interface RateLimits {
  /** Takes one request from the quota; false when it is used up. */
  take(token: string | null): boolean;
  /** A 304 to a token costs nothing: gives back what `take` took. */
  giveBack(token: string | null): void;
  read(token: string | null): Limit;
  /** For tests: what is left, and in how many seconds it is full again. */
  set(token: string | null, remaining: number, resetInSeconds: number): void;
}

export function createRateLimits(now: () => Date, limits: { readonly anonymous: number; readonly token: number }): RateLimits {
  const windows = new Map<string, { used: number; resetMs: number }>();
  const limitOf = (token: string | null): number => (token === null ? limits.anonymous : limits.token);
  const windowOf = (token: string | null): { used: number; resetMs: number } => {
    const key = token ?? '';
    const found = windows.get(key);
    if (found !== undefined && found.resetMs > now().getTime()) return found;
    const fresh = { used: 0, resetMs: now().getTime() + HOUR_MS };
    windows.set(key, fresh);
    return fresh;
  };
  return {
    take(token) {
      const window = windowOf(token);
      if (window.used >= limitOf(token)) return false;
      window.used += 1;
      return true;
    },
    giveBack(token) { windowOf(token).used -= 1; },
    read(token) {
      const window = windowOf(token);
      const limit = limitOf(token);
      return { limit, remaining: Math.max(0, limit - window.used), reset: Math.ceil(window.resetMs / 1000), used: window.used };
    },
    set(token, remaining, resetInSeconds) {
      windows.set(token ?? '', { used: limitOf(token) - remaining, resetMs: now().getTime() + resetInSeconds * 1000 });
    },
  };
}
