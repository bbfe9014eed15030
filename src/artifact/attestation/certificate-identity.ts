// Who signed, as the verified certificate says it: its one name and Fulcio's extensions. Pure.
// See https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md (1.3.6.1.4.1.57264.1.N; from .8 on the values are DER UTF8Strings).
import { refused } from './attestation-errors.js';
import { readOnlyUri, readUtf8String } from './read-der.js';
import type { Signer } from './sigstore.js';

const SUBJECT_ALT_NAME = '2.5.29.17';
const FULCIO = '1.3.6.1.4.1.57264.1';

const FIELDS = {
  issuer: `${FULCIO}.8`,
  runnerEnvironment: `${FULCIO}.11`,
  repositoryUri: `${FULCIO}.12`,
  repositoryRef: `${FULCIO}.14`,
  repositoryId: `${FULCIO}.15`,
  ownerId: `${FULCIO}.17`,
} as const;

/** Undefined where the certificate does not say it. */
export type CertificateIdentity = { readonly [Field in keyof typeof FIELDS]: string | undefined } & {
  /** The workflow with its ref, or a service. */
  readonly name: string | undefined;
  /** Any statement of an issuer at all, also in the old raw form (.1). */
  readonly hasIssuer: boolean;
};

export function readIdentity(signer: Signer): CertificateIdentity {
  const values = new Map<string, Buffer>();
  for (const { oid, value } of signer.identity?.oids ?? []) {
    const key = oid?.id.join('.') ?? '';
    if (values.has(key)) throw refused('attestation-certificate', `its certificate says ${key} twice`);
    values.set(key, value);
  }
  const text = (oid: string): string | undefined => {
    const value = values.get(oid);
    return value === undefined ? undefined : readUtf8String(value);
  };
  const names = values.get(SUBJECT_ALT_NAME);
  return {
    name: names === undefined ? undefined : readOnlyUri(names), hasIssuer: values.has(`${FULCIO}.1`) || values.has(FIELDS.issuer),
    issuer: text(FIELDS.issuer), runnerEnvironment: text(FIELDS.runnerEnvironment), repositoryUri: text(FIELDS.repositoryUri),
    repositoryRef: text(FIELDS.repositoryRef), repositoryId: text(FIELDS.repositoryId), ownerId: text(FIELDS.ownerId),
  };
}
