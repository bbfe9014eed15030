// The sigstore libraries, loaded only when an attestation is asked for: they cost 4 MB and up to 80 ms, which most devices never need.
// Nothing else may import them, except for their types.
import type { Bundle, bundleFromJSON } from '@sigstore/bundle';
import type { SignedEntity, Signer, toSignedEntity, toTrustMaterial, Verifier, VerificationError } from '@sigstore/verify';

export type { Bundle, SignedEntity, Signer };
/** What a trusted_root file says, as the library wants it. */
export type TrustedRoot = Parameters<typeof toTrustMaterial>[0];

export interface Sigstore {
  readonly bundleFromJSON: typeof bundleFromJSON;
  readonly toSignedEntity: typeof toSignedEntity;
  readonly toTrustMaterial: typeof toTrustMaterial;
  readonly Verifier: typeof Verifier;
  readonly VerificationError: typeof VerificationError;
}

export async function loadSigstore(): Promise<Sigstore> {
  // By their default export: of a CommonJS module the bundler keeps no other.
  const [{ default: bundle }, { default: verify }] = await Promise.all([import('@sigstore/bundle'), import('@sigstore/verify')]);
  return {
    bundleFromJSON: bundle.bundleFromJSON, toSignedEntity: verify.toSignedEntity, toTrustMaterial: verify.toTrustMaterial,
    Verifier: verify.Verifier, VerificationError: verify.VerificationError,
  };
}
