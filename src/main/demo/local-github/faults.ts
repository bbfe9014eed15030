// Faults on demand: what goes wrong, where, and how often. The servers ask before each answer.

export type FaultKind =
  /** Answers with this status instead. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** 200 with a web page, as a captive portal does. */
  | { readonly kind: 'html' }
  /** The connection ends after this many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** No byte more after this many, and the connection stays open; -1: not even headers. */
  | { readonly kind: 'stall'; readonly after: number }
  /** `bytes` every `everyMs`. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** One byte of the body is flipped, at this offset of the whole. */
  | { readonly kind: 'corrupt'; readonly at: number }
  /** content-length says `by` bytes more (or less) than come. */
  | { readonly kind: 'wrong-length'; readonly by: number }
  /** This many bytes more than there should be. */
  | { readonly kind: 'oversize'; readonly by: number }
  /** The connection is closed without an answer. */
  | { readonly kind: 'close' }
  /** 302 to this address. */
  | { readonly kind: 'redirect'; readonly to: string }
  /** 200 and the whole body although a range was asked. */
  | { readonly kind: 'ignore-range' }
  /** 206 that starts elsewhere than asked. */
  | { readonly kind: 'wrong-range'; readonly by: number };

export type FaultOrigin = 'api' | 'storage' | 'upload' | 'web';

export interface Fault {
  readonly on: FaultOrigin;
  /** Part of the path or the asset name; default: every request there. */
  readonly match?: string | RegExp;
  /** How many requests it hits; default 1. */
  readonly times?: number;
  /** How many matching requests pass first; default 0. */
  readonly skip?: number;
  readonly what: FaultKind;
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** The fault that hits this request, used up by one. */
  next(on: FaultOrigin, path: string): FaultKind | undefined;
}

export function createFaults(): Faults {
  let waiting: { fault: Fault; left: number; skip: number }[] = [];
  const hits = (fault: Fault, on: FaultOrigin, path: string): boolean =>
    fault.on === on && (fault.match === undefined || (typeof fault.match === 'string' ? path.includes(fault.match) : fault.match.test(path)));
  return {
    add: (fault) => { waiting.push({ fault, left: fault.times ?? 1, skip: fault.skip ?? 0 }); },
    clear: () => { waiting = []; },
    next(on, path) {
      for (const entry of waiting) {
        if (!hits(entry.fault, on, path)) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        if (entry.left <= 0) waiting = waiting.filter((other) => other !== entry);
        return entry.fault.what;
      }
      return undefined;
    },
  };
}
