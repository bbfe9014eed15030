// A new signing key as two minisign files. Must never overwrite a key: devices trust it, and it cannot be made again.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { HoldlineError, errnoOf } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Filesystem } from '../domain/ports.js';
import { formatKeyId, formatPublicKey, formatPublicKeyFile } from '../artifact/minisign.js';
import { formatSecretKey, MINISIGN_COST, SALT_BYTES, type KeyCost } from './secret-key.js';

export interface MakeKeyRequest {
  readonly secretFile: string;
  readonly publicFile: string;
  /** null leaves the secret key unencrypted. */
  readonly password: string | null;
  readonly cost?: KeyCost;
}

export interface MadeKey { /** `RW…`, one line, for `trust.keys`. */ readonly publicKey: string; readonly keyId: string; readonly files: readonly string[] }

const KEY_ID_BYTES = 8;

export function makeKey(fs: Filesystem, request: MakeKeyRequest): MadeKey {
  const { secretFile, publicFile, password, cost = MINISIGN_COST } = request;
  if (password === '') throw new HoldlineError('usage', 'cannot make a key: the password is empty', { hint: 'Give a password, or ask for a key without one (`--plain`).' });
  const { keyId, secret, publicKey } = generate();
  const text = formatSecretKey({ keyId, secret }, password, randomBytes(SALT_BYTES), cost);
  makeFolder(fs, dirname(secretFile));
  // The public file first: when this fails, no secret lies around that nobody knows of.
  writeNew(fs, publicFile, formatPublicKeyFile({ keyId, key: publicKey }), 0o644);
  try {
    writeNew(fs, secretFile, text, 0o600);
  } catch (thrown) {
    fs.remove(publicFile);
    throw thrown;
  }
  return { publicKey: formatPublicKey({ keyId, key: publicKey }), keyId: formatKeyId(keyId), files: [secretFile, publicFile] };
}

/** `--out keys/app` in a fresh folder is the usual call; others of the machine have no business there. */
function makeFolder(fs: Filesystem, folder: string): void {
  try { if (fs.stat(folder) === undefined) fs.makeDirectory(folder, 0o700); } catch (thrown) { throw explainFsError(thrown, `make the folder ${folder} for the keys`); }
}

function generate(): { keyId: Buffer; secret: Buffer; publicKey: Buffer } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const publicKey = Buffer.from(jwk.x ?? '', 'base64url');
  return { keyId: randomBytes(KEY_ID_BYTES), secret: Buffer.concat([seed, publicKey]), publicKey };
}

function writeNew(fs: Filesystem, path: string, text: string, mode: number): void {
  try {
    const file = fs.open(path, 'exclusive', mode);
    try {
      file.write(Buffer.from(text));
      file.sync();
    } finally {
      file.close();
    }
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') {
      throw new HoldlineError('usage', `cannot make a key: ${path} exists already`, { hint: 'Devices may trust the key that is there. Give another name, or move it away first.' });
    }
    throw explainFsError(thrown, `write the key file ${path}`);
  }
}
