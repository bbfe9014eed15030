// Whatever byte of a good attestation changes: a coded refusal, or an attestation that still says and proves the same.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readBundle } from '../../../src/artifact/attestation/read-bundle.js';
import { loadSigstore } from '../../../src/artifact/attestation/sigstore.js';
import { parseTrustedRoots } from '../../../src/artifact/attestation/trusted-root.js';
import { verifyAttestation } from '../../../src/artifact/attestation/verify-attestation.js';
import { createAttestationWorld, EXPECTED, goodParts } from '../../support/attestation-world.js';
import { codeOf } from '../../support/code-of.js';

it('nothing is accepted that the workflow did not sign', async () => {
  const sigstore = await loadSigstore();
  const world = await createAttestationWorld('public');
  const roots = parseTrustedRoots(JSON.stringify(world.root), 'r');
  const good = Buffer.from(JSON.stringify(await world.attest({ ...goodParts(EXPECTED), witnesses: ['log', 'stamp'] })));
  const proven = (value: unknown): unknown => {
    const { entity, leaf, statement } = readBundle(sigstore, value);
    return { signature: entity.signature.signature.toString('hex'), leaf: leaf.toString('hex'), statement };
  };
  const original = proven(JSON.parse(good.toString()));
  fc.assert(fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 127 }), (at, by) => {
    const bytes = Buffer.from(good);
    bytes[at] = (bytes[at] ?? 0) ^ by;
    let value: unknown;
    try { value = JSON.parse(bytes.toString()); } catch { return; }
    const code = codeOf(() => verifyAttestation(sigstore, roots, value, EXPECTED));
    if (code === 'accepted') expect(proven(value)).toEqual(original);
    else expect(code).toMatch(/^attestation-(?!root|missing)/u);
  }), { numRuns: 150 });
});
