// One sigstore bundle from JSON, bounded and reduced to the one form an attestation has: a DSSE envelope under a certificate.
// Only the leaf certificate is ever used: intermediates inside a bundle are the sender's claim and trusted by nobody.
import { malformed } from './attestation-errors.js';
import type { Bundle, SignedEntity, Sigstore } from './sigstore.js';
import { parseStatement, STATEMENT_PAYLOAD_TYPE, type Statement } from './statement.js';

/** Each costs a signature check. */
const MAX_WITNESSES = 8;
/** The library takes a checkpoint's signer for a regular expression: only names that are plain ones get there. */
const CHECKPOINT_SIGNER = /^[A-Za-z0-9./_-]{1,200}$/;

export interface ReadBundle {
  readonly entity: SignedEntity;
  /** Nothing of it may be believed before the entity is verified. */
  readonly statement: Statement;
  /** DER. */
  readonly leaf: Buffer;
}

export function readBundle(sigstore: Sigstore, value: unknown): ReadBundle {
  let bundle: Bundle;
  try {
    bundle = sigstore.bundleFromJSON(value);
  } catch (cause) {
    throw malformed('it is malformed', cause);
  }
  const { content, verificationMaterial } = bundle;
  if (content.$case !== 'dsseEnvelope') throw malformed('it signs a file, but makes no statement about its origin');
  if (content.dsseEnvelope.payloadType !== STATEMENT_PAYLOAD_TYPE) throw malformed('it holds something else than an in-toto statement');
  const { tlogEntries, timestampVerificationData } = verificationMaterial;
  if (tlogEntries.length > MAX_WITNESSES || (timestampVerificationData?.rfc3161Timestamps.length ?? 0) > MAX_WITNESSES) throw malformed(`it names more than ${MAX_WITNESSES} witnesses`);
  for (const entry of tlogEntries) assertPlainCheckpoint(entry.inclusionProof?.checkpoint?.envelope ?? '');
  const leaf = leafOf(bundle);
  try {
    return { entity: sigstore.toSignedEntity(bundle), statement: parseStatement(content.dsseEnvelope.payload), leaf };
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'HoldlineError') throw cause;
    throw malformed('its certificate or time stamp is malformed', cause);
  }
}

function leafOf({ verificationMaterial: { content } }: Bundle): Buffer {
  const leaf = content.$case === 'certificate' ? content.certificate.rawBytes : content.$case === 'x509CertificateChain' ? content.x509CertificateChain.certificates[0]?.rawBytes : undefined;
  if (leaf === undefined) throw malformed('it names a key, not a certificate');
  return leaf;
}

function assertPlainCheckpoint(envelope: string): void {
  for (const [, name = ''] of envelope.matchAll(/\u2014 (\S+) /g)) {
    if (!CHECKPOINT_SIGNER.test(name)) throw malformed('a log\'s signature in it bears an odd name');
  }
}
