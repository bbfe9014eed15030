// Does this bundle prove where the payload came from? Signature first, then what it says. No network, no clock: validity is judged at the
// proven time of signing. Must never read a name out of a certificate that is not verified.
import type { HoldlineError } from '../../domain/errors.js';
import type { AttestationSettings } from '../../domain/settings.js';
import { PROVENANCE_CHECKS, RELEASE_CHECKS, type AttestationCheck, type ExpectedAttestation } from './attestation-checks.js';
import { refused } from './attestation-errors.js';
import { readIdentity } from './certificate-identity.js';
import { readBundle, type ReadBundle } from './read-bundle.js';
import type { Signer, Sigstore, TrustedRoot } from './sigstore.js';
import { demandsOf, type Demands } from './trusted-root.js';
import { explainFailure, verifyEntity, type VerifyEntity } from './verify-entity.js';

/** Everything that can refuse, as one value, so that tests can leave a part out and see its bad case pass. */
export interface AttestationRules {
  readonly demands: (root: TrustedRoot) => Demands;
  readonly verify: VerifyEntity;
  readonly checks: Readonly<Record<AttestationSettings['kind'], readonly AttestationCheck[]>>;
}

export const ATTESTATION_RULES: AttestationRules = { demands: demandsOf, verify: verifyEntity, checks: { provenance: PROVENANCE_CHECKS, release: RELEASE_CHECKS } };

/** Whose name the verified certificate bears. */
export interface Attested { readonly signer: string; readonly predicateType: string }

/** Throws one of the `attestation-…` codes. */
export function verifyAttestation(sigstore: Sigstore, roots: readonly TrustedRoot[], value: unknown, expected: ExpectedAttestation, rules: AttestationRules = ATTESTATION_RULES): Attested {
  const bundle = readBundle(sigstore, value);
  const identity = readIdentity(verifyUnderAny(sigstore, roots, bundle, rules));
  for (const check of rules.checks[expected.kind]) check.run({ identity, statement: bundle.statement }, expected);
  return { signer: identity.name ?? '', predicateType: bundle.statement.predicateType };
}

/** One root must hold for all of it: a chain of one and a log of another prove nothing together. */
function verifyUnderAny(sigstore: Sigstore, roots: readonly TrustedRoot[], bundle: ReadBundle, rules: AttestationRules): Signer {
  const failures: HoldlineError[] = [];
  for (const root of roots) {
    const demands = rules.demands(root);
    try {
      return rules.verify(sigstore, bundle.entity, root, demands);
    } catch (thrown) {
      failures.push(explainFailure(thrown, bundle, root, demands, sigstore));
    }
  }
  // The root whose authority issued the certificate knows best what is wrong with it.
  throw failures.find((failure) => failure.code !== 'attestation-authority') ?? failures[0] ?? refused('attestation-authority', 'no trusted root is pinned');
}
