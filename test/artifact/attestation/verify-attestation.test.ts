// Good attestations pass, each bad one is refused by its own code, and no check is decoration: left out, exactly its bad cases pass.
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExpectedAttestation } from '../../../src/artifact/attestation/attestation-checks.js';
import { loadSigstore, type SignedEntity, type Signer, type Sigstore, type TrustedRoot } from '../../../src/artifact/attestation/sigstore.js';
import { parseTrustedRoots } from '../../../src/artifact/attestation/trusted-root.js';
import { ATTESTATION_RULES, verifyAttestation, type AttestationRules } from '../../../src/artifact/attestation/verify-attestation.js';
import { verifyEntity } from '../../../src/artifact/attestation/verify-entity.js';
import { createAttestationWorld, EXPECTED, goodParts, goodReleaseParts, type AttestationWorld } from '../../support/attestation-world.js';
import { codeOf } from '../../support/code-of.js';
import { BAD_ALTOGETHER, BAD_CLAIMS, BAD_PROOFS, BAD_RELEASES } from './bad-attestations.js';

const RELEASE: ExpectedAttestation = { ...EXPECTED, kind: 'release' };
let sigstore: Sigstore;
let open: AttestationWorld;
let own: AttestationWorld;
let roots: { readonly open: readonly TrustedRoot[]; readonly own: readonly TrustedRoot[] };
const bundles = new Map<string, unknown>();
const releases = new Map<string, unknown>();

beforeAll(async () => {
  sigstore = await loadSigstore();
  open = await createAttestationWorld('public');
  own = await createAttestationWorld('private');
  roots = { open: parseTrustedRoots(JSON.stringify(open.root), 'r'), own: parseTrustedRoots(JSON.stringify(own.root), 'r') };
  bundles.set('good', await open.attest(goodParts(EXPECTED)));
  for (const { what, make } of [...BAD_CLAIMS, ...BAD_PROOFS, ...BAD_ALTOGETHER]) bundles.set(what, await make(open));
  releases.set('good', await own.attest(goodReleaseParts(EXPECTED)));
  for (const { what, make } of BAD_RELEASES) releases.set(what, await make(own));
});

const judge = (bundle: unknown, rules?: AttestationRules): string => codeOf(() => verifyAttestation(sigstore, roots.open, bundle, EXPECTED, rules));
const judgeRelease = (bundle: unknown, rules?: AttestationRules): string => codeOf(() => verifyAttestation(sigstore, roots.own, bundle, RELEASE, rules));

describe('accepted', () => {
  it('the provenance of exactly this payload', () => {
    expect(verifyAttestation(sigstore, roots.open, bundles.get('good'), EXPECTED)).toEqual({
      signer: 'https://github.com/acme/monitoring/.github/workflows/release.yml@refs/tags/v1.2.3', predicateType: 'https://slsa.dev/provenance/v1',
    });
  });
  it.each([
    ['logged and stamped', { witnesses: ['log', 'stamp'] as const }],
    ['among other subjects', { statement: goodParts(EXPECTED, [{ name: 'other', digest: { sha256: 'cd'.repeat(32) } }, { name: 'commit', digest: { gitCommit: '00' } }]).statement }],
    ['of a repository GitHub writes in other case', { name: goodParts(EXPECTED).name.replace('acme/monitoring', 'Acme/Monitoring') }],
  ])('%s', async (_, change) => {
    expect(judge(await open.attest({ ...goodParts(EXPECTED), ...change }))).toBe('accepted');
  });
  it('a private repository\'s, and a release statement, under GitHub\'s own root: stamped, not logged; also beside another root', async () => {
    const bundle = await own.attest(goodParts(EXPECTED));
    for (const pinned of [roots.own, [...roots.open, ...roots.own]]) {
      expect(codeOf(() => verifyAttestation(sigstore, pinned, bundle, EXPECTED))).toBe('accepted');
      expect(codeOf(() => verifyAttestation(sigstore, pinned, releases.get('good'), RELEASE))).toBe('accepted');
    }
    expect(judge(bundle)).toBe('attestation-authority');
  });
  it('neither kind for the other', () => {
    expect(judgeRelease(bundles.get('good'))).toBe('attestation-authority');
    expect(codeOf(() => verifyAttestation(sigstore, roots.own, releases.get('good'), EXPECTED))).toBe('attestation-predicate');
    expect(codeOf(() => verifyAttestation(sigstore, roots.open, bundles.get('good'), RELEASE))).toBe('attestation-predicate');
  });
  it('nothing when no root is pinned, or by parts of two roots', () => {
    expect(codeOf(() => verifyAttestation(sigstore, [], bundles.get('good'), EXPECTED))).toBe('attestation-authority');
    const [log] = roots.open; const [stamper] = roots.own;
    const mixed = [{ ...log!, certificateAuthorities: stamper!.certificateAuthorities }, { ...stamper!, timestampAuthorities: [], tlogs: log!.tlogs }];
    expect(codeOf(() => verifyAttestation(sigstore, mixed, bundles.get('good'), EXPECTED))).toBe('attestation-authority');
  });
});

describe('refused', () => {
  it.each([...BAD_CLAIMS, ...BAD_PROOFS, ...BAD_ALTOGETHER].map(({ what, code }) => [what, code]))('%s: %s', (what, code) => {
    expect(judge(bundles.get(what))).toBe(code);
  });
  it.each(BAD_RELEASES.map(({ what, code }) => [what, code]))('a release statement: %s: %s', (what, code) => {
    expect(judgeRelease(releases.get(what))).toBe(code);
  });
  it('names what was found and what was expected', () => {
    expect(() => verifyAttestation(sigstore, roots.open, bundles.get('self-hosted runner'), EXPECTED)).toThrow(expect.objectContaining({ context: { check: 'runner', found: 'self-hosted', expected: 'github-hosted' } }));
  });
});

