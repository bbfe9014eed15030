// Attestations that are wrong in exactly one way each, with the code that must name it.
import type { ErrorCode } from '../../../src/domain/errors.js';
import type { ExpectedAttestation } from '../../../src/artifact/attestation/attestation-checks.js';
import { EXPECTED, goodParts, goodReleaseParts, statementOf, type AttestationParts, type AttestationWorld, type Json } from '../../support/attestation-world.js';

export interface BadAttestation { readonly what: string; readonly code: ErrorCode; readonly make: (world: AttestationWorld) => Promise<unknown> }

const PAYLOAD = { name: 'app.tar.gz', digest: { sha256: EXPECTED.sha256 } };
const PROVENANCE = 'https://slsa.dev/provenance/v1';
const bad = (what: string, code: ErrorCode, change: Partial<AttestationParts> & { readonly extension?: Readonly<Record<string, string | undefined>> }): BadAttestation => {
  const { extension, ...rest } = change;
  const good = goodParts(EXPECTED);
  return { what, code, make: (world) => world.attest({ ...good, ...rest, extensions: { ...good.extensions, ...extension } }) };
};
const named = (name: string): Partial<AttestationParts> => ({ name });
const SAN = goodParts(EXPECTED).name;
const whole = (what: string, code: ErrorCode, changes: Partial<ExpectedAttestation>): BadAttestation => ({ what, code, make: (world) => world.attest(goodParts({ ...EXPECTED, ...changes })) });

const material = (bundle: Json): Json => bundle['verificationMaterial'] as Json;
const withMaterial = (change: (material: Json) => Json) => (bundle: Json): Json => ({ ...bundle, verificationMaterial: change(material(bundle)) });
const withEntry = (change: (entry: Json) => Json) => withMaterial((old) => ({ ...old, tlogEntries: (old['tlogEntries'] as Json[]).map(change) }));
const withEnvelope = (change: (envelope: Json) => Json) => (bundle: Json): Json => ({ ...bundle, dsseEnvelope: change(bundle['dsseEnvelope'] as Json) });
const signedTwice = withEnvelope((old) => ({ ...old, signatures: [...old['signatures'] as Json[], ...old['signatures'] as Json[]] }));
const checkpointFrom = (name: string): ((bundle: Json) => Json) => withEntry((entry) => {
  const proof = entry['inclusionProof'] as { checkpoint: { envelope: string } };
  return { ...entry, inclusionProof: { ...proof, checkpoint: { envelope: proof.checkpoint.envelope.replace(/\u2014 \S+/u, `\u2014 ${name}`) } } };
});
const otherStatement = Buffer.from(JSON.stringify(statementOf(PROVENANCE, [PAYLOAD], { changed: true }))).toString('base64');

