// The keys that may have signed a release now; where the signer is known and may not, why. Pure.
import { HoldlineError } from '../../domain/errors.js';
import type { TrustKey } from '../../domain/settings.js';
import { formatKeyId, parsePublicKey, parseSignature } from '../minisign.js';
import { timeOf, usableKeys, type KeyRing, type RingKey } from './key-ring.js';

/** Throws `signature-key` when every key of the signer's id is known and none may sign. */
export function admittedKeys(ring: KeyRing, signature: Uint8Array, now: Date): readonly TrustKey[] {
  const { keyId } = parseSignature(signature);
  const usable = usableKeys(ring, now);
  const ofSigner = (key: TrustKey): boolean => parsePublicKey(key.publicKey).keyId.equals(keyId);
  const known = ring.keys.filter(ofSigner);
  const revoked = [...ring.revoked.keys()].find((publicKey) => ofSigner({ name: '', publicKey }));
  if (usable.some(ofSigner) || (known.length === 0 && revoked === undefined && usable.length > 0)) return usable;
  const [key] = known;
  throw new HoldlineError('signature-key', `cannot trust this release: ${whyNot(ring, key, revoked, formatKeyId(keyId), now)}`, {
    hint: 'See holdline keys. If the publisher changed keys, a newer release carries the signed change (holdline.keys.json); else pin the present key under trust.keys.',
    context: { signed_with: formatKeyId(keyId) },
  });
}

function whyNot(ring: KeyRing, key: RingKey | undefined, revoked: string | undefined, id: string, now: Date): string {
  const revocation = ring.revoked.get(key?.publicKey ?? revoked ?? '');
  if (revocation !== undefined) return `it is signed with ${key?.name ?? id}, which was revoked: ${revocation.reason}`;
  if (key === undefined) return 'every key this device knows is revoked or outside its time';
  if (key.purpose === 'spare') return `it is signed with the spare key ${key.name}, which signs releases only after a change of keys that names it`;
  return timeOf(key, now) === 'not-yet' ? `it is signed with ${key.name}, which is valid only from ${key.notBefore ?? ''}` : `it is signed with ${key.name}, which was valid until ${key.notAfter ?? ''}`;
}
