// The three ways an archive is refused, with one wording. Names in messages are quoted, so that none can forge a log line.
import { HoldlineError } from '../domain/errors.js';

const HINT = 'Nothing was changed on this device. Ask the publisher for a corrected release; `holdline publish` builds one that passes.';
const SHOWN_CHARACTERS = 200;

/** Damaged, truncated, or readable in two ways. */
export function invalidArchive(why: string, cause?: unknown): HoldlineError {
  return new HoldlineError('archive-invalid', `cannot unpack the release: ${why}`, { hint: HINT, cause });
}

/** Well-formed, but holds something that must never reach a device. */
export function forbiddenEntry(path: string, why: string): HoldlineError {
  return new HoldlineError('archive-forbidden', `cannot unpack the release: ${quotePath(path)} ${why}`, { hint: HINT, context: { path: quotePath(path) } });
}

/** More than the limits allow. */
export function overLimit(why: string): HoldlineError {
  return new HoldlineError('archive-limit', `cannot unpack the release: ${why}`, {
    hint: 'If the release is right, raise the value under `limits` in the settings.',
  });
}

export function quotePath(path: string): string {
  return JSON.stringify(path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}…` : path);
}
