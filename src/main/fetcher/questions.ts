// What the updater asks the fetcher, and what comes back. Plain JSON over the channel between parent and child; effects go over pipes.
import type { PlainError } from '../../domain/jobs.js';
import type { Layout } from '../../domain/layout.js';
import type { Manifest } from '../../domain/manifest.js';
import type { Asset, RateLimit, Release } from '../../domain/release.js';
import type { RunEvent } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import type { ObtainedPayload } from '../../engine/parts.js';

/** `from`: a folder or file instead of the source in the settings. */
export type Question = { /** Where there are several. */ readonly component?: string | undefined } & (
  | { readonly kind: 'list'; readonly from: string | null }
  /** Of all components of the repository of this one. */
  | { readonly kind: 'listings' }
  /** A small asset, whole. */
  | { readonly kind: 'read'; readonly from: string | null; readonly asset: Asset }
  /** A small file beside the releases. */
  | { readonly kind: 'file'; readonly path: string; readonly etag: string | null; readonly maxBytes: number }
  | { readonly kind: 'payload'; readonly from: string | null; readonly release: Release; readonly manifest: Manifest | null }
  | { readonly kind: 'listing'; readonly payload: ObtainedPayload }
  | { readonly kind: 'extract'; readonly payload: ObtainedPayload; readonly into: string; readonly reuse: string | null }
);

/** What the source knows besides its answers. */
export interface SourceFacts { readonly description: string; readonly requestsToday: number; readonly rateLimit: RateLimit | null }

export type ToFetcher =
  | { readonly type: 'begin'; readonly settings: Settings; readonly layout: Layout }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'abort' };

type Context = Readonly<Record<string, string | number | boolean | null>>;

export type FromFetcher =
  /** Null: it has given up its rights; else why it could not. */
  | { readonly type: 'begun'; readonly lacks: string | null }
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown; readonly facts: SourceFacts }
  | { readonly type: 'refusal'; readonly id: number; readonly error: PlainError; readonly context: Context; readonly facts: SourceFacts };

/** No asset read whole is larger: manifests, signatures, changes of keys. */
export const MAX_WHOLE_ASSET_BYTES = 1024 * 1024;
/** Where the child's ends of the pipes are: what it asks for, what it is answered. */
export const EFFECT_PIPES = { out: 4, in: 5 } as const;
