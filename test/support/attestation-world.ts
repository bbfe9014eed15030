// A certificate authority, logs and time stampers of our own, as sigstore's are: issues good attestations, and bad ones on request.
// Made of @sigstore/mock's parts, so that every signature in them is real.
import { createHash, generateKeyPairSync, sign, type KeyPairKeyObjectResult } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import type { ExpectedAttestation } from '../../src/artifact/attestation/attestation-checks.js';

const FULCIO = '1.3.6.1.4.1.57264.1';
const REKOR_URL = 'https://rekor.sigstore.test';
const SHA256_OID = '2.16.840.1.101.3.4.2.1';
const TSA_POLICY_OID = '1.3.6.1.4.1.57264.2';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const hash = (content: Uint8Array): Buffer => createHash('sha256').update(content).digest();
const base64 = (content: Uint8Array | ArrayBufferView): string => Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('base64');
const newKeys = (): KeyPairKeyObjectResult => generateKeyPairSync('ec', { namedCurve: 'P-256' });

export type Json = Record<string, unknown>;

/** What an attestation says and how it comes about; everything may be wrong. */
export interface AttestationParts {
  readonly name: string;
  /** `.8` -> value; undefined: not in the certificate. */
  readonly extensions: Readonly<Record<string, string | undefined>>;
  /** Extensions written as bare bytes, not as a UTF8String. */
  readonly bareExtensions?: Readonly<Record<string, string>>;
  readonly statement: Json;
  readonly payloadType?: string;
  /** When the certificate is issued, in milliseconds from now; it is valid for ten minutes. */
  readonly issuedMs?: number;
  /** When the log takes it, in milliseconds from now. */
  readonly loggedMs?: number;
  /** Issued by an authority that is not in the root, but whose certificates are logged as the others'. */
  readonly rogue?: boolean;
  readonly witnesses?: readonly ('log' | 'stamp')[];
  /** Leave the certificate out of the certificate log. */
  readonly unlogged?: boolean;
  /** Sign with another key than the certificate's. */
  readonly foreignKey?: boolean;
  /** Log another signature than the bundle's. */
  readonly otherLogBody?: boolean;
  /** Change the bundle when all is done. */
  readonly change?: (bundle: Json) => Json;
}

export interface AttestationWorld {
  /** As a trusted_root file. */
  readonly root: Json;
  attest(parts: AttestationParts): Promise<Json>;
  /** The certificate of the authority that is not in the root, base64. */
  readonly rogueAuthority: string;
}

/** `public`: logs everything, as Sigstore's public instance; `private`: only stamps the time, as GitHub's own. */
export async function createAttestationWorld(kind: 'public' | 'private'): Promise<AttestationWorld> {
  const keys = { ca: newKeys(), rogue: newKeys(), ct: newKeys(), log: newKeys(), tsa: newKeys() };
  const log = await initializeTLog(REKOR_URL, keys.log);
  const tsa = await initializeTSA(keys.tsa);
  const ctLog = await initializeCTLog(keys.ct);
  const ca = await initializeCA(keys.ca, ctLog);
  const since = { start: '2020-01-01T00:00:00Z' };
  const toLog = (baseUrl: string, key: Buffer): Json => ({
    baseUrl, hashAlgorithm: 'SHA2_256', publicKey: { rawBytes: base64(key), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: since }, logId: { keyId: base64(hash(key)) },
  });
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [{ subject: { organization: 'test', commonName: 'ca' }, uri: 'https://fulcio.test', certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] }, validFor: since }],
    timestampAuthorities: [{ subject: { organization: 'test', commonName: 'tsa' }, uri: 'https://tsa.test', certChain: { certificates: [{ rawBytes: base64(tsa.intCertificate) }, { rawBytes: base64(tsa.rootCertificate) }] }, validFor: since }],
    ...(kind === 'public' ? { tlogs: [toLog(REKOR_URL, log.publicKey)], ctlogs: [toLog('https://ctfe.test', ctLog.publicKey)] } : {}),
  };
  const attest = async (parts: AttestationParts): Promise<Json> => {
    const signer = newKeys();
    const clock = new Date(Date.now() + (parts.issuedMs ?? 0));
    // The same key is the same authority: with a clock of its own, and with or without the certificate log.
    const logged = kind === 'public' && parts.unlogged !== true;
    const issuing = await initializeCA(parts.rogue === true ? keys.rogue : keys.ca, logged ? await initializeCTLog(keys.ct, clock) : undefined, clock);
    const certificate = await issuing.issueCertificate({
      publicKey: signer.publicKey.export({ format: 'der', type: 'spki' }), subjectAltName: parts.name,
      extensions: [
        ...Object.entries(parts.extensions).flatMap(([oid, value]) => (value === undefined ? [] : [{ oid: FULCIO + oid, value }])),
        ...Object.entries(parts.bareExtensions ?? {}).map(([oid, value]) => ({ oid: FULCIO + oid, value, legacy: true })),
      ],
    });
    const payload = Buffer.from(JSON.stringify(parts.statement));
    const payloadType = parts.payloadType ?? PAYLOAD_TYPE;
    const toSign = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
    const signature = sign('sha256', toSign, parts.foreignKey === true ? newKeys().privateKey : signer.privateKey);
    const witnesses = parts.witnesses ?? [kind === 'public' ? 'log' : 'stamp'];
    const takes = parts.loggedMs === undefined ? log : await initializeTLog(REKOR_URL, keys.log, new Date(Date.now() + parts.loggedMs));
    const logBody = parts.otherLogBody === true ? Buffer.from('another signature') : signature;
    const bundle: Json = {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        certificate: { rawBytes: base64(certificate) },
        tlogEntries: witnesses.includes('log') ? [await logEntry(takes, payload, logBody)] : [],
        timestampVerificationData: { rfc3161Timestamps: witnesses.includes('stamp') ? [{ signedTimestamp: base64(await stamp(keys.tsa, signature)) }] : [] },
      },
      dsseEnvelope: { payload: base64(payload), payloadType, signatures: [{ sig: base64(signature), keyid: '' }] },
    };
    return parts.change?.(bundle) ?? bundle;
  };
  return { root, attest, rogueAuthority: base64((await initializeCA(keys.rogue)).rootCertificate) };
}

