// What the source says about a rollout now: the file on the default branch, else an asset of a release; proven, or told why it is not believed.
// The signature is fetched only for a text that is new. A last good statement is never given up for one that is forged, older, or gone.
import { createHash } from 'node:crypto';
import { HoldlineError } from '../../domain/errors.js';
import type { ReleaseSource } from '../../domain/ports.js';
import type { Asset, Release } from '../../domain/release.js';
import { ROLLOUT_ASSET, ROLLOUT_SIGNATURE, rolloutPath, type RememberedRollout, type RolloutInForce, type RolloutStatement, type SignedRollout } from '../../domain/rollout.js';
import type { TransferBounds } from '../download.js';
import { fetchSmallAsset, type SmallAssetDeps } from '../fetch-small-asset.js';
import { MAX_SIGNATURE_BYTES } from '../minisign.js';
import { assertNotOlder, proveRollout, type RolloutTrust } from './prove-rollout.js';
import { badRollout, MAX_ROLLOUT_BYTES } from './rollout-statement.js';

export interface RolloutQuestion {
  readonly trust: RolloutTrust;
  readonly remembered: RememberedRollout | null;
  /** Whose assets may carry it: the candidate and what runs. */
  readonly releases: readonly Release[];
  readonly bounds: TransferBounds;
}

const NOTHING: RememberedRollout = { signed: null, taken_at: null, etag: null, asked_at: '', problem: null };
const GONE = 'the source does not show it any more';

/** What of the memory counts under these settings and keys, proven again at each use: a revoked key's statement does not. */
export function recallRollout(trust: RolloutTrust, remembered: RememberedRollout | null): RolloutInForce {
  if (remembered === null) return { statement: null, problem: null };
  const { signed, taken_at: takenAt, problem } = remembered;
  if (signed === null || takenAt === null) return { statement: null, problem };
  try { return { statement: proveRollout(trust, signed, new Date(takenAt)), problem }; } catch (thrown) {
    if (thrown instanceof HoldlineError) return { statement: null, problem };
    throw thrown;
  }
}

/** Throws only errors of family `source` and of transfers: what cannot be asked is not known to be anything. */
export async function obtainRollout(deps: SmallAssetDeps, question: RolloutQuestion, signal: AbortSignal): Promise<RememberedRollout> {
  const asked = { asked_at: deps.clock.now().toISOString() };
  const { statement } = recallRollout(question.trust, question.remembered);
  // What does not count any more is forgotten with its etag: the same text may have to be proven by another key.
  const known = statement === null ? null : question.remembered;
  const base = { ...NOTHING, ...known, ...asked };
  try {
    const news = await fetchNews(deps, question, known, signal);
    if (news === 'unchanged') return { ...base, problem: null };
    if (news === 'missing') return { ...base, etag: null, problem: known === null ? null : GONE };
    const signed: SignedRollout = { text: news.text, signature: await news.signature() };
    assertNotOlder(statement === null ? null : { statement, text: known?.signed?.text ?? '' }, { statement: prove(deps, question, signed), text: signed.text });
    return { signed, taken_at: asked.asked_at, etag: news.etag, ...asked, problem: null };
  } catch (thrown) {
    if (!(thrown instanceof HoldlineError) || !isDisbelief(thrown)) throw thrown;
    deps.log.warn(thrown.message, { code: thrown.code });
    return { ...base, etag: null, problem: thrown.message };
  }
}

/** Of what came, not of how it came. */
const isDisbelief = ({ code }: HoldlineError): boolean => code === 'rollout-invalid' || code === 'signature-invalid' || code === 'signature-key' || code === 'artifact-too-large';

const prove = (deps: SmallAssetDeps, { trust }: RolloutQuestion, signed: SignedRollout): RolloutStatement => proveRollout(trust, signed, deps.clock.now());

interface News { readonly text: string; readonly etag: string | null; signature(): Promise<string | null> }

async function fetchNews(deps: SmallAssetDeps, question: RolloutQuestion, known: RememberedRollout | null, signal: AbortSignal): Promise<News | 'unchanged' | 'missing'> {
  const { source } = deps;
  const path = rolloutPath(question.trust.channel, question.trust.component);
  const answer = await source.file?.(path, known?.etag ?? null, MAX_ROLLOUT_BYTES, signal) ?? { kind: 'missing' as const };
  if (answer.kind === 'unchanged') return 'unchanged';
  if (answer.kind === 'missing') return fetchAsset(deps, question, known, signal);
  const text = decode(answer.content);
  if (text === known?.signed?.text) return 'unchanged';
  return { text, etag: answer.etag, signature: async () => (question.trust.ring === null ? null : readSignature(source, `${path}.minisig`, signal)) };
}

async function readSignature(source: ReleaseSource, path: string, signal: AbortSignal): Promise<string | null> {
  const answer = await source.file?.(path, null, MAX_SIGNATURE_BYTES, signal);
  return answer?.kind === 'content' ? decode(answer.content) : null;
}

/** Releases may carry it where nothing can be put on the branch; one whose digest is known is not fetched again. */
async function fetchAsset(deps: SmallAssetDeps, { trust, releases, bounds }: RolloutQuestion, known: RememberedRollout | null, signal: AbortSignal): Promise<News | 'unchanged' | 'missing'> {
  const release = releases.find(({ assets }) => assets.some(({ name }) => name === ROLLOUT_ASSET));
  const find = (name: string): Asset | undefined => release?.assets.find((asset) => asset.name === name);
  const asset = find(ROLLOUT_ASSET);
  if (asset === undefined) return 'missing';
  const knownText = known?.signed?.text;
  if (knownText !== undefined && asset.sha256 === createHash('sha256').update(knownText).digest('hex')) return 'unchanged';
  const text = decode(await fetchSmallAsset(deps, asset, MAX_ROLLOUT_BYTES, bounds, signal));
  if (text === knownText) return 'unchanged';
  const beside = find(ROLLOUT_SIGNATURE);
  return { text, etag: null, signature: async () => (trust.ring === null || beside === undefined ? null : decode(await fetchSmallAsset(deps, beside, MAX_SIGNATURE_BYTES, bounds, signal))) };
}

function decode(content: Buffer): string {
  try { return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content); } catch (cause) { throw badRollout('it is not UTF-8', cause); }
}