/** Refused by one check of the list each, named by `check`. */
export const BAD_CLAIMS: readonly (BadAttestation & { readonly check: string })[] = [
  { check: 'predicate', ...bad('a list of parts instead of a provenance', 'attestation-predicate', { statement: statementOf('https://spdx.dev/Document', [PAYLOAD], {}) }) },
  { check: 'predicate', ...bad('an older provenance format', 'attestation-predicate', { statement: statementOf('https://slsa.dev/provenance/v0.2', [PAYLOAD], {}) }) },
  { check: 'subject', ...bad('other digest', 'attestation-subject', { statement: statementOf(PROVENANCE, [{ name: 'app.tar.gz', digest: { sha256: 'cd'.repeat(32) } }], {}) }) },
  { check: 'subject', ...bad('the digest under another algorithm\'s name', 'attestation-subject', { statement: statementOf(PROVENANCE, [{ name: 'app.tar.gz', digest: { sha512: EXPECTED.sha256 } }], {}) }) },
  { check: 'issuer', ...bad('other issuer that begins with ours', 'attestation-issuer', { extension: { '.8': `${EXPECTED.issuer}.evil.test` } }) },
  { check: 'issuer', ...bad('no issuer in the new form', 'attestation-issuer', { extension: { '.8': undefined } }) },
  { check: 'issuer', ...bad('an issuer that is bare bytes', 'attestation-issuer', { extension: { '.8': undefined }, bareExtensions: { '.8': EXPECTED.issuer } }) },
  { check: 'workflow', ...bad('other tag with a common prefix', 'attestation-workflow', named(`${SAN}0`)) },
  { check: 'workflow', ...bad('other workflow', 'attestation-workflow', named(SAN.replace('release.yml', 'test.yml'))) },
  { check: 'workflow', ...bad('a workflow whose name matches ours as a pattern', 'attestation-workflow', named(SAN.replace('release.yml', 'release-yml'))) },
  { check: 'workflow', ...bad('our workflow\'s name in another host\'s path', 'attestation-workflow', named(`https://evil.test/${SAN}`)) },
  { check: 'workflow', ...bad('our workflow on a branch', 'attestation-workflow', named(SAN.replace('refs/tags/v1.2.3', 'refs/heads/main'))) },
  { check: 'workflow', ...bad('the path in other case', 'attestation-workflow', named(SAN.replace('release.yml', 'Release.yml'))) },
  { check: 'repository', ...bad('our workflow called by another repository', 'attestation-repository', { extension: { '.12': 'https://github.com/acme/monitoring2' } }) },
  { check: 'repository-id', ...bad('a repository that took over the name', 'attestation-repository', { extension: { '.15': '1234567890' } }) },
  { check: 'owner-id', ...bad('an owner that took over the name', 'attestation-repository', { extension: { '.17': '7654321' } }) },
  { check: 'ref', ...bad('other ref', 'attestation-ref', { extension: { '.14': 'refs/heads/main' } }) },
  { check: 'ref', ...bad('a ref with a common prefix', 'attestation-ref', { extension: { '.14': 'refs/tags/v1.2.30' } }) },
  { check: 'runner', ...bad('self-hosted runner', 'attestation-runner', { extension: { '.11': 'self-hosted' } }) },
  { check: 'runner', ...bad('a runner nobody names', 'attestation-runner', { extension: { '.11': undefined } }) },
];

