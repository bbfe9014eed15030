// The cryptographic part: signature, certificate chain to a pinned authority, validity at the proven time of signing, log and time witnesses.
// All of it is one call of the library; here its failures get names.
import { X509Certificate } from 'node:crypto';
import { HoldlineError } from '../../domain/errors.js';
import { refused } from './attestation-errors.js';
import type { ReadBundle } from './read-bundle.js';
import type { SignedEntity, Signer, Sigstore, TrustedRoot } from './sigstore.js';
import type { Demands } from './trusted-root.js';

export type VerifyEntity = (sigstore: Sigstore, entity: SignedEntity, root: TrustedRoot, demands: Demands) => Signer;

export const verifyEntity: VerifyEntity = (sigstore, entity, root, demands) => new sigstore.Verifier(sigstore.toTrustMaterial(root), {
  tlogThreshold: demands.logEntries, ctlogThreshold: demands.certificateLogs, timestampThreshold: demands.timestamps,
}).verify(entity);

/** Why verification under this root failed, as one of our codes. */
export function explainFailure(thrown: unknown, bundle: ReadBundle, root: TrustedRoot, demands: Demands, sigstore: Sigstore): HoldlineError {
  if (thrown instanceof HoldlineError) return thrown;
  if (!isIssuedBy(bundle.leaf, root)) {
    return refused('attestation-authority', 'no certificate authority of the pinned trusted root has issued its attestation\'s certificate',
      'Nothing was installed. If the publisher is right and the root is outdated, or the repository is private (GitHub\'s own instance signs it), pin a newer or another root: trust.attestation_root.', thrown);
  }
  if (bundle.entity.tlogEntries.length < demands.logEntries) return refused('attestation-log', 'its attestation is not in the transparency log', undefined, thrown);
  if (!(thrown instanceof sigstore.VerificationError)) return refused('attestation-invalid', 'its attestation cannot be verified', undefined, thrown);
  switch (thrown.code) {
    case 'CERTIFICATE_ERROR':
    case 'PUBLIC_KEY_ERROR':
      return refused('attestation-certificate', 'its attestation\'s certificate was not valid when it was used, or is in no certificate log', undefined, thrown);
    case 'TIMESTAMP_ERROR': return refused('attestation-log', 'nothing the pinned root trusts proves when its attestation was signed', undefined, thrown);
    case 'SIGNATURE_ERROR':
    case 'TLOG_BODY_ERROR':
      return refused('attestation-invalid', 'its attestation was changed after it was signed', undefined, thrown);
    default: return refused('attestation-log', 'its attestation\'s place in the transparency log cannot be proven', undefined, thrown);
  }
}

/** By signature, not by name; whatever the dates. Only names a failure, decides nothing. */
function isIssuedBy(leaf: Buffer, root: TrustedRoot): boolean {
  const authorities = root.certificateAuthorities.flatMap((authority) => authority.certChain?.certificates ?? []);
  try {
    const certificate = new X509Certificate(leaf);
    return authorities.some(({ rawBytes }) => certificate.verify(new X509Certificate(rawBytes).publicKey));
  } catch {
    return false;
  }
}
