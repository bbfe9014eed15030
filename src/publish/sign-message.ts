// A minisign signature over a message: prehashed, with a trusted comment that is signed too. Pure.
import { createPrivateKey, sign } from 'node:crypto';
import { formatSignature, globalMessage, prehash } from '../artifact/minisign.js';
import type { SecretKey } from './secret-key.js';

const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/** The text of a `.minisig` file. The same message and comment give the same bytes. */
export function signMessage(key: SecretKey, message: Uint8Array, trustedComment: string): string {
  const privateKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8_PREFIX, key.secret.subarray(0, SEED_BYTES)]), format: 'der', type: 'pkcs8' });
  const signature = sign(null, prehash(message), privateKey);
  const globalSignature = sign(null, globalMessage(signature, trustedComment), privateKey);
  return formatSignature({ untrustedComment: 'signature from holdline publish', trustedComment, keyId: key.keyId, signature, globalSignature });
}