/** Refused by one part of the cryptography each. */
export const BAD_PROOFS: readonly (BadAttestation & { readonly part: string })[] = [
  { part: 'signature', ...bad('signed with another key than the certificate\'s', 'attestation-invalid', { foreignKey: true }) },
  { part: 'log content', ...bad('a log entry about another signature', 'attestation-invalid', { otherLogBody: true }) },
  { part: 'signature and log content', ...bad('tampered payload', 'attestation-invalid', { change: withEnvelope((old) => ({ ...old, payload: otherStatement })) }) },
  { part: 'log demanded', ...bad('missing log entry', 'attestation-log', { witnesses: ['stamp'] }) },
  { part: 'log proof', ...bad('a log\'s promise that is forged', 'attestation-log', { change: withEntry((entry) => ({ ...entry, inclusionPromise: { signedEntryTimestamp: Buffer.alloc(70, 48).toString('base64') } })) }) },
  { part: 'log proof', ...bad('another place in the log\'s tree', 'attestation-log', { change: withEntry((entry) => ({ ...entry, inclusionProof: { ...entry['inclusionProof'] as Json, rootHash: Buffer.alloc(32).toString('base64'), treeSize: '2', logIndex: '1' } })) }) },
  { part: 'signing time', ...bad('expired certificate', 'attestation-certificate', { loggedMs: 3_600_000 }) },
  { part: 'signing time', ...bad('a certificate that was not valid yet', 'attestation-certificate', { issuedMs: 3_600_000 }) },
  { part: 'authority', ...bad('root missing the authority', 'attestation-authority', { rogue: true }) },
  {
    part: 'authority',
    ...bad('an unknown authority that comes with the bundle', 'attestation-authority', { rogue: true }),
    make: async (world) => {
      const bundle = await world.attest({ ...goodParts(EXPECTED), rogue: true });
      const { certificate, ...rest } = material(bundle) as { certificate: Json };
      return { ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2', verificationMaterial: { ...rest, x509CertificateChain: { certificates: [certificate, { rawBytes: world.rogueAuthority }] } } };
    },
  },
  { part: 'certificate log', ...bad('a certificate in no log', 'attestation-certificate', { unlogged: true }) },
];

/** Wrong in many ways at once, or no attestation at all: no single part left out may let them pass. */
export const BAD_ALTOGETHER: readonly BadAttestation[] = [
  whole('wrong repo', 'attestation-workflow', { repo: 'acme/other', repositoryId: '99' }),
  whole('bundle of another release', 'attestation-subject', { tag: 'v1.2.2', sha256: 'cd'.repeat(32) }),
  whole('bundle of another release that ships the same file', 'attestation-workflow', { tag: 'v1.2.2' }),
  bad('an extension that stands there twice', 'attestation-certificate', { bareExtensions: { '.8': EXPECTED.issuer } }),
  bad('a statement that is no JSON', 'attestation-invalid', { change: withEnvelope((old) => ({ ...old, payload: Buffer.from('{').toString('base64') })) }),
  bad('another kind of payload', 'attestation-invalid', { payloadType: 'text/plain' }),
  bad('a statement about nothing', 'attestation-invalid', { statement: statementOf(PROVENANCE, [], {}) }),
  bad('two signatures', 'attestation-invalid', { change: signedTwice }),
  bad('nine log entries', 'attestation-invalid', { change: withMaterial((old) => ({ ...old, tlogEntries: Array.from({ length: 9 }, () => (old['tlogEntries'] as Json[])[0]) })) }),
  bad('a checkpoint whose signer is a regular expression', 'attestation-invalid', { change: checkpointFrom('(([a-z:/.])+)+[A-Z]') }),
  bad('a key instead of a certificate', 'attestation-invalid', { change: withMaterial(({ tlogEntries }) => ({ tlogEntries, publicKey: { hint: 'k' } })) }),
  bad('a certificate that is none', 'attestation-invalid', { change: withMaterial((old) => ({ ...old, certificate: { rawBytes: 'AAAA' } })) }),
  bad('a signed file without a statement', 'attestation-invalid', { change: ({ mediaType, verificationMaterial }) => ({ mediaType, verificationMaterial, messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' }, signature: 'AAAA' } }) }),
  ...[null, 7, 'bundle', [], {}, { mediaType: 'x' }, { dsseEnvelope: { payload: '' } }].map((value): BadAttestation => ({ what: `JSON that is no bundle: ${JSON.stringify(value)}`, code: 'attestation-invalid', make: () => Promise.resolve(value) })),
];

const badRelease = (what: string, code: ErrorCode, change: Partial<AttestationParts>): BadAttestation => ({ what, code, make: (world) => world.attest({ ...goodReleaseParts(EXPECTED), ...change }) });
const claim = (changes: Json): Partial<AttestationParts> => {
  const { predicate, ...rest } = goodReleaseParts(EXPECTED).statement;
  return { statement: { ...rest, predicate: { ...predicate as Json, ...changes } } };
};
const release = goodReleaseParts(EXPECTED).statement;

/** The same for GitHub's statements about immutable releases. */
export const BAD_RELEASES: readonly (BadAttestation & { readonly check: string | null })[] = [
  { check: 'predicate', ...badRelease('an unknown version of the statement', 'attestation-predicate', { statement: { ...release, predicateType: 'https://in-toto.io/attestation/release/v1' } }) },
  { check: 'subject', ...badRelease('other digest', 'attestation-subject', { statement: { ...release, subject: [{ digest: { sha256: 'cd'.repeat(32) } }] } }) },
  { check: 'issuer', ...badRelease('a workflow that took the name', 'attestation-issuer', { extensions: { '.8': EXPECTED.issuer } }) },
  { check: 'issuer', ...badRelease('a workflow that took the name, in the old form', 'attestation-issuer', { bareExtensions: { '.1': EXPECTED.issuer } }) },
  { check: 'workflow', ...badRelease('other signer', 'attestation-workflow', { name: 'https://dotcom.releases.github.com.evil.test' }) },
  { check: 'repository', ...badRelease('other repository', 'attestation-repository', claim({ repository: 'acme/monitoring2' })) },
  { check: 'repository-id', ...badRelease('other repository id', 'attestation-repository', claim({ repositoryId: '99' })) },
  { check: 'owner-id', ...badRelease('other owner id', 'attestation-repository', claim({ ownerId: '99' })) },
  { check: 'ref', ...badRelease('other tag', 'attestation-ref', claim({ tag: 'v1.2.30' })) },
  { check: null, ...badRelease('no words of GitHub\'s at all', 'attestation-repository', { statement: { ...release, predicate: null } }) },
  { check: null, ...badRelease('no time stamp', 'attestation-log', { witnesses: [] }) },
  { check: null, ...badRelease('a log entry of a log the root does not know', 'attestation-log', { witnesses: ['log'] }) },
];
