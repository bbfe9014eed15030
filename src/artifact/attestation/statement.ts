// The in-toto statement inside an attestation: which files it is about, and what kind of claim it makes. Pure.
// Its predicate is the builder's own words; only what the certificate confirms, or GitHub itself signed, is compared.
import * as z from 'zod/mini';
import { malformed } from './attestation-errors.js';

export const STATEMENT_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const MAX_SUBJECTS = 10_000;

const number = z.union([z.string(), z.number()]);
const schema = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).check(z.minLength(1), z.maxLength(MAX_SUBJECTS)),
  predicateType: z.string(),
  predicate: z._default(z.unknown(), null),
});
const release = z.object({ repository: z.string(), repositoryId: number, ownerId: number, tag: z.string() });

export interface Statement {
  readonly predicateType: string;
  /** Lower-case hex sha256 of every file it is about. */
  readonly sha256: readonly string[];
  readonly predicate: unknown;
}

export function parseStatement(payload: Uint8Array): Statement {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw malformed('its statement is not JSON', cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw malformed(`its statement is not in-toto's (${parsed.error.issues[0]?.path.join('.') ?? ''})`);
  const { subject, predicateType, predicate } = parsed.data;
  const sha256 = subject.flatMap(({ digest }) => (Object.hasOwn(digest, 'sha256') ? [digest['sha256'] ?? ''] : []));
  return { predicateType, sha256, predicate };
}

export interface ReleaseClaim { readonly repository: string; readonly repositoryId: string; readonly ownerId: string; readonly tag: string }

/** GitHub's statement about a release; undefined when it is none. */
export function readReleaseClaim(predicate: unknown): ReleaseClaim | undefined {
  const parsed = release.safeParse(predicate);
  if (!parsed.success) return undefined;
  const { repository, tag, repositoryId, ownerId } = parsed.data;
  return { repository, tag, repositoryId: String(repositoryId), ownerId: String(ownerId) };
}
