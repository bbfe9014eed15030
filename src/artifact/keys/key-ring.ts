// Which keys count: the settings' keys, changed by signed statements, each proven by a key that counted before it. Pure.
// It must never trust a key that no chain from the settings vouches for, never take a revoked one back, and never let a
// release key (which may be stolen) put out a spare.
import { HoldlineError } from '../../domain/errors.js';
import type { AcceptedStatement, KeyStatement, SignedStatement } from '../../domain/keys.js';
import type { TrustKey } from '../../domain/settings.js';
import { formatKeyId, parsePublicKey, parseSignature, verifySignature } from '../minisign.js';
import { badStatement, MAX_STATEMENT_SIGNATURES, parseKeyStatement, statementComment } from './key-statement.js';

export interface RingKey extends TrustKey {
  readonly purpose: 'release' | 'spare';
  /** Serial of the statement that brought it; null: the settings. */
  readonly from: number | null;
}

export interface Revocation { readonly reason: string; readonly serial: number }

export interface KeyRing {
  readonly repo: string;
  readonly keys: readonly RingKey[];
  /** By public key. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  /** Of the newest statement that counted; 0 for none. */
  readonly serial: number;
  readonly text: string | null;
}

export interface Admitted { readonly ring: KeyRing; readonly statement: KeyStatement; /** Names of the keys that vouched. */ readonly vouchedBy: readonly string[] }

/** A thief's serial must not use up all numbers: one statement may go only so far ahead. */
export const MAX_SERIAL_STEP = 1000;

export function pinnedRing(repo: string, pinned: readonly TrustKey[]): KeyRing {
  return { repo, keys: pinned.map((key) => ({ ...key, purpose: key.purpose ?? 'release', from: null })), revoked: new Map(), serial: 0, text: null };
}

/** Statements that no longer follow from the settings (their keys were changed by a person) count for nothing; `onSkipped` hears why. */
export function buildKeyRing(repo: string, pinned: readonly TrustKey[], accepted: readonly AcceptedStatement[], onEach?: (statement: AcceptedStatement, admitted: Admitted | HoldlineError) => void): KeyRing {
  let ring = pinnedRing(repo, pinned);
  for (const statement of accepted) {
    try {
      const admitted = admitStatement(ring, statement, new Date(statement.at));
      onEach?.(statement, admitted);
      ({ ring } = admitted);
    } catch (thrown) {
      if (!(thrown instanceof HoldlineError)) throw thrown;
      onEach?.(statement, thrown);
    }
  }
  return ring;
}

/** Throws `key-statement`. @param at when it is judged: the validity of the vouching keys */
export function admitStatement(ring: KeyRing, signed: SignedStatement, at: Date): Admitted {
  const statement = parseKeyStatement(signed.text);
  if (statement.repo.toLowerCase() !== ring.repo.toLowerCase()) throw badStatement(`it is for ${statement.repo}, not for ${ring.repo}`);
  if (statement.serial <= ring.serial) throw badStatement(`its serial number is ${statement.serial}, and ${ring.serial} is known already`, 'An older statement is never taken back; ask the publisher for the present one.');
  if (statement.serial > ring.serial + MAX_SERIAL_STEP) throw badStatement(`its serial number ${statement.serial} is more than ${MAX_SERIAL_STEP} above ${ring.serial}`);
  const vouching = usableKeys(ring, at, ['release', 'spare']);
  const signers = signed.signatures.slice(0, MAX_STATEMENT_SIGNATURES).flatMap((text) => signerOf(statement, signed.text, text, vouching));
  const vouchers = vouching.filter((key) => signers.includes(key.publicKey));
  if (vouchers.length === 0) {
    throw badStatement('no key that this device trusts has signed it', 'A device that slept through an earlier change needs a statement that one of its own keys has signed too; else pin the present key in the settings.');
  }
  const bySpare = vouchers.some((key) => key.purpose === 'spare');
  assertKeys(ring, statement, signers, at);
  assertRevocations(ring, statement, bySpare);
  const revoked = new Map([...ring.revoked, ...statement.revoked.filter(({ key }) => !ring.revoked.has(key)).map(({ key, reason }) => [key, { reason, serial: statement.serial }] as const)]);
  const introduced = statement.keys.map((key): RingKey => ({
    name: key.name, publicKey: key.key, purpose: 'release', from: statement.serial,
    ...(key.not_before === null ? {} : { notBefore: key.not_before }), ...(key.not_after === null ? {} : { notAfter: key.not_after }),
  }));
  const next: KeyRing = { repo: ring.repo, keys: [...ring.keys.filter(({ from }) => from === null), ...introduced], revoked, serial: statement.serial, text: signed.text };
  if (!next.keys.some(({ publicKey }) => !revoked.has(publicKey))) throw badStatement('it would leave this device without any key');
  return { ring: next, statement, vouchedBy: [...new Set(vouchers.map(({ name }) => name))] };
}

/** Keys of these purposes that are neither revoked nor outside their time. */
export function usableKeys(ring: KeyRing, at: Date, purposes: readonly RingKey['purpose'][] = ['release']): readonly RingKey[] {
  return ring.keys.filter((key) => purposes.includes(key.purpose) && !ring.revoked.has(key.publicKey) && timeOf(key, at) === 'valid');
}

export function timeOf(key: TrustKey, at: Date): 'valid' | 'not-yet' | 'expired' {
  if (key.notBefore !== undefined && at.getTime() < Date.parse(key.notBefore)) return 'not-yet';
  return key.notAfter !== undefined && at.getTime() >= Date.parse(key.notAfter) ? 'expired' : 'valid';
}

/** The public key whose signature this is, among the keys that could count; none for a stranger's. A bad one of ours is refused. */
function signerOf(statement: KeyStatement, text: string, signatureText: string, vouching: readonly TrustKey[]): string[] {
  const bytes = Buffer.from(signatureText);
  const { keyId } = parseSignature(bytes);
  const named: TrustKey[] = statement.keys.map(({ name, key }) => ({ name, publicKey: key }));
  const candidates = [...vouching, ...named].filter((key) => parsePublicKey(key.publicKey).keyId.equals(keyId));
  if (candidates.length === 0) return [];
  const { trustedComment, key } = verifySignature(Buffer.from(text), bytes, candidates);
  if (trustedComment !== statementComment(statement)) throw badStatement(`the signature of ${formatKeyId(keyId)} was made for something else (${JSON.stringify(trustedComment)})`);
  return [key.publicKey];
}

/** A key that signs releases from now on has signed this too: whoever holds it agrees, and nobody mistyped it. */
function assertKeys(ring: KeyRing, statement: KeyStatement, signers: readonly string[], at: Date): void {
  const usable = new Set(usableKeys(ring, at).map(({ publicKey }) => publicKey));
  for (const { name, key } of statement.keys) {
    if (ring.revoked.has(key)) throw badStatement(`it brings back ${JSON.stringify(name)}, which was revoked (${ring.revoked.get(key)?.reason ?? ''})`);
    if (!usable.has(key) && !signers.includes(key)) throw badStatement(`the new key ${JSON.stringify(name)} has not signed it`);
  }
}

function assertRevocations(ring: KeyRing, statement: KeyStatement, bySpare: boolean): void {
  const spares = ring.keys.filter(({ purpose }) => purpose === 'spare');
  const spare = spares.find(({ publicKey }) => !ring.revoked.has(publicKey) && statement.revoked.some(({ key }) => key === publicKey));
  if (spare !== undefined && !bySpare) throw badStatement(`it revokes the spare key ${JSON.stringify(spare.name)}, but no spare key has signed it`);
}
