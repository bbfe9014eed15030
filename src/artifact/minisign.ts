// minisign's file formats and the check of a signature, with node:crypto alone. Pure.
// Must never accept a legacy (not prehashed) signature, a foreign key, or a trusted comment that was not signed.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { HoldlineError } from '../domain/errors.js';
import type { TrustKey } from '../domain/settings.js';

/** `Ed`: keys, and the legacy signatures we refuse. `ED`: signatures over BLAKE2b-512 of the message. */
export const KEY_ALGORITHM = 'Ed';
export const SIGNATURE_ALGORITHM = 'ED';
export const MAX_SIGNATURE_BYTES = 4096;

const KEY_ID_BYTES = 8;
const PUBLIC_KEY_BYTES = 2 + KEY_ID_BYTES + 32;
const SIGNATURE_BYTES = 2 + KEY_ID_BYTES + 64;
const GLOBAL_SIGNATURE_BYTES = 64;
const UNTRUSTED_PREFIX = 'untrusted comment: ';
const TRUSTED_PREFIX = 'trusted comment: ';
/** What stands before a raw ed25519 key in its DER form (RFC 8410). */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface MinisignPublicKey {
  /** 8 bytes as stored. */
  readonly keyId: Buffer;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface MinisignSignature {
  readonly untrustedComment: string;
  readonly trustedComment: string;
  readonly keyId: Buffer;
  /** 64 bytes over the prehash of the message. */
  readonly signature: Buffer;
  /** 64 bytes over signature and trusted comment. */
  readonly globalSignature: Buffer;
}

export interface VerifiedSignature { readonly trustedComment: string; readonly key: TrustKey }

/** The id as minisign prints it: little endian, sixteen hex digits. */
export function formatKeyId(keyId: Buffer): string {
  return keyId.readBigUInt64LE(0).toString(16).padStart(16, '0').toUpperCase();
}

/** What the signature covers. */
export function prehash(message: Uint8Array): Buffer {
  return createHash('blake2b512').update(message).digest();
}

/** What the global signature covers. */
export function globalMessage(signature: Uint8Array, trustedComment: string): Buffer {
  return Buffer.concat([signature, Buffer.from(trustedComment, 'utf8')]);
}

/** Either the bare base64 (`RW…`) or the text of a `.pub` file. */
export function parsePublicKey(text: string): MinisignPublicKey {
  const lines = text.trim().split(/\r?\n/);
  const encoded = lines.length === 2 && lines[0]?.startsWith(UNTRUSTED_PREFIX) === true ? lines[1] : lines.length === 1 ? lines[0] : undefined;
  const bytes = encoded === undefined ? undefined : decodeStrict(encoded.trim(), PUBLIC_KEY_BYTES);
  if (bytes === undefined || bytes.toString('latin1', 0, 2) !== KEY_ALGORITHM) {
    throw new HoldlineError('settings-invalid', 'cannot read a public key: it is not a minisign public key', {
      hint: 'A minisign public key is one line of 56 characters that starts with RW, as `holdline keygen` and `minisign -G` print it.',
    });
  }
  return { keyId: bytes.subarray(2, 10), key: bytes.subarray(10) };
}

export function formatPublicKey(key: MinisignPublicKey): string {
  return Buffer.concat([Buffer.from(KEY_ALGORITHM, 'latin1'), key.keyId, key.key]).toString('base64');
}

/** The text of a `.pub` file, as minisign writes it. */
export function formatPublicKeyFile(key: MinisignPublicKey): string {
  return `${UNTRUSTED_PREFIX}minisign public key ${formatKeyId(key.keyId)}\n${formatPublicKey(key)}\n`;
}

/** Strict: four lines, canonical base64, exact lengths, no control characters. */
export function parseSignature(content: Uint8Array): MinisignSignature {
  if (content.byteLength > MAX_SIGNATURE_BYTES) throw invalid(`it has more than ${MAX_SIGNATURE_BYTES} bytes`);
  const lines = decodeLines(content);
  const [untrusted, encoded, trusted, encodedGlobal] = lines;
  if (lines.length !== 4 || untrusted === undefined || encoded === undefined || trusted === undefined || encodedGlobal === undefined) {
    throw invalid('it does not have the four lines of a minisign signature');
  }
  if (!untrusted.startsWith(UNTRUSTED_PREFIX) || !trusted.startsWith(TRUSTED_PREFIX)) throw invalid('a comment line is missing');
  const bytes = decodeStrict(encoded, SIGNATURE_BYTES);
  const globalSignature = decodeStrict(encodedGlobal, GLOBAL_SIGNATURE_BYTES);
  if (bytes === undefined || globalSignature === undefined) throw invalid('a signature line is damaged');
  const algorithm = bytes.toString('latin1', 0, 2);
  if (algorithm === KEY_ALGORITHM) {
    throw invalid('it is a legacy signature, which holdline does not accept', 'Sign again without `minisign -l`, or with `holdline publish`.');
  }
  if (algorithm !== SIGNATURE_ALGORITHM) throw invalid('its algorithm is unknown');
  return {
    untrustedComment: untrusted.slice(UNTRUSTED_PREFIX.length), trustedComment: trusted.slice(TRUSTED_PREFIX.length),
    keyId: bytes.subarray(2, 10), signature: bytes.subarray(10), globalSignature,
  };
}

export function formatSignature(parts: MinisignSignature): string {
  const line = Buffer.concat([Buffer.from(SIGNATURE_ALGORITHM, 'latin1'), parts.keyId, parts.signature]).toString('base64');
  return `${UNTRUSTED_PREFIX}${parts.untrustedComment}\n${line}\n${TRUSTED_PREFIX}${parts.trustedComment}\n${parts.globalSignature.toString('base64')}\n`;
}

/** Checks `message` against a signature file and the pinned keys; nothing of the message may be believed before this returns. */
export function verifySignature(message: Uint8Array, signatureFile: Uint8Array, keys: readonly TrustKey[]): VerifiedSignature {
  if (keys.length === 0) {
    throw new HoldlineError('trust-key-missing', 'cannot check a signature: no public key is set', { hint: 'Put the publisher\'s public key under trust.keys in the settings.' });
  }
  const signature = parseSignature(signatureFile);
  const pinned = keys.map((trusted) => ({ trusted, ...parsePublicKey(trusted.publicKey) }));
  const candidates = pinned.filter((one) => one.keyId.equals(signature.keyId));
  if (candidates.length === 0) throw foreignKey(signature, pinned.map((one) => formatKeyId(one.keyId)));
  const digest = prehash(message);
  const signer = candidates.find((one) => verifyEd25519(one.key, digest, signature.signature));
  if (signer === undefined) {
    throw invalid('it does not belong to this content', 'The file or its signature was changed after signing. Do not install it; ask the publisher.');
  }
  if (!verifyEd25519(signer.key, globalMessage(signature.signature, signature.trustedComment), signature.globalSignature)) {
    throw invalid('its trusted comment was changed after signing', 'Do not install it; ask the publisher.');
  }
  return { trustedComment: signature.trustedComment, key: signer.trusted };
}

function verifyEd25519(key: Buffer, message: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = createPublicKey({ key: Buffer.concat([ED25519_SPKI_PREFIX, key]), format: 'der', type: 'spki' });
  return verify(null, message, publicKey, signature);
}

/** Base64 that is exactly what encoding its bytes gives; undefined for anything else. */
function decodeStrict(text: string, bytes: number): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text ? decoded : undefined;
}

/** Lines without their newline; the last newline may be missing. Bytes that are not UTF-8 and control characters are refused. */
function decodeLines(content: Uint8Array): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch (cause) {
    throw invalid('it is not text', undefined, cause);
  }
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  if (lines.some((line) => hasControlCharacter(line))) throw invalid('it has control characters');
  return lines;
}

function hasControlCharacter(line: string): boolean {
  return /\p{Cc}/u.test(line);
}

function foreignKey(signature: MinisignSignature, pinned: readonly string[]): HoldlineError {
  const theirs = formatKeyId(signature.keyId);
  return new HoldlineError('signature-key', `cannot trust this release: it is signed with key ${theirs}, but the settings pin ${pinned.join(', ')}`, {
    hint: 'If the publisher really changed the key, add the new public key under trust.keys.', context: { signed_with: theirs, pinned: pinned.join(' ') },
  });
}

const DAMAGED = 'The signature file is damaged, or not minisign\'s. Nothing was installed; ask the publisher to publish the release again.';

function invalid(why: string, hint: string = DAMAGED, cause?: unknown): HoldlineError {
  return new HoldlineError('signature-invalid', `cannot accept the signature: ${why}`, { hint, cause });
}
