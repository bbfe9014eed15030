// The pinned trusted_root file: which certificate authorities, logs and time stampers count. Pure, and strict: a half-understood
// root must never verify anything. JSON, or one JSON document per line as `gh attestation trusted-root` prints.
import * as z from 'zod/mini';
import { unusableRoot } from './attestation-errors.js';
import type { TrustedRoot } from './sigstore.js';

export const MAX_ROOT_BYTES = 1024 * 1024;
const MAX_ROOTS = 16;

/** How many independent witnesses a bundle needs. They follow from the root alone: no bundle can ask for less. */
export interface Demands { readonly logEntries: number; readonly certificateLogs: number; readonly timestamps: number }

/** An instance with a public log must have logged it; one without (GitHub's own) must have stamped its time. */
export function demandsOf(root: TrustedRoot): Demands {
  return { logEntries: root.tlogs.length > 0 ? 1 : 0, certificateLogs: root.ctlogs.length > 0 ? 1 : 0, timestamps: 1 };
}

/** Numbers of the library's enumeration; RSA logs do not exist and are not accepted. */
const KEY_DETAILS = { PKIX_ECDSA_P256_SHA_256: 5, PKIX_ECDSA_P384_SHA_384: 12, PKIX_ED25519: 7 } as const;
const SHA2_256 = 1;

const moment = z.pipe(z.string().check(z.refine((value) => !Number.isNaN(Date.parse(value)), 'is no time')), z.transform((value) => new Date(value)));
const bytes = z.pipe(
  z.string().check(z.minLength(1), z.refine((value) => Buffer.from(value, 'base64').toString('base64') === value, 'is not base64')),
  z.transform((value) => Buffer.from(value, 'base64')),
);
const validFor = z.object({ start: moment, end: z.optional(moment) });
const log = z.object({
  baseUrl: z.string().check(z.minLength(1)),
  hashAlgorithm: z.literal('SHA2_256'),
  publicKey: z.object({ rawBytes: bytes, keyDetails: z.enum(['PKIX_ECDSA_P256_SHA_256', 'PKIX_ECDSA_P384_SHA_384', 'PKIX_ED25519']), validFor }),
  logId: z.object({ keyId: bytes }),
  checkpointKeyId: z.optional(z.object({ keyId: bytes })),
});
const authority = z.object({
  uri: z._default(z.string(), ''),
  certChain: z.object({ certificates: z.array(z.object({ rawBytes: bytes })).check(z.minLength(1)) }),
  validFor,
});
const schema = z.object({
  mediaType: z.string().check(z.regex(/^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.2\+json)$/, 'is no trusted root')),
  tlogs: z._default(z.array(log), []),
  certificateAuthorities: z.array(authority).check(z.minLength(1, 'is empty')),
  ctlogs: z._default(z.array(log), []),
  timestampAuthorities: z._default(z.array(authority), []),
});

/** Throws `attestation-root`, naming the file. */
export function parseTrustedRoots(text: string, file: string): readonly TrustedRoot[] {
  const values = splitDocuments(text, file);
  if (values.length === 0) throw unusableRoot(file, 'is empty');
  if (values.length > MAX_ROOTS) throw unusableRoot(file, `holds more than ${MAX_ROOTS} roots`);
  return values.map((value) => parseRoot(value, file));
}

function splitDocuments(text: string, file: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    // Not one document: one per line, then.
  }
  return text.split('\n').filter((line) => line.trim() !== '').map((line): unknown => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw unusableRoot(file, 'is not JSON', cause);
    }
  });
}

function parseRoot(value: unknown, file: string): TrustedRoot {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw unusableRoot(file, `cannot be understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trimEnd());
  }
  const { mediaType, tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = parsed.data;
  if (tlogs.length === 0 && timestampAuthorities.length === 0) throw unusableRoot(file, 'has neither logs nor time stampers, so nothing could prove when something was signed');
  return {
    mediaType, tlogs: tlogs.map(toLog), ctlogs: ctlogs.map(toLog),
    certificateAuthorities: certificateAuthorities.map(toAuthority), timestampAuthorities: timestampAuthorities.map(toAuthority),
  };
}

function toLog({ baseUrl, publicKey, logId, checkpointKeyId }: z.output<typeof log>): TrustedRoot['tlogs'][number] {
  return { baseUrl, hashAlgorithm: SHA2_256, publicKey: { ...publicKey, keyDetails: KEY_DETAILS[publicKey.keyDetails] }, logId, checkpointKeyId, operator: '' };
}

function toAuthority({ uri, certChain, validFor: time }: z.output<typeof authority>): TrustedRoot['certificateAuthorities'][number] {
  return { uri, certChain, validFor: time, subject: undefined, operator: '' };
}
