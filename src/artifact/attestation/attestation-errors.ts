// How attestations are refused, in one wording. What stands in them is quoted, so that none can forge a log line.
import { HoldlineError, type ErrorCode } from '../../domain/errors.js';

export type AttestationCode = Extract<ErrorCode, `attestation-${string}`>;

const HINT = 'Nothing was installed. The publisher\'s workflow must attest exactly this payload; whoever else made it is refused.';
const SHOWN_CHARACTERS = 300;

/** Not what is asked for: says both. */
export function mismatch(code: AttestationCode, check: string, found: string | undefined, expected: string, hint = HINT): HoldlineError<AttestationCode> {
  return new HoldlineError(code, `cannot trust this release: its attestation's ${check} is ${found === undefined ? 'missing' : quote(found)}, but must be ${quote(expected)}`, {
    hint, context: { check, expected: shorten(expected), found: found === undefined ? null : shorten(found) },
  });
}

export function refused(code: AttestationCode, why: string, hint = HINT, cause?: unknown): HoldlineError<AttestationCode> {
  return new HoldlineError(code, `cannot trust this release: ${why}`, { hint, cause });
}

export function malformed(why: string, cause?: unknown): HoldlineError<AttestationCode> {
  return refused('attestation-invalid', `its attestation is no sigstore bundle we can read: ${why}`, 'Nothing was installed. Publish the bundle exactly as the build attestation wrote it.', cause);
}

export function unusableRoot(file: string, why: string, cause?: unknown): HoldlineError<AttestationCode> {
  return new HoldlineError('attestation-root', `cannot check attestations: the pinned trusted root ${file} ${why}; the running version stays as it is`, {
    hint: 'Put a trusted_root file there (on a computer you trust: gh attestation trusted-root > trusted_root.jsonl), or remove attestation_root to use the shipped one.', cause,
  });
}

const quote = (text: string): string => JSON.stringify(shorten(text));
const shorten = (text: string): string => (text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
