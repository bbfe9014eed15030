// Whether the top folder of a payload is content. Known only when all entries were seen, so the first entry gives a guess;
// a wrong guess is thrown, never repaired.
import { join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';

/** `strip` true: paths are taken without their first part. */
export type StripDecision = boolean;

/** Unpack again with this decision. */
export class WrongGuess extends Error {
  constructor(readonly decision: StripDecision) { super('the top folder was guessed wrongly'); }
}

export interface StripRule {
  /** Asked once, with the top name of the first entry. */
  guess(top: string, isFile: boolean): StripDecision;
  /** A guess may be wrong; anything else is final. */
  readonly isGuess: boolean;
}

interface StripRequest {
  readonly strip: 'auto' | 'always';
  readonly managedPaths: readonly string[];
}

/** @param current root of the tree that runs: what stands at its top is content there */
export function guessStrip(fs: Filesystem, request: StripRequest, current: string | undefined, decided: StripDecision | undefined): StripRule {
  if (decided !== undefined) return { guess: () => decided, isGuess: false };
  if (request.strip === 'always') return { guess: () => true, isGuess: false };
  const managedTops = new Set(request.managedPaths.map((path) => path.split('/')[0]));
  const stoodBefore = (top: string): boolean => current !== undefined && fs.stat(join(current, top)) !== undefined;
  return { guess: (top, isFile) => !isFile && !managedTops.has(top) && !stoodBefore(top), isGuess: true };
}

/** The rule itself, once everything is known. */
export function decideStrip(tops: ReadonlySet<string>, topIsDirectory: boolean, managedUnstripped: boolean): StripDecision {
  return tops.size === 1 && topIsDirectory && !managedUnstripped;
}