/** In whole seconds, as real stampers do: the library cannot read a fraction that ends in zero. */
async function stamp(keys: KeyPairKeyObjectResult, signature: Buffer): Promise<ArrayBufferView> {
  const stamper = await initializeTSA(keys, new Date(Math.floor(Date.now() / 1000) * 1000));
  return stamper.timestamp({ artifactHash: hash(signature), hashAlgorithmOID: SHA256_OID, nonce: 1, policyOID: TSA_POLICY_OID });
}

/** What a log answers, of the fields a bundle keeps. */
interface LogAnswer {
  readonly body: string; readonly integratedTime: number; readonly logID: string; readonly logIndex: number;
  readonly verification: { readonly signedEntryTimestamp: string; readonly inclusionProof: { readonly rootHash: string; readonly checkpoint: string } };
}

async function logEntry(log: Awaited<ReturnType<typeof initializeTLog>>, payload: Buffer, signature: Buffer): Promise<Json> {
  const proposed = {
    apiVersion: '0.0.1', kind: 'dsse',
    spec: { payloadHash: { algorithm: 'sha256', value: hash(payload).toString('hex') }, signatures: [{ signature: base64(signature), verifier: '' }] },
  };
  const entry = Object.values(await log.log(proposed) as unknown as Record<string, LogAnswer>)[0]!;
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
  return {
    logIndex: String(entry.logIndex), logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') }, kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: String(entry.integratedTime), inclusionPromise: { signedEntryTimestamp }, canonicalizedBody: entry.body,
    inclusionProof: { logIndex: '0', treeSize: '1', hashes: [], rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'), checkpoint: { envelope: proof.checkpoint } },
  };
}

export const EXPECTED: ExpectedAttestation = {
  kind: 'provenance', rootFile: null, issuer: 'https://token.actions.githubusercontent.com', server: 'https://github.com', workflow: '.github/workflows/release.yml',
  repositoryId: '123456789', ownerId: '1234567', repo: 'acme/monitoring', tag: 'v1.2.3', sha256: 'ab'.repeat(32),
};

/** The attestation that `expected` describes. */
export function goodParts(expected: ExpectedAttestation, otherSubjects: readonly Json[] = []): AttestationParts {
  const uri = `${expected.server}/${expected.repo}`;
  const ref = `refs/tags/${expected.tag}`;
  return {
    name: `${uri}/${expected.workflow}@${ref}`,
    extensions: {
      '.8': expected.issuer, '.9': `${uri}/${expected.workflow}@${ref}`, '.11': 'github-hosted', '.12': uri, '.14': ref, '.15': expected.repositoryId,
      '.16': uri.slice(0, uri.lastIndexOf('/')), '.17': expected.ownerId, '.20': 'push',
    },
    bareExtensions: { '.1': expected.issuer, '.6': ref },
    statement: statementOf('https://slsa.dev/provenance/v1', [...otherSubjects, { name: 'app.tar.gz', digest: { sha256: expected.sha256 } }], {
      buildDefinition: { buildType: 'https://actions.github.io/buildtypes/workflow/v1', externalParameters: { workflow: { ref, repository: uri, path: expected.workflow } } },
    }),
  };
}

/** GitHub's own statement about an immutable release. */
export function goodReleaseParts(expected: ExpectedAttestation): AttestationParts {
  const { repo, tag, repositoryId, ownerId } = expected;
  return {
    name: 'https://dotcom.releases.github.com', extensions: {},
    statement: statementOf('https://in-toto.io/attestation/release/v0.2', [
      { uri: `pkg:github/${repo}@${tag}`, digest: { sha1: '00'.repeat(20) } }, { name: 'app.tar.gz', digest: { sha256: expected.sha256 } },
    ], { repository: repo, repositoryId, ownerId, tag, databaseId: '1', purl: `pkg:github/${repo}@${tag}` }),
  };
}

export const statementOf = (predicateType: string, subject: readonly Json[], predicate: Json): Json => ({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate });
