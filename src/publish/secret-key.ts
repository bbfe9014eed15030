// minisign's secret key file: reading, writing, and the password on it (scrypt, as libsodium derives its parameters). Pure but for time.
// Must never put a secret or a password into an error.
import { scryptSync } from 'node:crypto';
import { HoldlineError } from '../domain/errors.js';
import { blake2b256 } from './blake2b-256.js';

export interface SecretKey {
  readonly keyId: Buffer;
  /** 32 bytes ed25519 seed and 32 bytes public key. */
  readonly secret: Buffer;
}

/** How hard a password is to try: minisign's own (libsodium "sensitive"), one second or so and 1 GiB. */
export interface KeyCost { readonly operations: number; readonly memory: number }
export const MINISIGN_COST: KeyCost = { operations: 33_554_432, memory: 1_073_741_824 };

const FIELDS = { kdf: 2, checksumKind: 4, salt: 6, operations: 38, memory: 46, sealed: 54, end: 158 } as const;
const SEALED = { keyId: 0, secret: 8, checksum: 72, end: 104 } as const;
const ALGORITHM = 'Ed';
const SCRYPT = 'Sc';
const NO_KDF = '\0\0';
const CHECKSUM_KIND = 'B2';
const SCRYPT_R = 8;
/** A hostile key file must not ask for more. */
const MAX_COST: KeyCost = { operations: 2 ** 28, memory: 2 ** 31 };
export const SALT_BYTES = 32;

/** @param password null for a key that is not encrypted; required for one that is */
export function parseSecretKey(text: string, password: string | null): SecretKey {
  const bytes = decode(text);
  const sealed = Buffer.from(bytes.subarray(FIELDS.sealed, FIELDS.end));
  const kdf = bytes.toString('latin1', FIELDS.kdf, FIELDS.checksumKind);
  if (kdf === SCRYPT) unseal(bytes, sealed, password);
  else if (kdf !== NO_KDF) throw unreadable('its encryption is unknown');
  const keyId = sealed.subarray(SEALED.keyId, SEALED.secret);
  const secret = sealed.subarray(SEALED.secret, SEALED.checksum);
  const checksum = sealed.subarray(SEALED.checksum, SEALED.end);
  // minisign 0.11 leaves the checksum of a key without password empty.
  const unchecked = kdf === NO_KDF && checksum.equals(Buffer.alloc(32));
  if (!unchecked && !checksum.equals(checksumOf(keyId, secret))) {
    throw new HoldlineError('usage', kdf === SCRYPT ? 'cannot read the signing key: the password is wrong' : 'cannot read the signing key: it is damaged', {
      hint: kdf === SCRYPT ? 'Try again; the password is asked for, or taken from HOLDLINE_KEY_PASSWORD.' : 'Take it from a backup.',
    });
  }
  return { keyId, secret };
}

/** Whether a password will be needed. */
export function isEncrypted(text: string): boolean {
  return decode(text).toString('latin1', FIELDS.kdf, FIELDS.checksumKind) === SCRYPT;
}

/** @param password null leaves the key unencrypted, as `minisign -W` */
export function formatSecretKey(key: SecretKey, password: string | null, salt: Buffer, cost: KeyCost = MINISIGN_COST): string {
  const bytes = Buffer.alloc(FIELDS.end);
  const sealed = Buffer.concat([key.keyId, key.secret, checksumOf(key.keyId, key.secret)]);
  bytes.write(ALGORITHM, 0, 'latin1');
  bytes.write(CHECKSUM_KIND, FIELDS.checksumKind, 'latin1');
  if (password !== null) {
    bytes.write(SCRYPT, FIELDS.kdf, 'latin1');
    salt.copy(bytes, FIELDS.salt, 0, SALT_BYTES);
    bytes.writeBigUInt64LE(BigInt(cost.operations), FIELDS.operations);
    bytes.writeBigUInt64LE(BigInt(cost.memory), FIELDS.memory);
    mask(sealed, password, salt, cost);
  }
  sealed.copy(bytes, FIELDS.sealed);
  return `untrusted comment: ${password === null ? 'minisign secret key, not encrypted' : 'minisign encrypted secret key'}\n${bytes.toString('base64')}\n`;
}

function decode(text: string): Buffer {
  const lines = text.trimEnd().split(/\r?\n/);
  const bytes = Buffer.from(lines[1] ?? '', 'base64');
  if (lines.length !== 2 || lines[0]?.startsWith('untrusted comment: ') !== true || bytes.length !== FIELDS.end || bytes.toString('latin1', 0, 2) !== ALGORITHM
    || bytes.toString('latin1', FIELDS.checksumKind, FIELDS.salt) !== CHECKSUM_KIND) throw unreadable('it is no minisign secret key');
  return bytes;
}

function unseal(bytes: Buffer, sealed: Buffer, password: string | null): void {
  if (password === null) throw new HoldlineError('usage', 'cannot read the signing key: it needs its password', { hint: 'Set HOLDLINE_KEY_PASSWORD, or run where it can be asked for.' });
  const cost = { operations: Number(bytes.readBigUInt64LE(FIELDS.operations)), memory: Number(bytes.readBigUInt64LE(FIELDS.memory)) };
  if (cost.operations > MAX_COST.operations || cost.memory > MAX_COST.memory) throw unreadable('its encryption asks for too much memory or time');
  mask(sealed, password, bytes.subarray(FIELDS.salt, FIELDS.operations), cost);
}

/** Sealing and unsealing are the same XOR. */
function mask(sealed: Buffer, password: string, salt: Buffer, cost: KeyCost): void {
  const { n, p } = scryptParameters(cost);
  const stream = scryptSync(password, salt.subarray(0, SALT_BYTES), SEALED.end, { N: n, r: SCRYPT_R, p, maxmem: 128 * SCRYPT_R * (n + p) + 2 ** 25 });
  for (const [index, byte] of stream.entries()) sealed[index] = (sealed[index] ?? 0) ^ byte;
}

/** libsodium's pickparams. */
function scryptParameters({ operations, memory }: KeyCost): { n: number; p: number } {
  const budget = Math.max(32_768, operations);
  const powerFor = (max: number): number => {
    let power = 1;
    while (power < 63 && 2 ** power <= max / 2) power += 1;
    return power;
  };
  if (budget < memory / 32) return { n: 2 ** powerFor(budget / (SCRYPT_R * 4)), p: 1 };
  const n = 2 ** powerFor(memory / (SCRYPT_R * 128));
  return { n, p: Math.max(1, Math.floor(Math.min(0x3fffffff, Math.floor(budget / 4 / n)) / SCRYPT_R)) };
}

function checksumOf(keyId: Buffer, secret: Buffer): Buffer {
  return blake2b256(Buffer.concat([Buffer.from(ALGORITHM, 'latin1'), keyId, secret]));
}

function unreadable(why: string): HoldlineError {
  return new HoldlineError('usage', `cannot read the signing key: ${why}`, { hint: 'Give the secret key file that `holdline keygen` or `minisign -G` wrote (not the .pub file).' });
}
