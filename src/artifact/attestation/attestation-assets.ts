// Which assets of a release may hold the payload's attestation, and the bundles in one of them. Pure.
// Names only say where to look first: what counts is what a bundle proves.
import type { Asset, Release } from '../../domain/release.js';
import { malformed } from './attestation-errors.js';

export const MAX_BUNDLE_FILE_BYTES = 4 * 1024 * 1024;
const MAX_ASSETS = 8;
const MAX_BUNDLES = 64;

const BUNDLE_NAME = /\.(?:sigstore|sigstore\.jsonl?|intoto\.jsonl)$/iu;
/** What the build attestation action calls its output. */
const ACTION_OUTPUT = /^attestations?\.jsonl?$/iu;
/** `sha256:HEX.jsonl` is what `gh attestation download` writes; GitHub puts a dot for the colon, Windows a dash. */
const CLI_OUTPUT = /^sha256[:.-]([0-9a-f]{64})\.jsonl$/u;

/** Likeliest first; at most MAX_ASSETS. */
export function chooseAttestationAssets(release: Release, payload: { readonly name: string; readonly sha256: string }): readonly Asset[] {
  const rank = ({ name }: Asset): number => {
    if (name.startsWith(payload.name) && BUNDLE_NAME.test(name.slice(payload.name.length))) return 0;
    const digest = CLI_OUTPUT.exec(name)?.[1];
    if (digest !== undefined) return digest === payload.sha256 ? 1 : 4;
    if (ACTION_OUTPUT.test(name)) return 2;
    return BUNDLE_NAME.test(name) ? 3 : 4;
  };
  const ranked = release.assets.map((asset) => ({ asset, rank: rank(asset) })).filter((one) => one.rank < 4);
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, MAX_ASSETS).map(({ asset }) => asset);
}

/** One JSON document, or one per line. */
export function splitBundles(content: Uint8Array): readonly unknown[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw malformed('it is not text', cause);
  }
  const whole = tryJson(text);
  if (whole !== undefined) return [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > MAX_BUNDLES) throw malformed(`its file holds more than ${MAX_BUNDLES}`);
  return lines.map((line) => {
    const value = tryJson(line);
    if (value === undefined) throw malformed('it is not JSON');
    return value;
  });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
