// What a verified attestation must say, one named check after the other; all exact, none a pattern. Pure.
// Subject and kind come first: an attestation about something else is told apart from a wrong one about this payload.
import type { AttestationSettings } from '../../domain/settings.js';
import { mismatch } from './attestation-errors.js';
import type { CertificateIdentity } from './certificate-identity.js';
import { readReleaseClaim, type ReleaseClaim, type Statement } from './statement.js';

export interface ExpectedAttestation extends AttestationSettings {
  /** `owner/name`. */
  readonly repo: string;
  readonly tag: string;
  /** The payload's, lower-case hex. */
  readonly sha256: string;
}

export interface Evidence { readonly identity: CertificateIdentity; readonly statement: Statement }

export interface AttestationCheck {
  readonly name: string;
  /** Throws one of the `attestation-…` codes. */
  run(evidence: Evidence, expected: ExpectedAttestation): void;
}

export const PROVENANCE = 'https://slsa.dev/provenance/v1';
export const RELEASE_STATEMENTS: readonly string[] = ['https://in-toto.io/attestation/release/v0.1', 'https://in-toto.io/attestation/release/v0.2'];
/** What GitHub signs its statements about immutable releases with; no issuer stands behind it. */
export const RELEASE_ATTESTER = 'https://dotcom.releases.github.com';

const repositoryUri = (expected: ExpectedAttestation): string => `${expected.server}/${expected.repo}`;
const tagRef = (expected: ExpectedAttestation): string => `refs/tags/${expected.tag}`;

/** GitHub takes no notice of case in owner and name; everywhere else it counts. */
function startsWithRepository(text: string, repository: string): boolean {
  return text.slice(0, repository.length).toLowerCase() === repository.toLowerCase();
}

const isSubject: AttestationCheck = {
  name: 'subject',
  run({ statement }, { sha256 }) {
    if (!statement.sha256.includes(sha256)) throw mismatch('attestation-subject', 'subject', statement.sha256.slice(0, 3).join(', ') || undefined, sha256);
  },
};

export const PROVENANCE_CHECKS: readonly AttestationCheck[] = [
  {
    name: 'predicate',
    run({ statement }) { if (statement.predicateType !== PROVENANCE) throw mismatch('attestation-predicate', 'kind', statement.predicateType, PROVENANCE); },
  },
  isSubject,
  {
    name: 'issuer',
    run({ identity }, { issuer }) { if (identity.issuer !== issuer) throw mismatch('attestation-issuer', 'issuer', identity.issuer, issuer); },
  },
  {
    name: 'workflow',
    run({ identity: { name } }, expected) {
      const wanted = `${repositoryUri(expected)}/${expected.workflow}@${tagRef(expected)}`;
      const rest = repositoryUri(expected).length;
      if (name === undefined || !startsWithRepository(name, repositoryUri(expected)) || name.slice(rest) !== wanted.slice(rest)) throw mismatch('attestation-workflow', 'workflow', name, wanted);
    },
  },
  {
    name: 'repository',
    run({ identity }, expected) {
      const found = identity.repositoryUri;
      if (found?.toLowerCase() !== repositoryUri(expected).toLowerCase()) throw mismatch('attestation-repository', 'repository', found, repositoryUri(expected));
    },
  },
  {
    name: 'repository-id',
    run({ identity }, { repositoryId }) { if (identity.repositoryId !== repositoryId) throw mismatch('attestation-repository', 'repository id', identity.repositoryId, repositoryId); },
  },
  {
    name: 'owner-id',
    run({ identity }, { ownerId }) { if (identity.ownerId !== ownerId) throw mismatch('attestation-repository', 'owner id', identity.ownerId, ownerId); },
  },
  {
    name: 'ref',
    run({ identity }, expected) { if (identity.repositoryRef !== tagRef(expected)) throw mismatch('attestation-ref', 'ref', identity.repositoryRef, tagRef(expected)); },
  },
  {
    name: 'runner',
    run({ identity }) { if (identity.runnerEnvironment !== 'github-hosted') throw mismatch('attestation-runner', 'runner', identity.runnerEnvironment, 'github-hosted'); },
  },
];

const claimed = (evidence: Evidence): Partial<ReleaseClaim> => readReleaseClaim(evidence.statement.predicate) ?? {};

export const RELEASE_CHECKS: readonly AttestationCheck[] = [
  {
    name: 'predicate',
    run({ statement }) { if (!RELEASE_STATEMENTS.includes(statement.predicateType)) throw mismatch('attestation-predicate', 'kind', statement.predicateType, RELEASE_STATEMENTS.join(' or ')); },
  },
  isSubject,
  {
    name: 'issuer',
    run({ identity }) { if (identity.hasIssuer) throw mismatch('attestation-issuer', 'issuer', identity.issuer ?? 'some', 'none: GitHub itself'); },
  },
  {
    name: 'workflow',
    run({ identity }) { if (identity.name !== RELEASE_ATTESTER) throw mismatch('attestation-workflow', 'signer', identity.name, RELEASE_ATTESTER); },
  },
  {
    name: 'repository',
    run(evidence, { repo }) {
      const { repository } = claimed(evidence);
      if (repository?.toLowerCase() !== repo.toLowerCase()) throw mismatch('attestation-repository', 'repository', repository, repo);
    },
  },
  {
    name: 'repository-id',
    run(evidence, { repositoryId }) { if (claimed(evidence).repositoryId !== repositoryId) throw mismatch('attestation-repository', 'repository id', claimed(evidence).repositoryId, repositoryId); },
  },
  {
    name: 'owner-id',
    run(evidence, { ownerId }) { if (claimed(evidence).ownerId !== ownerId) throw mismatch('attestation-repository', 'owner id', claimed(evidence).ownerId, ownerId); },
  },
  {
    name: 'ref',
    run(evidence, { tag }) { if (claimed(evidence).tag !== tag) throw mismatch('attestation-ref', 'tag', claimed(evidence).tag, tag); },
  },
];
