import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadSigstore } from '../../../src/artifact/attestation/sigstore.js';
import { demandsOf, parseTrustedRoots } from '../../../src/artifact/attestation/trusted-root.js';
import { codeOf } from '../../support/code-of.js';

const shipped = readFileSync(new URL('../../../config/trusted-roots/public-good.json', import.meta.url), 'utf8');
type Json = Record<string, unknown>;
const plain = JSON.parse(shipped) as Json & { readonly tlogs: readonly Json[]; readonly certificateAuthorities: readonly Json[] };
const changed = (change: Json): string => JSON.stringify({ ...plain, ...change });
const log = plain.tlogs[0]!;
const key = log['publicKey'] as Json;

describe('parseTrustedRoots', () => {
  it('reads the shipped root, and the library takes all of it', async () => {
    const { toTrustMaterial } = await loadSigstore();
    const [root, ...others] = parseTrustedRoots(shipped, 'public-good.json');
    expect(others).toEqual([]);
    expect(demandsOf(root!)).toEqual({ logEntries: 1, certificateLogs: 1, timestamps: 1 });
    const material = toTrustMaterial(root!);
    expect([material.certificateAuthorities.length, material.timestampAuthorities.length, material.tlogs.length, material.ctlogs.length]).toEqual([2, 1, 2, 2]);
    expect(material.tlogs.map(({ baseURL, validFor }) => [baseURL, validFor.start.toISOString()])).toEqual([
      ['https://rekor.sigstore.dev', '2021-01-12T11:53:27.000Z'], ['https://log2025-1.rekor.sigstore.dev', '2025-09-23T00:00:00.000Z'],
    ]);
    expect(material.certificateAuthorities[0]?.validFor.end.toISOString()).toBe('2022-12-31T23:59:59.999Z');
  });
  it('reads one root per line, each with its own demands', () => {
    const roots = parseTrustedRoots(`${JSON.stringify(plain)}\n\n${changed({ tlogs: [], ctlogs: [] })}\n`, 'r.jsonl');
    expect(roots.map(demandsOf)).toEqual([{ logEntries: 1, certificateLogs: 1, timestamps: 1 }, { logEntries: 0, certificateLogs: 0, timestamps: 1 }]);
  });
  it.each([
    ['nothing', ''], ['no JSON', 'trust me'], ['a list', '[]'], ['null', 'null'], ['a bundle', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'],
    ['an unknown version', changed({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.9' })],
    ['no authority', changed({ certificateAuthorities: [] })], ['neither logs nor time stampers', changed({ tlogs: [], timestampAuthorities: [] })],
    ['an authority without certificates', changed({ certificateAuthorities: [{ ...plain.certificateAuthorities[0], certChain: { certificates: [] } }] })],
    ['an authority without an age', changed({ certificateAuthorities: [{ ...plain.certificateAuthorities[0], validFor: undefined }] })],
    ['a time that is none', changed({ certificateAuthorities: [{ ...plain.certificateAuthorities[0], validFor: { start: 'soon' } }] })],
    ['a log without its id', changed({ tlogs: [{ ...log, logId: undefined }] })], ['a log without its age', changed({ tlogs: [{ ...log, publicKey: { ...key, validFor: undefined } }] })],
    ['an RSA log', changed({ tlogs: [{ ...log, publicKey: { ...key, keyDetails: 'PKCS1_RSA_PKCS1V5' } }] })],
    ['a key that is not base64', changed({ tlogs: [{ ...log, publicKey: { ...key, rawBytes: '%%%' } }] })], ['another hash', changed({ tlogs: [{ ...log, hashAlgorithm: 'SHA1' }] })],
    ['a good root and a broken one', `${JSON.stringify(plain)}\n{}`], ['too many', `${JSON.stringify(plain)}\n`.repeat(17)],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => parseTrustedRoots(text, 'r'))).toBe('attestation-root');
  });
});