/** The cryptography stays; its answer for each bundle is remembered, because it is slow and the same whatever check is left out. */
const verified = new Map<string, Signer>();
const rememberingly: AttestationRules['verify'] = (lib, entity, root, demands) => {
  const key = entity.signature.signature.toString('hex');
  const signer = verified.get(key) ?? verifyEntity(lib, entity, root, demands);
  verified.set(key, signer);
  return signer;
};
const withoutCheck = (name: string): AttestationRules => ({
  ...ATTESTATION_RULES, verify: rememberingly,
  checks: { provenance: ATTESTATION_RULES.checks.provenance.filter((check) => check.name !== name), release: ATTESTATION_RULES.checks.release.filter((check) => check.name !== name) },
});
const loosely = (change: (entity: SignedEntity) => Partial<SignedEntity>, more: Partial<AttestationRules> = {}): AttestationRules => ({
  ...ATTESTATION_RULES, ...more, verify: (lib, entity, root, demands) => verifyEntity(lib, { ...entity, ...change(entity) }, root, demands),
});
/** The entity with parts of its signature's checks answering yes. */
const signedLoosely = (yes: readonly ('verifySignature' | 'compareDigest' | 'compareSignature')[]) => ({ signature }: SignedEntity): Partial<SignedEntity> => ({
  signature: {
    signature: signature.signature,
    verifySignature: (key) => yes.includes('verifySignature') || signature.verifySignature(key),
    compareDigest: (digest) => yes.includes('compareDigest') || signature.compareDigest(digest),
    compareSignature: (other) => yes.includes('compareSignature') || signature.compareSignature(other),
  },
});
const demand = (change: object): AttestationRules => ({ ...ATTESTATION_RULES, demands: (root) => ({ ...ATTESTATION_RULES.demands(root), ...change }) });

/** The library's parts, each switched off: what passes then is its own bad cases and those of the parts it includes. */
const WEAKENED: readonly (readonly [part: string, rules: () => AttestationRules, passes: readonly string[]])[] = [
  ['signature', () => loosely(signedLoosely(['verifySignature'])), ['signature']],
  ['log content', () => loosely(signedLoosely(['compareDigest', 'compareSignature'])), ['log content']],
  ['signature and log content', () => loosely(signedLoosely(['verifySignature', 'compareDigest', 'compareSignature'])), ['signature', 'log content', 'signature and log content']],
  ['log demanded', () => demand({ logEntries: 0 }), ['log demanded']],
  ['log proof', () => loosely(() => ({ tlogEntries: [] }), { demands: () => ({ logEntries: 0, certificateLogs: 1, timestamps: 1 }) }), ['log proof', 'log demanded', 'log content']],
  ['signing time', () => loosely(atIssue), ['signing time']],
  ['authority', () => ({ ...ATTESTATION_RULES, verify: (lib, entity, root, demands) => verifyEntity(lib, entity, withRogue(root), demands) }), ['authority']],
  ['certificate log', () => demand({ certificateLogs: 0 }), ['certificate log']],
];

/** As if it had been logged the moment the certificate was issued. */
function atIssue({ timestamps, key }: SignedEntity): Partial<SignedEntity> {
  const issued = key.$case === 'certificate' ? key.certificate.notBefore.getTime() / 1000 : 0;
  return { timestamps: timestamps.map((one) => (one.$case === 'transparency-log' ? { ...one, tlogEntry: { ...one.tlogEntry, integratedTime: String(issued) } } : one)) };
}

function withRogue(root: TrustedRoot): TrustedRoot {
  const [first] = root.certificateAuthorities;
  return { ...root, certificateAuthorities: [...root.certificateAuthorities, { ...first!, certChain: { certificates: [{ rawBytes: Buffer.from(open.rogueAuthority, 'base64') }] } }] };
}

describe('no check is decoration: left out, exactly its bad cases pass', () => {
  it.each([...new Set(BAD_CLAIMS.map(({ check }) => check))])('%s', (name) => {
    const passing = [...BAD_CLAIMS, ...BAD_ALTOGETHER].map(({ what }) => what).filter((what) => judge(bundles.get(what), withoutCheck(name)) === 'accepted');
    expect(passing).toEqual(BAD_CLAIMS.filter(({ check }) => check === name).map(({ what }) => what));
  });
  it.each(WEAKENED)('%s', (_, rules, parts) => {
    const passing = [...BAD_PROOFS, ...BAD_ALTOGETHER].map(({ what }) => what).filter((what) => judge(bundles.get(what), rules()) === 'accepted');
    expect(passing).toEqual(BAD_PROOFS.filter(({ part }) => parts.includes(part)).map(({ what }) => what));
  });
  it.each([...new Set(BAD_RELEASES.flatMap(({ check }) => check ?? []))])('of a release statement: %s', (name) => {
    const passing = BAD_RELEASES.filter(({ what }) => judgeRelease(releases.get(what), withoutCheck(name)) === 'accepted');
    expect(passing.map(({ what }) => what)).toEqual(BAD_RELEASES.filter(({ check }) => check === name).map(({ what }) => what));
  });
  it('and there is a bad case for every check', () => {
    expect(new Set(BAD_CLAIMS.map(({ check }) => check))).toEqual(new Set(ATTESTATION_RULES.checks.provenance.map(({ name }) => name)));
    expect(new Set(BAD_RELEASES.flatMap(({ check }) => check ?? []))).toEqual(new Set(ATTESTATION_RULES.checks.release.map(({ name }) => name)));
    expect(new Set(BAD_PROOFS.map(({ part }) => part))).toEqual(new Set(WEAKENED.map(([part]) => part)));
  });
});
